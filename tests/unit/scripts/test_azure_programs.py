"""What the programs that deploy make of tools that answer otherwise than they should."""

import stat
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType

import httpx
import pytest

from scripts.azure import OperationError, build, checklist, doctor, observations, smoke
from scripts.azure.account import user
from scripts.azure.az import Container, Vault, az_json, require_login
from scripts.azure.checks import Checks, web_address
from scripts.azure.processes import run
from scripts.azure.refusals import advice
from scripts.azure.target import Builds, read_outputs
from scripts.azure.thresholds import Verdict


def answering(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Has ``az`` be this script."""
    (directory / "az").write_text(f"#!/bin/sh\n{script}\n")
    (directory / "az").chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")


@pytest.mark.parametrize("said", ["{\\042value\\042: \\042hush", "<html>hush", "WARNING hush"])
def test_no_json_is_told_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    answering(tmp_path, monkeypatch, f"printf '{said}'")
    with pytest.raises(OperationError, match="az keyvault secret show … did not answer in JSON"):
        az_json("keyvault", "secret", "show", "--name", "X")


def test_what_is_not_utf_8_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(tmp_path, monkeypatch, r"printf 'caf\351' >&2; exit 1")
    with pytest.raises(OperationError, match="failed: caf"):
        az_json("group", "exists")


def test_a_question_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(tmp_path, monkeypatch, "read -r answer || { echo nobody to ask >&2; exit 1; }")
    with pytest.raises(OperationError, match="nobody to ask"):
        az_json("monitor", "log-analytics", "query")


def test_a_tool_that_cannot_be_run(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("\0")
    (tmp_path / "tool").chmod(stat.S_IRWXU)
    with pytest.raises(OperationError, match="tool cannot be run: Exec format error"):
        run([str(tmp_path / "tool")])


def test_az_that_is_broken_is_not_a_missing_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(tmp_path, monkeypatch, "echo 'No module named azure' >&2; exit 1")
    with pytest.raises(OperationError, match="No module named azure"):
        require_login()


@pytest.mark.parametrize("value", ["", "hush\\n", " hush", "hu\\tsh", "hush\\r\\n"])
def test_a_secret_that_no_header_takes_is_refused_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    answering(tmp_path, monkeypatch, f'cat <<\'END\'\n{{"value": "{value}"}}\nEND')
    with pytest.raises(OperationError, match="set it again without") as raised:
        Vault("kv").secret("METRICS-TOKEN")
    assert "hu" not in str(raised.value)


def test_a_secret_of_odd_characters_comes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(tmp_path, monkeypatch, 'cat <<\'END\'\n{"value": "a\'\\"$(b)`é\\\\"}\nEND')
    assert Vault("kv").secret("METRICS-TOKEN") == "a'\"$(b)`é\\"


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


@pytest.mark.parametrize(
    "url", ["app.example.com", "", " ", "https://", "localhost:7071", "ftp://x"]
)
@pytest.mark.parametrize("program", [checklist, smoke])
def test_a_mistyped_url_is_no_reason_to_roll_back(
    monkeypatch: pytest.MonkeyPatch, program: ModuleType, url: str
) -> None:
    """Exit code 2: it cannot be tried; 3 would put the build before back."""
    stage = ["before"] if program is checklist else []
    monkeypatch.setattr(sys, "argv", ["program", *stage, url])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 2


def test_a_url_is_taken_with_blanks_and_a_slash() -> None:
    assert web_address(" https://app.example.com/ ") == "https://app.example.com"


@pytest.mark.parametrize("count", ["0", "-5", "x", "", "1.5", "²"])
@pytest.mark.parametrize("option", ["--instances", "--processes", "--connection-limit"])
def test_the_doctor_counts_from_one(
    monkeypatch: pytest.MonkeyPatch, option: str, count: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["doctor.py", "--no-network", f"{option}={count}"])
    with pytest.raises(SystemExit) as ended:
        doctor.main()
    assert ended.value.code == 2


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


def test_a_deployment_that_is_under_way_is_explained() -> None:
    said = (
        "(DeploymentActive) Unable to edit or replace deployment 'pixcrawler': previous deployment "
        "from '11/30/2026 5:00:00 PM' is still active (expiration time is '12/7/2026 5:00:00 PM')."
    )
    what = advice(said, group="pixcrawler-prod", environment="prod")
    assert what.endswith(
        "az deployment group cancel --resource-group pixcrawler-prod --name pixcrawler"
    )
