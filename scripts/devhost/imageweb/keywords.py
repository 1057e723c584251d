"""The keywords of the image web and the emoji and photographs that picture them.

The pictures are the 3D emoji of the npm package `@lobehub/fluent-emoji-3d`; which of them show
a cat says the annotation data of the npm package `openmoji`. No picture has two keywords.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

# keyword: what to look for, as "=subgroup" or as a pattern of the annotation; the first keyword
# that wants an emoji gets it, so the narrow ones come first.
KEYWORDS: Final[dict[str, tuple[str, ...]]] = {
    "cat": ("=cat-face", r"cat\b.*", "black cat"),
    "dog": (r"dog\b.*", "poodle", "wolf", "guide dog", "service dog"),
    "monkey": ("=monkey-face", "monkey", "gorilla", "orangutan"),
    "horse": (r"horse\b.*", "unicorn", "zebra", "racehorse", "donkey"),
    "bear": ("bear", "polar bear", "panda", "koala", "teddy bear"),
    "rodent": (r"mouse( face)?", "rat", "hamster", "rabbit.*", "chipmunk", "beaver", "hedgehog"),
    "cattle": (r"cow( face)?", "ox", "water buffalo", "bison", "goat", "ewe", "ram", "pig.*",
               "boar"),
    "big mammal": ("elephant", "mammoth", "rhinoceros", "hippopotamus", "giraffe", "camel.*",
                   "two-hump camel", "llama", "deer", "moose", "kangaroo"),
    "bird": ("=animal-bird",),
    "sea animal": ("=animal-marine",),
    "reptile": ("=animal-reptile", "=animal-amphibian"),
    "insect": ("=animal-bug",),
    "flower": ("=plant-flower",),
    "tree": ("=plant-other",),
    "fruit": ("=food-fruit",),
    "vegetable": ("=food-vegetable",),
    "bread": ("bread", "croissant", "baguette bread", "flatbread", "pretzel", "bagel",
              "pancakes", "waffle", "sandwich", "stuffed flatbread"),
    "meal": ("=food-prepared",),
    "sushi": ("=food-asian",),
    "dessert": ("=food-sweet",),
    "drink": ("=drink", "=dishware"),
    "building": ("=place-building", "=place-religious"),
    "bus": ("bus", "oncoming bus", "trolleybus", "minibus", "police car", "oncoming police car",
            "ambulance", "fire engine", "delivery truck", "articulated lorry", "tractor"),
    "train": (".*train.*", "locomotive", "railway car", "metro", "light rail", "tram.*",
              "monorail", "station", "mountain railway", "railway track"),
    "car": ("automobile", "oncoming automobile", ".*taxi", "sport utility vehicle",
            "pickup truck", "racing car"),
    "bicycle": ("bicycle", "motorcycle", "motor scooter", "kick scooter", "auto rickshaw",
                "skateboard", "roller skate"),
    "airplane": ("=transport-air",),
    "ship": ("=transport-water", "anchor", "ring buoy"),
    "clock": ("=time",),
    "weather": ("=sky-weather",),
    "ball": ("soccer ball", "baseball", "softball", "basketball", "volleyball", "american football",
             "rugby football", "tennis", "bowling", "pool 8 ball", "crystal ball", "yarn"),
    "sport": ("=sport", "=award-medal"),
    "game": ("=game", "=arts-crafts"),
    "party": ("=event",),
    "hat": (r".*\bhat\b.*", "billed cap", "crown", "graduation cap", "military helmet",
            "rescue worker’s helmet"),
    "shoe": (".*shoe.*", ".*boot.*", ".*sandal.*", ".*sneaker.*", "socks", "thong sandal"),
    "clothes": ("=clothing",),
    "instrument": ("=musical-instrument", "=music", "=sound"),
    "computer": ("=computer", "=phone", "=light-video"),
    "book": ("=book-paper", "=writing"),
    "money": ("=money",),
    "mail": ("=mail", "=office"),
    "tool": ("=tool", "=lock", "=science", "=medical"),
    "household": ("=household",),
    "smiley": ("=face-smiling", "=face-affection", "=face-tongue", "=face-hat", "=face-glasses"),
    "heart": ("=heart",),
    "athlete": ("=person-sport",),
    "worker": ("=person-role",),
}  # fmt: skip

# Photographs that come with scikit-image and scikit-learn, each under the keyword it shows.
PHOTOGRAPHS: Final = {
    "cat": ("chelsea.png",),
    "drink": ("coffee.png",),
    "airplane": ("rocket.jpg",),
    "bicycle": ("motorcycle_left.png",),
    "money": ("coins.png",),
    "building": ("china.jpg",),
    "flower": ("flower.jpg",),
    "worker": ("astronaut.png",),
    "weather": ("hubble_deep_field.jpg", "moon.png"),
    "clock": ("clock_motion.png",),
    "book": ("page.png", "text.png"),
    "computer": ("camera.png",),
}


@dataclass(frozen=True)
class Subject:
    """What a picture shows: an emoji or a photograph."""

    title: str
    tags: tuple[str, ...]
    file: str
    photograph: bool = False


def subjects(packages: Path) -> dict[str, list[Subject]]:
    """What there is to be pictured, by keyword; `packages` is the `node_modules`."""
    assets = packages / "@lobehub" / "fluent-emoji-3d" / "assets"
    files = {path.stem: path.name for path in assets.iterdir()}
    entries = json.loads((packages / "openmoji" / "data" / "openmoji.json").read_bytes())
    found: dict[str, list[Subject]] = {
        keyword: [
            Subject(_words(name), (_words(name).lower(), "photograph"), name, photograph=True)
            for name in PHOTOGRAPHS.get(keyword, ())
        ]
        for keyword in KEYWORDS
    }
    for entry in entries:
        file = _file(entry["hexcode"], files)
        keyword = _keyword(entry)
        if keyword and file and not entry["skintone"]:
            tags = tuple(tag.strip() for tag in entry["tags"].split(",") if tag.strip())
            found[keyword].append(Subject(entry["annotation"].capitalize(), tags[:8], file))
    return found


def _keyword(entry: dict[str, Any]) -> str | None:
    for keyword, wanted in KEYWORDS.items():
        for pattern in wanted:
            if pattern.startswith("="):
                if entry["subgroups"] == pattern[1:]:
                    return keyword
            elif entry["subgroups"] and re.fullmatch(pattern, entry["annotation"]):
                return keyword
    return None


def _file(hexcode: str, files: dict[str, str]) -> str | None:
    code = hexcode.lower()
    return files.get(code) or files.get(code.replace("-fe0f", ""))


def _words(name: str) -> str:
    return name.partition(".")[0].replace("_", " ").capitalize()
