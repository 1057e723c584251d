"""Misspelt names are told with the right one; secrets in the wrong place are refused."""

import jwt
import pytest
from pydantic import SecretStr

from shared.app.settings.exposed import exposed
from shared.app.settings.misspelt import misspelt
from shared.platform.settings.secrets import check_public_key, check_secret_key


def supabase_key(role: str) -> str:
    return jwt.encode({"iss": "supabase", "role": role}, "k" * 32, algorithm="HS256")


SERVICE = (supabase_key("service_role"), "sb_secret_0123456789abcdef")
ANON = (supabase_key("anon"), "sb_publishable_0123456789abcdef")
NEITHER = ("anon", "your-anon-key", "eyJhbGc...", "a.b.c", "ä.ö.ü", "e30.W10.x", "")


class TestMisspelt:
    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("LOGLEVEL", "LOG_LEVEL"),
            ("ALLOWED_ORIGIN", "ALLOWED_ORIGINS"),
            ("DATABASE_POOLSIZE", "DATABASE_POOL_SIZE"),
            ("CACHE_ENABLE", "CACHE_ENABLED"),
            ("SUPABASE_ANNON_KEY", "SUPABASE_ANON_KEY"),
            ("PIXCRAWLER_UTILITY_COMPRESSION_QUALITY", "PIXCRAWLER_UTILITY_COMPRESSION__QUALITY"),
            ("STORAGE_AZURE_CONTAINER", "STORAGE_AZURE_CONTAINER_NAME"),
            ("CRAWL_PLANETS", None),
        ],
    )
    def test_is_named_with_what_is_meant(self, name: str, meant: str | None) -> None:
        assert misspelt({name: "1"}) == {name: meant}

    @pytest.mark.parametrize(
        "name",
        [
            "PATH", "HOSTNAME", "HOME", "PORTS", "API_URL", "AzureWebJobsStorage",
            "AzureWebJobsStorage__tableServiceUri", "WEBSITE_INSTANCE_ID",
            "AzureFunctionsJobHost__logging__logLevel__Function", "NEXT_PUBLIC_API_URL",
            "NEXT_PUBLIC_APP_URL", "POSTGRES_URL", "log_level", "PIXCRAWLER_UTILITY_LOGGING",
            "PIXCRAWLER_RESOURCE_CHUNK_SIZE_IMAGES", "AZURE_CLIENT_ID",
        ],
    )  # fmt: skip
    def test_others_are_left_alone(self, name: str) -> None:
        assert misspelt({name: "1"}) == {}


class TestSecrets:
    @pytest.mark.parametrize("key", SERVICE)
    def test_the_secret_key_is_no_public_one(self, key: str) -> None:
        with pytest.raises(ValueError, match="service role key") as refused:
            check_public_key(SecretStr(key))
        assert key not in str(refused.value)
        assert check_secret_key(SecretStr(key))

    @pytest.mark.parametrize("key", ANON)
    def test_the_public_key_is_no_secret_one(self, key: str) -> None:
        with pytest.raises(ValueError, match="anon key"):
            check_secret_key(SecretStr(key))
        assert check_public_key(SecretStr(key))

    @pytest.mark.parametrize("key", NEITHER)
    def test_what_tells_nothing_is_taken(self, key: str) -> None:
        assert check_public_key(SecretStr(key)) == check_secret_key(SecretStr(key))

    @pytest.mark.parametrize(
        "value", [*SERVICE, "sk_live_0123456789abcdef", "rk_test_0123456789abcdef",
                  "whsec_0123456789abcdef", "re_0123456789abcdef"],
    )  # fmt: skip
    def test_none_is_shown_to_everyone(self, value: str) -> None:
        (sentence,) = exposed({"NEXT_PUBLIC_SUPABASE_ANON_KEY": value, "STRIPE_SECRET_KEY": value})
        assert sentence.startswith("NEXT_PUBLIC_SUPABASE_ANON_KEY: holds a secret")
        assert value not in sentence

    @pytest.mark.parametrize("name", ["DATABASE_URL", "API_KEY_PEPPER", "AzureWebJobsStorage"])
    def test_nor_is_any_of_ours_whatever_it_looks_like(self, name: str) -> None:
        value = "postgresql://u:of-no-form@h/d"
        (sentence,) = exposed({"NEXT_PUBLIC_ANYTHING": value, name: value})
        assert sentence.startswith("NEXT_PUBLIC_ANYTHING: holds a secret")
        assert value not in sentence
        assert exposed({"NEXT_PUBLIC_ANYTHING": value, "SUPABASE_ANON_KEY": value}) == []
        assert exposed({"NEXT_PUBLIC_ANYTHING": "1", name: "1"}) == []

    @pytest.mark.parametrize(
        "value", [*ANON, *NEITHER, "https://x.example", "pk_live_0123456789abcdef"]
    )
    def test_what_is_public_may_be(self, value: str) -> None:
        assert exposed({"NEXT_PUBLIC_ANYTHING": value}) == []
