"""The settings of the product: crawling, images, credits, payment, e-mail."""

import os
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr

from shared.platform.model import Model
from shared.platform.settings.parts import listed

FUNCTION_TIMEOUT_SECONDS: Final = 660  # host.json's functionTimeout, held against it by a test
SETTLE_SECONDS: Final = 60  # what a chunk needs, at most, once its time to download is over


class CrawlSettings(Model):
    """Where and how politely is crawled."""

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
    crawler_contact_email: str = "crawler@pixcrawler.example"

    crawl_allowed_hosts: str = ""
    crawl_timeout_seconds: float = Field(15, gt=0)
    crawl_retry_wait_seconds: float = Field(2, gt=0)
    crawl_downloads_in_flight: int = Field(32, ge=1, le=64)
    crawl_connections_per_host: int = Field(2, ge=1, le=64)
    crawl_host_spacing_seconds: float = Field(0.1, ge=0, le=60)

    @property
    def user_agent(self) -> str:
        """What the crawler calls itself, with an address to complain to."""
        return f"PixCrawler/0.1 (dataset crawler; mailto:{self.crawler_contact_email})"

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The ``host:port`` pairs that may be crawled although they are private addresses."""
        return frozenset(listed(self.crawl_allowed_hosts))


def _leaves_time_to_settle(seconds: int) -> int:
    if seconds + SETTLE_SECONDS > FUNCTION_TIMEOUT_SECONDS:
        raise ValueError(
            f"{seconds} s leave no {SETTLE_SECONDS} s to settle a chunk before the host ends it "
            f"after {FUNCTION_TIMEOUT_SECONDS} s (functionTimeout in host.json)"
        )
    return seconds


class CelerySettings(Model):
    """What is left of the earlier workers' settings."""

    celery_broker_url: SecretStr | None = None
    celery_result_backend: SecretStr | None = None
    celery_task_time_limit: Annotated[int, AfterValidator(_leaves_time_to_settle)] = Field(
        110, ge=10
    )
    celery_worker_concurrency: int = Field(8, ge=1, le=64)


class ArchiveSettings(Model):
    """How exports are packed."""

    enable: bool = True
    tar: bool = True
    type: Literal["zstd", "zip"] = "zstd"
    level: int = Field(10, ge=1, le=19)


def _workers(number: int) -> int:
    return number or os.cpu_count() or 1


class CompressionSettings(Model):
    """How exports encode images anew."""

    quality: int = Field(85, ge=1, le=100)
    format: Literal["webp", "jpeg", "png"] = "webp"
    lossless: bool = False
    workers: Annotated[int, AfterValidator(_workers)] = Field(2, ge=0, le=64)
    archive: ArchiveSettings = ArchiveSettings()


class ResourceSettings(Model):
    """How much jobs may use at once."""

    max_concurrent_chunks: int = Field(35, ge=1, le=200)
    max_chunks_in_flight: int = Field(288, ge=1, le=100_000)  # 36 instances with 8 activities each
    chunk_size_images: int = Field(50, ge=1, le=500)
    max_temp_storage_mb: int = Field(512, ge=1)
    estimated_image_size_mb: float = Field(0.5, gt=0)


class PaymentSettings(Model):
    """Stripe, and what a new account is given."""

    stripe_secret_key: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None
    stripe_starter_price_id: str | None = None
    stripe_pro_price_id: str | None = None
    stripe_enterprise_price_id: str | None = None
    signup_bonus_credits: int = Field(1000, ge=0, le=1_000_000)  # a job of the default size


class EmailSettings(Model):
    """Resend."""

    resend_api_key: SecretStr | None = None
    contact_email: str | None = None
    from_email: str | None = None
