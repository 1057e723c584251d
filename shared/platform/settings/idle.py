"""Settings that are accepted and change nothing: whoever sets one is told so, once."""

import os
from collections.abc import Mapping

from pydantic import BaseModel

from shared.platform.settings.model import Settings

ACTIVITIES = "AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions"
# By variable: the place of the setting, and why it does nothing.
IDLE = {
    "CELERY_BROKER_URL": ("celery_broker_url", "deprecated, queues and orchestrations do its work"),
    "CELERY_RESULT_BACKEND": ("celery_result_backend", "deprecated, the database has the results"),
    "CACHE_ENABLED": ("cache_enabled", "nothing is cached"),
    "STORAGE_LOCAL_PATH": ("storage_local_path", "the emulator has a place of its own"),
    "PIXCRAWLER_RESOURCE_MAX_TEMP_STORAGE_MB": (
        "resource.max_temp_storage_mb", "nothing is written to the disk"),
    "PIXCRAWLER_RESOURCE_ESTIMATED_IMAGE_SIZE_MB": (
        "resource.estimated_image_size_mb", "no plan assumes a size"),
    "PIXCRAWLER_UTILITY_LOGGING__USE_COLORS": (
        "logging.use_colors", "the host decides how its console looks"),
}  # fmt: skip


def idle_settings(
    settings: Settings, environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The variables that are set to something else than their default in vain, and why."""
    found = {
        variable: reason
        for variable, (place, reason) in IDLE.items()
        if _value(settings, place) != _default(place)
    }
    wanted = settings.celery_worker_concurrency
    if wanted != _default("celery_worker_concurrency") and str(wanted) != environment.get(
        ACTIVITIES
    ):
        found["CELERY_WORKER_CONCURRENCY"] = f"the host reads {ACTIVITIES}"
    return found


def _value(settings: BaseModel, place: str) -> object:
    head, _, rest = place.partition(".")
    value = getattr(settings, head)
    return _value(value, rest) if rest else value


def _default(place: str, model: type[BaseModel] = Settings) -> object:
    head, _, rest = place.partition(".")
    field = model.model_fields[head]
    return _value(field.default, rest) if rest else field.default
