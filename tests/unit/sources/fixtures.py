"""Answers in the form of the public APIs, written from their documentation (no live recordings).

https://api.openverse.org/v1/ and https://www.mediawiki.org/wiki/API:Imageinfo
"""

from typing import Any

OPENVERSE: dict[str, Any] = {
    "result_count": 240,
    "page_count": 12,
    "page_size": 20,
    "page": 1,
    "results": [
        {
            "id": "c9f3a8a2-6a5e-4d47-9a3c-0c7b8f3c3c11",
            "title": "Tabby cat",
            "indexed_on": "2020-05-01T08:30:00.000000Z",
            "foreign_landing_url": "https://www.flickr.com/photos/12345@N00/678",
            "url": "https://live.staticflickr.com/1/678_b.jpg",
            "creator": "Jane Doe",
            "creator_url": "https://www.flickr.com/photos/12345@N00",
            "license": "by-sa",
            "license_version": "2.0",
            "license_url": "https://creativecommons.org/licenses/by-sa/2.0/",
            "provider": "flickr",
            "source": "flickr",
            "category": "photograph",
            "filesize": None,
            "filetype": "jpg",
            "tags": [{"name": "cat", "accuracy": None}],
            "attribution": '"Tabby cat" by Jane Doe is licensed under CC BY-SA 2.0. To view a copy'
            " of this license, visit https://creativecommons.org/licenses/by-sa/2.0/.",
            "mature": False,
            "height": 768,
            "width": 1024,
            "thumbnail": "https://api.openverse.org/v1/images/c9f3a8a2/thumb/",
        },
        {
            "id": "0f0f34b0-5d9b-4d5c-8f51-94f6d8b8a7de",
            "title": None,
            "foreign_landing_url": "https://www.rawpixel.com/image/1",
            "url": "https://images.rawpixel.com/1.png",
            "creator": None,
            "license": "cc0",
            "license_version": "1.0",
            "license_url": "https://creativecommons.org/publicdomain/zero/1.0/",
            "attribution": None,
            "height": None,
            "width": None,
        },
    ],
}


def commons_file(index: int, **info: Any) -> dict[str, Any]:
    values = {
        "Artist": '<a href="//commons.wikimedia.org/wiki/User:Jane">Jane &amp; John</a>',
        "License": "cc-by-sa-4.0",
        "LicenseShortName": "CC BY-SA 4.0",
        "LicenseUrl": "https://creativecommons.org/licenses/by-sa/4.0",
        "ObjectName": f"Cat {index}",
    }
    return {
        "pageid": 1000 + index,
        "ns": 6,
        "title": f"File:Cat number {index}.jpg",
        "index": index,
        "imagerepository": "local",
        "imageinfo": [
            {
                "size": 123456,
                "width": 1600,
                "height": 1200,
                "url": f"https://upload.wikimedia.org/wikipedia/commons/a/ab/Cat_{index}.jpg",
                "descriptionurl": f"https://commons.wikimedia.org/wiki/File:Cat_{index}.jpg",
                "mime": "image/jpeg",
                "extmetadata": {
                    name: {"value": value, "source": "commons-desc-page", "hidden": ""}
                    for name, value in values.items()
                },
            }
            | info
        ],
    }


COMMONS: dict[str, Any] = {
    "batchcomplete": True,
    "continue": {"gsroffset": 50, "continue": "gsroffset||"},
    "query": {
        "searchinfo": {"totalhits": 4321},
        "pages": [
            commons_file(2),
            commons_file(1),
            commons_file(3, mime="image/tiff"),
            {"pageid": 9, "ns": 6, "title": "File:Later.jpg", "index": 4},
        ],
    },
}
# Of older and of newer versions of MediaWiki.
COMMONS_NOTHING: tuple[dict[str, Any], ...] = (
    {"batchcomplete": True},
    {"batchcomplete": True, "query": {"searchinfo": {"totalhits": 0}}},
)
COMMONS_LAG: dict[str, Any] = {
    "error": {"code": "maxlag", "info": "Waiting for a database server: 6 seconds lagged."}
}
