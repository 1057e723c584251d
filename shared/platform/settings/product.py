"""The settings of the product: crawling, images, credits, payment, e-mail."""

import os
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from shared.platform.model import Model
from shared.platform.settings.parts import listed


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
    contact_email: str = "crawler@pixcrawler.example"

    max_images_per_job: int = Field(10_000, ge=1)
    max_running_jobs: int = Field(3, ge=1)
    crawl_allowed_hosts: str = ""
    crawl_timeout_seconds: float = Field(15, gt=0)
    crawl_retry_wait_seconds: float = Field(2, gt=0)
    crawl_downloads_in_flight: int = Field(32, ge=1, le=64)
    crawl_connections_per_host: int = Field(2, ge=1, le=64)
    crawl_host_spacing_seconds: float = Field(0.1, ge=0, le=60)

    @property
    def user_agent(self) -> str:
        """What the crawler calls itself, with an address to complain to."""
        return f"PixCrawler/0.1 (dataset crawler; mailto:{self.contact_email})"

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The ``host:port`` pairs that may be crawled although they are private addresses."""
        return frozenset(listed(self.crawl_allowed_hosts))


class CelerySettings(Model):
    """What is left of the earlier workers' settings."""

    celery_broker_url: SecretStr | None = None
    celery_result_backend: SecretStr | None = None
    celery_task_time_limit: int = Field(110, ge=10, le=600)
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
    """How much a job may use at once."""

    max_concurrent_chunks: int = Field(35, ge=1, le=200)
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
    signup_bonus_credits: int = Field(1000, ge=0)  # a job of the default size


class EmailSettings(Model):
    """Resend."""

    resend_api_key: SecretStr | None = None
    from_email: str | None = None
