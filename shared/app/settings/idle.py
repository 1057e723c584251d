"""Settings that are accepted and change nothing: whoever sets one is told so, once."""

import os
from collections.abc import Mapping

from pydantic import BaseModel, SecretStr

from shared.app.settings.model import Settings
from shared.app.settings.variables import variables
from shared.platform.settings.parts import EMULATOR

HOST = "AzureFunctionsJobHost__"
ACTIVITIES = HOST + "extensions__durableTask__maxConcurrentActivityFunctions"
HOST_LEVEL = HOST + "logging__logLevel__Function"
COMPRESSION = "PIXCRAWLER_UTILITY_COMPRESSION__"
_ASKED = "whoever asks for an export says how it is packed"
_UNPAID = "payments are not built"
_UNSENT = "e-mails are not built"
# By variable: the place of the setting, and why it does nothing.
IDLE = {
    "CELERY_BROKER_URL": ("celery_broker_url", "deprecated, queues and orchestrations do its work"),
    "CELERY_RESULT_BACKEND": ("celery_result_backend", "deprecated, the database has the results"),
    "STORAGE_LOCAL_PATH": ("storage_local_path", "the emulator has a place of its own"),
    "CONTACT_EMAIL": (
        "contact_email",
        "the contact form is the frontend's, and the crawler's address is CRAWLER_CONTACT_EMAIL"),
    "PIXCRAWLER_RESOURCE_MAX_TEMP_STORAGE_MB": (
        "resource_max_temp_storage_mb", "nothing is written to the disk"),
    "PIXCRAWLER_RESOURCE_ESTIMATED_IMAGE_SIZE_MB": (
        "resource_estimated_image_size_mb", "no plan assumes a size"),
    "PIXCRAWLER_UTILITY_LOGGING__USE_COLORS": (
        "logging.use_colors", "the host decides how its console looks"),
    "STRIPE_SECRET_KEY": ("stripe_secret_key", _UNPAID),
    "STRIPE_WEBHOOK_SECRET": ("stripe_webhook_secret", _UNPAID),
    "STRIPE_STARTER_PRICE_ID": ("stripe_starter_price_id", _UNPAID),
    "STRIPE_PRO_PRICE_ID": ("stripe_pro_price_id", _UNPAID),
    "STRIPE_ENTERPRISE_PRICE_ID": ("stripe_enterprise_price_id", _UNPAID),
    "RESEND_API_KEY": ("resend_api_key", _UNSENT),
    "FROM_EMAIL": ("from_email", _UNSENT),
    f"{COMPRESSION}WORKERS": ("compression.workers", "a core encodes an image at a time"),
    f"{COMPRESSION}ARCHIVE__ENABLE": ("compression.archive.enable", _ASKED),
    f"{COMPRESSION}ARCHIVE__TAR": ("compression.archive.tar", _ASKED),
    f"{COMPRESSION}ARCHIVE__TYPE": ("compression.archive.type", _ASKED),
}  # fmt: skip
# What says where a Redis is and how it is used, by the part that may have one.
REDIS = {
    "cache": (
        "cache_redis_host", "cache_redis_port", "cache_redis_password", "cache_redis_db",
        "cache_redis_tls", "cache_prefix", "cache_default_ttl",
    ),
    "limiter": (
        "limiter_redis_host", "limiter_redis_port", "limiter_redis_password", "limiter_redis_db",
        "limiter_redis_tls", "limiter_prefix",
    ),
}  # fmt: skip
SWITCH = {"cache": "CACHE_ENABLED is false", "limiter": "LIMITER_BACKEND is not redis"}


def idle_settings(
    settings: Settings, environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The variables that are set to something else than their default in vain, and why."""
    found = {
        variable: reason for variable, (place, reason) in IDLE.items() if _set(settings, place)
    }
    return (
        found
        | _without_redis(settings)
        | _left_to_the_host(settings, environment)
        | _said_otherwise(settings, environment)
    )


def _without_redis(settings: Settings) -> dict[str, str]:
    """What says where a Redis is that nobody asks."""
    if settings.redis_url is not None:  # the others may be set by it
        return {} if settings.redis_parts else {"REDIS_URL": " and ".join(SWITCH.values())}
    return {
        field.upper(): SWITCH[part]
        for part, fields in REDIS.items()
        if part not in settings.redis_parts
        for field in fields
        if _set(settings, field)
    }


def _left_to_the_host(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """What the host decides, and is not told in its own words."""
    found = {}
    wanted = str(settings.celery_worker_concurrency)
    if _set(settings, "celery_worker_concurrency") and wanted != environment.get(ACTIVITIES):
        found["CELERY_WORKER_CONCURRENCY"] = f"the host reads {ACTIVITIES}"
    if settings.console_level == "DEBUG" and environment.get(HOST_LEVEL) not in ("Debug", "Trace"):
        variable = "DEBUG" if settings.debug else "LOG_LEVEL"
        if settings.logging.console_level:
            variable = "PIXCRAWLER_UTILITY_LOGGING__CONSOLE_LEVEL"
        found[variable] = f"the host shows no line below INFO unless {HOST_LEVEL} is Debug"
    if "WEBSITE_INSTANCE_ID" in environment:
        found |= {f.upper(): "Azure decides it" for f in ("host", "port") if _set(settings, f)}
    return found


def _said_otherwise(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Where two variables disagree, the one that loses."""
    found = {}
    for variable in variables():
        first, *others = [name for name in variable.names if environment.get(name)] or [""]
        for name in others:
            # The host may have a storage of its own.
            if environment[name] != environment[first] and not name.startswith("AzureWebJobs"):
                found[name] = f"{first} says otherwise"
    connection = settings.azure_storage_connection_string
    if settings.storage_provider == "local" and connection != SecretStr(EMULATOR):
        found["STORAGE_PROVIDER"] = "AZURE_STORAGE_CONNECTION_STRING says otherwise"
    return found


def _set(settings: Settings, place: str) -> bool:
    return _value(settings, place) != _default(place)


def _value(settings: BaseModel, place: str) -> object:
    head, _, rest = place.partition(".")
    value = getattr(settings, head)
    return _value(value, rest) if rest else value


def _default(place: str, model: type[BaseModel] = Settings) -> object:
    head, _, rest = place.partition(".")
    field = model.model_fields[head]
    return _value(field.default, rest) if rest else field.default
