"""Answers of the APIs that want a key, written from their documentation (no live recordings).

Flickr: https://www.flickr.com/services/api/flickr.photos.search.html, response format JSON.
Pexels: https://www.pexels.com/api/documentation/#photos-search.
Pixabay: https://pixabay.com/api/docs/#api_search_images.
Unsplash: https://unsplash.com/documentation#search-photos.
Google: https://developers.google.com/custom-search/v1/reference/rest/v1/Search.
"""

from typing import Any

FLICKR_PHOTO: dict[str, Any] = {
    "id": "2636",
    "owner": "47058503995@N01",
    "secret": "a123456",
    "server": "2",
    "farm": 1,
    "title": "Tabby cat",
    "ispublic": 1,
    "isfriend": 0,
    "isfamily": 0,
    "license": "5",
    "ownername": "Jane Doe",
    "pathalias": "janedoe",
    "url_z": "https://live.staticflickr.com/2/2636_a123456_z.jpg",
    "height_z": 480,
    "width_z": 640,
    "url_c": "https://live.staticflickr.com/2/2636_a123456_c.jpg",
    "height_c": 600,
    "width_c": 800,
    "url_l": "https://live.staticflickr.com/2/2636_a123456_b.jpg",
    "height_l": 768,
    "width_l": 1024,
    "url_o": "https://live.staticflickr.com/2/2636_b654321_o.jpg",
    "height_o": "1536",
    "width_o": "2048",
}
FLICKR: dict[str, Any] = {
    "photos": {"page": 1, "pages": 3, "perpage": 100, "total": 260, "photo": [FLICKR_PHOTO]},
    "stat": "ok",
}
FLICKR_FAILURE: dict[str, Any] = {
    "stat": "fail",
    "code": 100,
    "message": "Invalid API Key (Key has invalid format)",
}

PEXELS_PHOTO: dict[str, Any] = {
    "id": 3573351,
    "width": 3066,
    "height": 3968,
    "url": "https://www.pexels.com/photo/trees-during-day-3573351/",
    "photographer": "Lukas Rodriguez",
    "photographer_url": "https://www.pexels.com/@lukas-rodriguez-1845331",
    "photographer_id": 1845331,
    "avg_color": "#374824",
    "src": {
        size: f"https://images.pexels.com/photos/3573351/pexels-photo-3573351.png?{parameters}"
        for size, parameters in {
            "original": "",
            "large2x": "auto=compress&cs=tinysrgb&dpr=2&h=650&w=940",
            "large": "auto=compress&cs=tinysrgb&h=650&w=940",
            "tiny": "auto=compress&cs=tinysrgb&dpr=1&fit=crop&h=200&w=280",
        }.items()
    },
    "liked": False,
    "alt": "Brown Rocks During Golden Hour",
}
PEXELS: dict[str, Any] = {
    "total_results": 10000,
    "page": 1,
    "per_page": 80,
    "photos": [PEXELS_PHOTO],
    "next_page": "https://api.pexels.com/v1/search/?page=2&per_page=80&query=nature",
}

PIXABAY_HIT: dict[str, Any] = {
    "id": 195893,
    "pageURL": "https://pixabay.com/en/blossom-bloom-flower-195893/",
    "type": "photo",
    "tags": "blossom, bloom, flower",
    "previewURL": "https://cdn.pixabay.com/photo/2013/10/15/09/12/flower-195893_150.jpg",
    "previewWidth": 150,
    "previewHeight": 84,
    "webformatURL": "https://pixabay.com/get/35bbf209e13e39d2_640.jpg",
    "webformatWidth": 640,
    "webformatHeight": 360,
    "largeImageURL": "https://pixabay.com/get/ed6a99fd0a76647_1280.jpg",
    "imageWidth": 4000,
    "imageHeight": 2250,
    "imageSize": 4731420,
    "views": 7671,
    "downloads": 6439,
    "likes": 5,
    "comments": 2,
    "user_id": 48777,
    "user": "Josch13",
    "userImageURL": "https://cdn.pixabay.com/user/2013/11/05/02-10-23-764_250x250.jpg",
}
PIXABAY: dict[str, Any] = {"total": 4692, "totalHits": 500, "hits": [PIXABAY_HIT]}

UNSPLASH_PHOTO: dict[str, Any] = {
    "id": "eOLpJytrbsQ",
    "created_at": "2014-11-18T14:35:36-05:00",
    "width": 4000,
    "height": 3000,
    "color": "#A7A2A1",
    "blur_hash": "LaLXMa9Fx[D%~q%MtQM|kDRjtRIU",
    "likes": 286,
    "liked_by_user": False,
    "description": "A man drinking a coffee.",
    "alt_description": "man with cup",
    "user": {
        "id": "Ul0QVz12Goo",
        "username": "ugmonk",
        "name": "Jeff Sheldon",
        "links": {"html": "https://unsplash.com/@ugmonk"},
    },
    "urls": {
        "raw": "https://images.unsplash.com/photo-1416339306562-f3d12fefd36f?ixid=M3w&ixlib=rb-4.0",
        "full": "https://images.unsplash.com/photo-1416339306562-f3d12fefd36f?ixid=M3w&q=85&fm=jpg",
    },
    "links": {
        "self": "https://api.unsplash.com/photos/eOLpJytrbsQ",
        "html": "https://unsplash.com/photos/eOLpJytrbsQ",
        "download": "https://unsplash.com/photos/eOLpJytrbsQ/download",
        "download_location": "https://api.unsplash.com/photos/eOLpJytrbsQ/download?ixid=M3w",
    },
}
UNSPLASH: dict[str, Any] = {"total": 133, "total_pages": 5, "results": [UNSPLASH_PHOTO]}

GOOGLE_ITEM: dict[str, Any] = {
    "kind": "customsearch#result",
    "title": "Lecture - Wikipedia",
    "htmlTitle": "<b>Lecture</b> - Wikipedia",
    "link": "https://upload.example.org/lecture.jpg",
    "displayLink": "example.org",
    "snippet": "Lecture - Wikipedia",
    "mime": "image/jpeg",
    "fileFormat": "image/jpeg",
    "image": {
        "contextLink": "https://example.org/wiki/Lecture",
        "height": 1944,
        "width": 2592,
        "byteSize": 1020142,
        "thumbnailLink": "https://encrypted-tbn0.gstatic.com/images?q=tbn:1",
        "thumbnailHeight": 113,
        "thumbnailWidth": 150,
    },
}
GOOGLE: dict[str, Any] = {
    "kind": "customsearch#search",
    "queries": {
        "request": [{"totalResults": "82100000", "count": 10, "startIndex": 1}],
        "nextPage": [{"totalResults": "82100000", "count": 10, "startIndex": 11}],
    },
    "searchInformation": {"searchTime": 0.31, "totalResults": "82100000"},
    "items": [GOOGLE_ITEM],
}
