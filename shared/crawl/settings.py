"""How much of a crawl is done at once, and how long a part of it may take."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

from shared.platform.durable import FUNCTION_TIMEOUT_SECONDS
from shared.platform.settings.parts import Part, env

SETTLE_SECONDS: Final = 60  # what a chunk needs, at most, once its time to download is over


def _leaves_time_to_settle(seconds: int) -> int:
    if seconds + SETTLE_SECONDS > FUNCTION_TIMEOUT_SECONDS:
        raise ValueError(
            f"{seconds} s leave no {SETTLE_SECONDS} s to settle a chunk before the host ends it "
            f"after {FUNCTION_TIMEOUT_SECONDS} s (functionTimeout in host.json)"
        )
    return seconds


class CrawlSettings(Part):
    """The limits of a crawl; ``celery_*`` is what is left of the earlier workers' settings."""

    resource_max_concurrent_chunks: int = Field(
        35, ge=1, le=200, validation_alias=env("PIXCRAWLER_RESOURCE_MAX_CONCURRENT_CHUNKS")
    )
    resource_max_chunks_in_flight: int = Field(
        288,  # 36 instances with 8 activities each
        ge=1,
        le=100_000,
        validation_alias=env("PIXCRAWLER_RESOURCE_MAX_CHUNKS_IN_FLIGHT"),
    )
    resource_chunk_size_images: int = Field(
        50, ge=1, le=500, validation_alias=env("PIXCRAWLER_RESOURCE_CHUNK_SIZE_IMAGES")
    )
    resource_max_temp_storage_mb: int = Field(
        512, ge=1, validation_alias=env("PIXCRAWLER_RESOURCE_MAX_TEMP_STORAGE_MB")
    )
    resource_estimated_image_size_mb: float = Field(
        0.5, gt=0, validation_alias=env("PIXCRAWLER_RESOURCE_ESTIMATED_IMAGE_SIZE_MB")
    )
    celery_broker_url: SecretStr | None = None
    celery_result_backend: SecretStr | None = None
    celery_task_time_limit: Annotated[int, AfterValidator(_leaves_time_to_settle)] = Field(
        110, ge=10
    )
    celery_worker_concurrency: int = Field(8, ge=1, le=64)
