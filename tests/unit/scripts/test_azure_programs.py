"""What the programs that deploy make of what is not as it should be."""

import errno
import signal
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType

import httpx
import pytest

from scripts.azure import (
    OperationError,
    build,
    checklist,
    deploy,
    doctor,
    load,
    measure,
    observations,
    program,
    smoke,
)
from scripts.azure.account import user
from scripts.azure.az import Container
from scripts.azure.builds import Builds
from scripts.azure.checks import Checks, web_address
from scripts.azure.refusals import advice
from scripts.azure.target import read_outputs, resource_group
from scripts.azure.thresholds import Verdict
from tests.infra.cloud import answering


def test_packages_that_were_interrupted_are_not_taken_for_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the disk there is nothing, or all of it."""
    packed = build._pack

    def interrupted(stage: Path, out: Path) -> None:
        out.write_bytes(b"PK half of a zip")
        raise KeyboardInterrupt

    def install(_: str, target: Path, __: str) -> None:
        target.mkdir(parents=True)
        (target / "package.py").write_text("")

    monkeypatch.setattr(build, "CACHE", tmp_path / "kept")
    monkeypatch.setattr(build, "_install", install)
    monkeypatch.setattr(build, "_pack", interrupted)
    python = "{}.{}".format(*sys.version_info)
    with pytest.raises(KeyboardInterrupt):
        build._packages("", python)
    assert not list((tmp_path / "kept").iterdir())
    monkeypatch.setattr(build, "_pack", packed)
    with zipfile.ZipFile(build._packages("", python)) as package:
        assert f"{build.PACKAGES}/package.py" in package.namelist()


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def no_right(*_: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied", "/app/shared/secret.py")


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        (no_room, "build: The disk is full: that of {temporary}. Make room, or name another place"),
        (no_right, "build: Permission denied (/app/shared/secret.py)."),
    ],
)
def test_a_build_that_cannot_be_written_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fails: Callable[..., None],
    said: str,
) -> None:
    (tmp_path / "packages.zip").write_bytes(b"PK")
    temporary, out = tmp_path / "temporary", tmp_path / "dist" / "build.zip"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(build, "_compile", lambda *_: None)
    monkeypatch.setattr(build, "_packages", lambda *_: tmp_path / "packages.zip")
    monkeypatch.setattr(build, "_pack", fails)
    monkeypatch.setattr(sys, "argv", ["build", str(out)])
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # those of the test's process stay
    assert program.ended("build", build.main) == 1
    assert capsys.readouterr().err.startswith(said.format(temporary=temporary))
    assert [*temporary.iterdir(), *out.parent.iterdir()] == []


@pytest.mark.parametrize(
    "url", ["app.example.com", "", " ", "https://", "localhost:7071", "ftp://x"]
)
@pytest.mark.parametrize("tried", [checklist, load, smoke])
def test_a_mistyped_url_is_no_reason_to_roll_back(
    monkeypatch: pytest.MonkeyPatch, tried: ModuleType, url: str
) -> None:
    """Exit code 2: it cannot be tried; 3 would put the build before back."""
    stage = ["before"] if tried is checklist else []
    assert refused(monkeypatch, tried, *stage, url)


def refused(monkeypatch: pytest.MonkeyPatch, tried: ModuleType, *arguments: str) -> bool:
    """Whether the command line is."""
    monkeypatch.setattr(sys, "argv", ["program", *arguments])
    with pytest.raises(SystemExit) as ended:
        tried.main()
    return ended.value.code == 2


def test_a_url_is_taken_with_blanks_and_a_slash() -> None:
    assert web_address(" https://app.example.com/ ") == "https://app.example.com"


@pytest.mark.parametrize("count", ["0", "-5", "x", "", "1.5", "²"])
@pytest.mark.parametrize("option", ["--instances", "--processes", "--connection-limit"])
def test_the_doctor_counts_from_one(
    monkeypatch: pytest.MonkeyPatch, option: str, count: str
) -> None:
    assert refused(monkeypatch, doctor, "--no-network", f"{option}={count}")


@pytest.mark.parametrize("amount", ["nan", "inf", "-inf", "-1", "1e999", "", "x"])
@pytest.mark.parametrize(
    ("tried", "arguments"),
    [
        (checklist, ["before", "http://x", "--seconds"]),
        (deploy, ["dev", "--smoke-seconds"]),
        (load, ["http://x", "--seconds"]),
        (load, ["http://x", "--per-second"]),
        (measure, ["dev", "--seconds"]),
        (smoke, ["http://x", "--seconds"]),
    ],
)
def test_seconds_are_numbers_that_end(
    monkeypatch: pytest.MonkeyPatch, tried: ModuleType, arguments: list[str], amount: str
) -> None:
    *others, option = arguments
    assert refused(monkeypatch, tried, *others, f"{option}={amount}")


@pytest.mark.parametrize("body", ["[]", "1", '"x"', "null", '{"components": 1}', "{}", "<html>"])
def test_a_gateway_that_answers_in_place_of_the_app(body: str) -> None:
    """In another shape than the app's."""
    answer = httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    with httpx.Client(base_url="http://x", transport=answer) as http:
        assert observations.of_health(http)["health"].verdict is Verdict.ROLL_BACK
        checks = Checks()
        assert not checks.run("all parts are healthy", lambda: smoke._health(http))
    assert checks.failed == 1


def test_a_token_with_a_line_break_stays_unseen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It went into the list, which is for a ticket: `Illegal header value b'Bearer …'`."""
    with raw_server() as url:
        monkeypatch.setenv("METRICS_TOKEN", "hush\r\n")
        monkeypatch.setattr(sys, "argv", ["checklist.py", "before", url, "--seconds", "0"])
        checklist.main()
        monkeypatch.setenv("SUPABASE_URL", url)
        monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "hush\r\n")
        with pytest.raises(httpx.HTTPStatusError) as refused, user():
            pass
    said = capsys.readouterr()
    assert "/metrics" in said.out
    assert "hush" not in said.out + said.err + str(refused.value)


@contextmanager
def raw_server() -> Iterator[str]:
    """A real server (a mock would take any header) that knows no page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_no_commit_is_not_the_only_one_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rollback.sh prod "$COMMIT"` where nothing is in it."""
    answering(tmp_path, monkeypatch, 'echo \'[{"name": "abc.zip"}]\'')
    builds = Builds(Container("account", "builds"))
    assert builds.find("ab") == "abc"
    with pytest.raises(OperationError, match=r"not one kept build ''\. Kept: abc"):
        builds.find("")


def test_nothing_was_provisioned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(tmp_path, monkeypatch, "echo '(DeploymentNotFound) Not found.' >&2; exit 3")
    with pytest.raises(OperationError, match="No provisioning of pixcrawler-dev has succeeded"):
        read_outputs("pixcrawler-dev")


def test_outputs_that_are_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(tmp_path, monkeypatch, """echo '{"properties": {"outputs": null}}'""")
    with pytest.raises(OperationError, match=r"has no output 'app_name'.+Run deploy\.sh first"):
        read_outputs("pixcrawler-dev")


@pytest.mark.parametrize(("named", "group"), [("", "-dev"), (" ", "-dev"), (" mine ", "mine")])
def test_a_resource_group_of_blanks_is_none(
    monkeypatch: pytest.MonkeyPatch, named: str, group: str
) -> None:
    monkeypatch.setenv("PIXCRAWLER_RESOURCE_GROUP", named)
    assert resource_group("dev").removeprefix("pixcrawler") == group


def test_a_deployment_that_is_under_way_is_explained() -> None:
    said = (
        "(DeploymentActive) Unable to edit or replace deployment 'pixcrawler': previous deployment "
        "from '11/30/2026 5:00:00 PM' is still active (expiration time is '12/7/2026 5:00:00 PM')."
    )
    what = advice(said, group="pixcrawler-prod", environment="prod")
    assert what.endswith(
        "az deployment group cancel --resource-group pixcrawler-prod --name pixcrawler"
    )
