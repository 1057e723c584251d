"""Croissant 1.1: the dataset as machines read it.

https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html, and the fields of its extension
on responsible AI: https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.exports.licences import license_id
from shared.exports.model import Summary
from shared.exports.table import COLUMNS, Column, Kind

TABLE: Final = "images.jsonl"
MEDIA_TYPES: Final = {
    "zip": "application/zip", "tar": "application/x-tar", "parquet": "application/x-parquet",
    "zst": "application/zstd", "jsonl": "application/jsonlines",
}  # fmt: skip
# The specification's own context: https://mlcommons.org/croissant/1.1.
_CONTEXT: Final[dict[str, Any]] = {
    "@language": "en", "@vocab": "https://schema.org/", "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs", "column": "cr:column", "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn", "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/", "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"}, "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract",
    "field": "cr:field", "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet", "format": "cr:format", "includes": "cr:includes",
    "isArray": "cr:isArray", "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath",
    "key": "cr:key", "md5": "cr:md5", "name": {"@container": "@language"},
    "parentField": "cr:parentField", "path": "cr:path", "recordSet": "cr:recordSet",
    "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated",
    "replace": "cr:replace", "samplingRate": "cr:samplingRate", "sc": "https://schema.org/",
    "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField",
    "transform": "cr:transform",
}  # fmt: skip
_TYPES: Final[dict[Kind, str]] = {"text": "sc:Text", "integer": "sc:Integer", "label": "sc:Text"}
_NAME: Final = Column("file_name", "text", "The file's place in its archive.")
_SPLITS: Final = {
    "train": "cr:TrainingSplit", "val": "cr:ValidationSplit", "test": "cr:TestSplit",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of an export."""

    name: str
    bytes: int
    sha256: str

    @property
    def media_type(self) -> str:
        """Its media type, told from its name."""
        return MEDIA_TYPES.get(self.name.rpartition(".")[2], "application/octet-stream")


def croissant(
    summary: Summary, files: Sequence[ExportFile], *, extensions: Sequence[str], home: str
) -> str:
    """croissant.json of an export. ``files`` are those with images, and the table ``images.jsonl``
    unless the images are in Parquet; ``home`` is the dataset's address."""
    licenses = sorted(summary.figures.licenses)
    told = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": summary.name,
        "description": f"{summary.images} images of {len(summary.labels)} labels: "
        + ", ".join(summary.labels),
        "license": license_id(licenses) if len(licenses) == 1 else licenses,
        "url": home,
        "creator": {"@type": "sc:Organization", "name": "PixCrawler"},
        "datePublished": f"{summary.created_at:%Y-%m-%d}",
        "version": summary.version,
        "citeAs": f"{summary.name}, version {summary.version}, PixCrawler, "
        f"{summary.created_at:%Y}. {home}",
        **_responsible(summary),
        "distribution": _distribution(files, extensions),
        "recordSet": [_splits(summary), _labels(summary), _images(files)],
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def _responsible(summary: Summary) -> dict[str, Any]:
    sources = ", ".join(summary.figures.sources)
    return {
        "rai:dataCollection": f"Images that {sources} give for the keywords "
        + ", ".join(summary.keywords),
        "rai:dataCollectionType": ["Web Scraping", "Web API"],
        "rai:dataCollectionTimeFrame": [f"{summary.created_at:%Y-%m-%d}"],
        "rai:dataPreprocessingProtocol": [
            "Files that are broken, too small or of equal bytes were left out.",
            "Pictures that resemble each other were found by a perceptual hash of 64 bits.",
        ],
        "rai:personalSensitiveInformation": [
            "People may be seen in the images, and names stand in titles and credits."
        ],
        "rai:dataBiases": ["What a few sites hold and rank first is no fair sample of the world."],
        "rai:dataLimitations": ["Labels are what was searched for; few were looked at."],
        "rai:dataReleaseMaintenancePlan": "Versions never change; what was withdrawn is not in the "
        "next one.",
    }


def _distribution(files: Sequence[ExportFile], extensions: Sequence[str]) -> list[dict[str, Any]]:
    objects: list[dict[str, Any]] = [
        {
            "@type": "cr:FileObject",
            "@id": file.name,
            "name": file.name,
            "contentUrl": file.name,
            "contentSize": f"{file.bytes} B",
            "encodingFormat": file.media_type,
            "sha256": file.sha256,
        }
        for file in files
    ]
    if archives := _archives(files):
        # mlcroissant decodes images of a set that is called JPEG, whatever they are.
        types = {"jpg": "image/jpeg"} | {e: f"image/{e}" for e in extensions if e != "jpg"}
        objects.append(
            {
                "@type": "cr:FileSet",
                "@id": "image-files",
                "name": "image-files",
                "containedIn": [{"@id": file.name} for file in archives],
                "encodingFormat": list(types.values()),
                "includes": [f"*.{extension}" for extension in extensions],
            }
        )
    elif _of_type(files, "application/x-parquet"):
        objects.append(
            {
                "@type": "cr:FileSet",
                "@id": "tables",
                "name": "tables",
                "encodingFormat": "application/x-parquet",
                "includes": ["*.parquet"],
            }
        )
    return objects


def _splits(summary: Summary) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"},
            {"@type": "cr:Field", "@id": "splits/url", "name": "url", "dataType": "sc:URL"},
        ],
        "data": [{"splits/name": split, "splits/url": _SPLITS[split]} for split in summary.splits],
    }


def _labels(summary: Summary) -> dict[str, Any]:
    fields = (("number", "sc:Integer"), ("name", "sc:Text"))
    return {
        "@type": "cr:RecordSet",
        "@id": "labels",
        "name": "labels",
        "dataType": "sc:Enumeration",
        "key": {"@id": "labels/number"},
        "field": [
            {"@type": "cr:Field", "@id": f"labels/{name}", "name": name, "dataType": data_type}
            for name, data_type in fields
        ],
        "data": [
            {"labels/number": number, "labels/name": label}
            for number, label in enumerate(summary.labels)
        ],
    }


def _images(files: Sequence[ExportFile]) -> dict[str, Any]:
    in_tables = bool(_of_type(files, "application/x-parquet"))
    source: dict[str, Any] = (
        {"fileSet": {"@id": "tables"}} if in_tables else {"fileObject": {"@id": TABLE}}
    )
    fields = [_field(column, source) for column in COLUMNS]
    if in_tables:
        extract = {"extract": {"column": "image"}, "transform": {"jsonPath": "bytes"}}
        fields.append(_image({**source, **extract}))
        fields[0] |= {"dataType": "sc:Integer", "references": {"field": {"@id": "labels/number"}}}
    elif _archives(files):
        archived: dict[str, Any] = {"fileSet": {"@id": "image-files"}}
        name = _field(_NAME, source)
        # The archives' files are joined with the table's rows by their paths.
        name["references"] = name["source"]
        name["source"] = archived | {"extract": {"fileProperty": "fullpath"}}
        fields.insert(0, name)
        fields.append(_image(archived | {"extract": {"fileProperty": "content"}}))
    else:
        fields.insert(0, _field(_NAME, source))
    return {
        "@type": "cr:RecordSet",
        "@id": "images",
        "name": "images",
        "description": "One record an image.",
        "key": {"@id": "images/original_sha256"},
        "field": fields,
    }


def _field(column: Column, source: dict[str, Any]) -> dict[str, Any]:
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"images/{column.name}",
        "name": column.name,
        "description": column.description,
        "dataType": _TYPES[column.kind],
        "source": {**source, "extract": {"column": column.name}},
    }
    if column.name == "split":
        field["references"] = {"field": {"@id": "splits/name"}}
    return field


def _image(source: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:Field", "@id": "images/image", "name": "image",
        "description": "The image itself.", "dataType": "sc:ImageObject", "source": source,
    }  # fmt: skip


def _archives(files: Sequence[ExportFile]) -> list[ExportFile]:
    """Those that readers of Croissant can unpack."""
    return _of_type(files, "application/zip") + _of_type(files, "application/x-tar")


def _of_type(files: Sequence[ExportFile], media_type: str) -> list[ExportFile]:
    return [file for file in files if file.media_type == media_type]
