"""BagIt (RFC 8493): a folder that says what must be in it."""

from shared.exports.model import Summary


class Bag:
    """The files that make a folder a bag, made while the files below its ``data/`` are told."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self._files = 0
        self._bytes = 0

    def add(self, name: str, size: int, sha256: str) -> bytes:
        """The line that ``manifest-sha256.txt`` has for a file."""
        self._files += 1
        self._bytes += size
        return f"{sha256}  data/{_encoded(name)}\n".encode()

    def end(self) -> dict[str, bytes]:
        """The files beside the manifest, by name."""
        summary = self._summary
        info = (
            f"Bagging-Date: {summary.created_at:%Y-%m-%d}\n"
            f"External-Identifier: dataset {summary.dataset_id}, version {summary.number}\n"
            f"Payload-Oxum: {self._bytes}.{self._files}\n"
        )
        return {
            "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            "bag-info.txt": info.encode(),
        }


def _encoded(name: str) -> str:
    """A path in a manifest: line ends and the percent sign are escaped (2.1.3)."""
    return name.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
