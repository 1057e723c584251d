"""Log lines: JSON when deployed, ids on every one, no secret in any."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from shared.app.settings import Settings
from shared.platform.observe.logging import configure_logging, get_logger, log_context
from shared.platform.observe.redaction import redact
from shared.platform.observe.tracing import carry_trace, current_traceparent

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"
SECRETS = {
    "a token": ("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
    "an API key": ("key pk_live_0123456789abcdef is used", "0123456789abcdef"),
    "a Stripe key": ("sk_live_51H8aBcDeFg", "51H8aBcDeFg"),
    "a signature": ("https://a.blob.example/x?se=1&sig=a%2Bb%3D&sp=r", "a%2Bb%3D"),
    "a storage key": ("AccountName=a;AccountKey=c2VjcmV0;EndpointSuffix=x", "c2VjcmV0"),
    "a password": ("postgresql://u:s3cret@host/db", "s3cret"),
    "another password": ("host=h password=s3cret dbname=d", "s3cret"),
}


def configure(**changes: object) -> None:
    fields = {
        "database_url": "postgresql://h/db",
        "supabase_url": "https://x.supabase.co",
        "supabase_anon_key": "a",
        "supabase_service_role_key": "s",
        "azure_storage_connection_string": "UseDevelopmentStorage=true",
        "api_key_pepper": "p",
    }
    configure_logging(Settings.model_validate(fields | changes))


@pytest.fixture(autouse=True)
def quiet_afterwards() -> Iterator[None]:
    yield
    logger.remove()


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


class TestLines:
    def test_production_writes_json_with_all_ids(self, caplog: pytest.LogCaptureFixture) -> None:
        configure(environment="production")
        with log_context(request_id="r-1", user_id="u-1"), carry_trace(TRACEPARENT):
            get_logger("shared.x").bind(job_id=7).info("chunk stored")
        (line,) = map(json.loads, lines(caplog))
        assert line.pop("time")
        assert line == {
            "level": "INFO",
            "logger": "pixcrawler.shared.x",
            "message": "chunk stored",
            "request_id": "r-1",
            "user_id": "u-1",
            "trace_id": TRACE,
            "job_id": "7",
        }

    def test_development_writes_for_people(self, caplog: pytest.LogCaptureFixture) -> None:
        configure()
        with log_context(request_id="r-1"):
            get_logger("x").bind(job_id=7).info("chunk stored by ada@example.com")
        (line,) = lines(caplog)
        assert line.startswith("chunk stored by ada@example.com")
        assert set(line.split()[-2:]) == {"job_id=7", "request_id=r-1"}

    def test_the_level_is_that_of_the_settings(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        configure(log_level="WARNING")
        get_logger("x").info("unheard")
        get_logger("x").warning("heard")
        assert lines(caplog) == ["heard"]

    @pytest.mark.parametrize("environment", ["development", "production"])
    def test_a_failure_comes_with_its_cause_and_without_secrets(
        self, caplog: pytest.LogCaptureFixture, environment: str
    ) -> None:
        configure(environment=environment)
        try:
            raise ValueError("AccountKey=c2VjcmV0")
        except ValueError:
            get_logger("x").opt(exception=True).error("failed")
        (line,) = lines(caplog)
        assert "ValueError" in line
        assert "Traceback" in line
        assert "c2VjcmV0" not in line

    def test_a_file_is_written_where_it_is_asked_for(
        self, caplog: pytest.LogCaptureFixture, tmp_path: Path
    ) -> None:
        configure(logging={"log_dir": str(tmp_path), "use_json": True})
        get_logger("x").info("a line with {braces} and <tags>")
        logger.remove()
        (line,) = (tmp_path / "pixcrawler.log").read_text().splitlines()
        assert json.loads(line)["message"] == "a line with {braces} and <tags>"

    def test_azure_gets_no_file_but_a_warning(
        self,
        caplog: pytest.LogCaptureFixture,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("WEBSITE_INSTANCE_ID", "x")
        configure(logging={"log_dir": str(tmp_path)})
        assert [r.levelname for r in caplog.records] == ["WARNING"]
        assert list(tmp_path.iterdir()) == []


class TestRedact:
    @pytest.mark.parametrize(("text", "secret"), SECRETS.values(), ids=SECRETS)
    def test_takes_out(self, text: str, secret: str) -> None:
        assert secret in text
        assert secret not in redact(text, emails=False)

    def test_takes_out_addresses_when_asked(self) -> None:
        text = "mail to ada.l+x@example.co.uk now"
        assert redact(text, emails=False) == text
        assert redact(text, emails=True) == "mail to [e-mail] now"

    def test_leaves_the_rest_alone(self) -> None:
        text = "GET https://example.com/a?b=c&signature=none took 3:04 in tree_structures"
        assert redact(text, emails=True) == text


class TestTrace:
    def test_is_current_inside_only(self) -> None:
        with carry_trace(TRACEPARENT):
            assert current_traceparent() == TRACEPARENT
        assert current_traceparent() is None

    @pytest.mark.parametrize(
        "traceparent",
        [
            "",
            "junk",
            TRACEPARENT.upper(),
            "ff" + TRACEPARENT[2:],
            TRACEPARENT.replace(TRACE, "0" * 32),
            TRACEPARENT + "-" + "x" * 100,
        ],
    )
    def test_a_malformed_one_is_none(self, traceparent: str) -> None:
        with carry_trace(traceparent):
            assert current_traceparent() is None
