"""The dataset card: what `datasets` loads by, and what a person must know."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.exports.arrow import features
from shared.exports.escapes import markdown, yaml_value
from shared.exports.licences import license_id
from shared.exports.model import Summary

_SIZES: Final = (
    (10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)  # fmt: skip
_SPLIT_NAMES: Final = {"train": "train", "val": "validation", "test": "test"}


def dataset_card(
    summary: Summary, data_files: Mapping[str, str], *, loads: str, columns: bool
) -> str:
    """README.md. ``data_files`` are patterns by split, ``loads`` the lines that load the dataset;
    ``columns`` says whether `datasets` finds our table in it."""
    return f"---\n{_yaml(_front_matter(summary, data_files, columns=columns))}---\n" + _body(
        summary, loads
    )


def _front_matter(
    summary: Summary, data_files: Mapping[str, str], *, columns: bool
) -> dict[str, Any]:
    codes = sorted(summary.figures.licenses)
    license_ = license_id(codes)
    told: dict[str, Any] = {"pretty_name": summary.name, "license": license_}
    if license_ == "other":
        told |= {"license_name": ", ".join(codes), "license_link": "LICENSES.md"}
    told |= {
        "size_categories": [_size_category(summary.images)],
        "task_categories": ["image-classification"],
        "annotations_creators": ["machine-generated"],
        "tags": ["pixcrawler"],
    }
    if data_files:
        told["configs"] = [
            {
                "config_name": "default",
                "data_files": [
                    {"split": _SPLIT_NAMES[split], "path": path}
                    for split, path in data_files.items()
                ],
            }
        ]
    if columns:
        told["dataset_info"] = {
            "features": [_feature(*each) for each in features(summary.labels, images=True).items()],
            "splits": [
                {
                    "name": _SPLIT_NAMES[split],
                    "num_bytes": summary.figures.bytes[split],
                    "num_examples": images,
                }
                for split, images in summary.splits.items()
            ],
            "dataset_size": sum(summary.figures.bytes.values()),
        }
    return told


def _feature(name: str, feature: Mapping[str, Any]) -> dict[str, Any]:
    """As the Hub writes it: https://github.com/huggingface/hub-docs, datasetcard.md."""
    if feature["_type"] == "ClassLabel":
        names = {str(number): label for number, label in enumerate(feature["names"])}
        return {"name": name, "dtype": {"class_label": {"names": names}}}
    return {"name": name, "dtype": feature.get("dtype", "image")}


def _size_category(images: int) -> str:
    return next((name for limit, name in _SIZES if images < limit), "10M<n<100M")


def _yaml(value: Mapping[str, Any]) -> str:
    """A mapping, one line an entry."""
    return "".join(f"{name}: {yaml_value(content)}\n" for name, content in value.items())


def _body(summary: Summary, loads: str) -> str:
    return f"""
# {markdown(summary.name)}

{summary.images} images of {len(summary.labels)} labels, found on the web by keywords, checked,
deduplicated and labelled by PixCrawler. This is version
{summary.number} ({summary.version}) of dataset {summary.dataset_id}, of
{summary.created_at:%d %B %Y}; its hash is `{summary.hash}`.

```python
{loads}
```

## What is in it

{_table("label", list(summary.splits), _by_label(summary))}

## How it was made

Searched for: {", ".join(map(markdown, summary.keywords))}. The label of an image is what it was
searched for, or what a person has said since; nobody has looked at all of them. Found at:
{_listed(summary.figures.sources)}. Their terms apply to what is done with the images.

Every file was decoded and measured; broken, tiny and equal ones were left out, and pictures that
resemble each other are never in two splits. Left out of this version: {_listed(summary.left_out)}.

## Licences

{_listed(summary.figures.of_license)}. LICENSES.md tells what
they are and what proves them, ATTRIBUTION.md whom to credit for each file.

## Personal data, and limits

People may be seen in the images, and names stand in titles and credits. Locations were removed
unless the job asked to keep them. The images are what a few sites hold and rank first: they are not
a fair sample of the world. A label may be wrong, a licence misstated, and an image may have been
withdrawn from its site since.
"""


def _by_label(summary: Summary) -> dict[str, list[int]]:
    return {
        label: [summary.counts[split].get(label, 0) for split in summary.splits]
        for label in summary.labels
    }


def _table(corner: str, columns: Sequence[str], rows: Mapping[str, Sequence[int]]) -> str:
    lines = [f"| {corner} | {' | '.join(columns)} |", "| --- |" + " --- |" * len(columns)]
    lines += [f"| {markdown(name)} | {' | '.join(map(str, row))} |" for name, row in rows.items()]
    return "\n".join(lines)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{markdown(name)} ({count})" for name, count in counts.items()) or "nothing"
