"""Opens exports with what people train with; runs in an environment of its own.

``read_training.py FOLDER OUT``: below FOLDER the exports `imagefolder`, `yolo`, `stored` and
`encoded`, unpacked, and `webdataset`. OUT is written: by reader, the rows that it found, with
``split``, ``label`` and ``sha256``; how YOLO ended a training; of `stored` and `encoded` how many
images torchvision finds.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import wids
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder
from ultralytics import YOLO

FOLDER, OUT = Path(sys.argv[1]), Path(sys.argv[2])
SPLITS = ("train", "val", "test")


def of_torchvision(path: Path) -> list[dict[str, Any]]:
    """Every sample as `ImageFolder` gives it, all decoded by a loader with workers."""
    found = []
    shape = transforms.Compose([transforms.Resize((32, 32)), transforms.ToTensor()])
    for split in SPLITS:
        dataset = ImageFolder(str(path / split), transform=shape)
        loaded = sum(len(labels) for _, labels in DataLoader(dataset, batch_size=8, num_workers=1))
        assert loaded == len(dataset)
        for name, number in dataset.samples:
            digest = hashlib.sha256(Path(name).read_bytes()).hexdigest()
            found.append({"split": split, "folder": dataset.classes[number], "sha256": digest})
    return found


def of_wids(path: Path) -> list[dict[str, Any]]:
    """Every sample of the index as `wids` gives it, by its place."""
    index = json.loads((path / "wids.json").read_text())
    shards = [{**shard, "url": str(path / shard["url"])} for shard in index["shardlist"]]
    dataset = wids.ShardListDataset(shards, cache_dir=str(OUT.parent / "wids"), keep=True)
    found = []
    for place in range(len(dataset)):
        sample = dataset[place]
        told = sample[".json"]
        assert sample[".jpg"].size == (told["width"], told["height"])
        found.append({name: told[name] for name in ("split", "label", "original_sha256")})
    return found


def train_yolo(path: Path) -> dict[str, Any]:
    """A training of one round on the folder; the classes that the model has then."""
    model = YOLO("yolo11n-cls.yaml")
    model.train(
        data=str(path), epochs=1, imgsz=32, batch=4, workers=0, device="cpu", plots=False,
        project=str(OUT.parent / "yolo"), verbose=False,
    )  # fmt: skip
    return {"classes": sorted(model.names.values())}


def main() -> None:
    """Opens everything."""
    found = {
        "torchvision imagefolder": of_torchvision(FOLDER / "imagefolder"),
        "torchvision yolo": of_torchvision(FOLDER / "yolo"),
        "wids": of_wids(FOLDER / "webdataset"),
        "yolo": train_yolo(FOLDER / "yolo"),
        **{name: len(ImageFolder(str(FOLDER / name / "train"))) for name in ("stored", "encoded")},
    }
    OUT.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
