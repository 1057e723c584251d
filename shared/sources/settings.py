"""Where the sources are, and what they know us by."""

from pydantic import Field, SecretStr

from shared.fetch.settings import FetchSettings


class SourceSettings(FetchSettings):
    """Addresses and keys of all sources, which are asked as politely as everybody."""

    openverse_api_url: str = "https://api.openverse.org/v1"
    wikimedia_api_url: str = "https://commons.wikimedia.org/w/api.php"
    flickr_api_url: str = "https://api.flickr.com/services/rest/"
    flickr_api_key: SecretStr | None = None
    pexels_api_url: str = "https://api.pexels.com/v1"
    pexels_api_key: SecretStr | None = None
    pixabay_api_url: str = "https://pixabay.com/api/"
    pixabay_api_key: SecretStr | None = None
    unsplash_api_url: str = "https://api.unsplash.com"
    unsplash_access_key: SecretStr | None = None
    google_api_url: str = "https://customsearch.googleapis.com/customsearch/v1"
    google_api_key: SecretStr | None = None
    google_cse_id: SecretStr | None = None
    crawl_experimental_sources: bool = False
    crawl_source_pace: float = Field(1, ge=0)
