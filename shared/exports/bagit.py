"""BagIt (RFC 8493): a folder that says what must be in it."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.exports.model import Summary


@dataclass(frozen=True, slots=True)
class Payload:
    """A file below the bag's ``data/``."""

    name: str
    bytes: int
    sha256: str


def bag_files(payload: Iterable[Payload], summary: Summary) -> dict[str, bytes]:
    """The files that make a folder with this payload a bag, by name."""
    count, size, lines = 0, 0, []
    for file in payload:
        count, size = count + 1, size + file.bytes
        lines.append(f"{file.sha256}  data/{_encoded(file.name)}\n")
    info = (
        f"Bagging-Date: {summary.created_at:%Y-%m-%d}\n"
        f"External-Identifier: dataset {summary.dataset_id}, version {summary.number}\n"
        f"Payload-Oxum: {size}.{count}\n"
    )
    return {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": info.encode(),
        "manifest-sha256.txt": "".join(lines).encode(),
    }


def _encoded(name: str) -> str:
    """A path in a manifest: line ends and the percent sign are escaped (2.1.3)."""
    return name.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
