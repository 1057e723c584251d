"""What the programs that deploy make of tools, az above all, that answer not as they should."""

import stat
import subprocess
from pathlib import Path
from threading import Event

import pytest

from scripts.azure import OperationError, az, lease
from scripts.azure.az import Container, Vault, az_json, require_login
from scripts.azure.processes import run
from scripts.azure.refusals import advice
from tests.infra.cloud import answering


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


def test_az_that_hangs_is_ended_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell script around the program that hangs, as the real one is."""
    answering(tmp_path, monkeypatch, f"sleep 3600 & echo $! >{tmp_path}/pid; wait; echo {{}}")
    monkeypatch.setattr(az, "LIMITS", {"deployment group create": 5, "": 3600})
    said = r"^az deployment group create … did not end within 5 s, and was ended here\."
    with pytest.raises(OperationError, match=said) as raised:
        az_json("deployment", "group", "create", "--name", "pixcrawler")
    left = ["ps", "-o", "stat=", "-p", (tmp_path / "pid").read_text().strip()]
    state = subprocess.run(left, capture_output=True, text=True, check=False).stdout
    assert state.strip().startswith("Z") or not state  # dead, whether or not anybody was told
    what = advice(str(raised.value), group="pixcrawler-dev", environment="dev")
    assert "az deployment group cancel --resource-group pixcrawler-dev" in what


def test_every_command_has_its_limit() -> None:
    assert az.limit("deployment", "group", "create", "--name", "x") == 30 * 60
    assert az.limit("storage", "blob", "lease", "renew") < lease.SECONDS + 1
    assert az.limit("account", "show") == az.limit("keyvault", "secret", "show") == 3 * 60


def test_warnings_on_stderr_are_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(tmp_path, monkeypatch, "echo 'WARNING: az is old' >&2; echo true")
    assert az_json("group", "exists", "--name", "X") is True


def test_what_fails_without_a_word_shows_nothing_of_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(tmp_path, monkeypatch, 'echo \'{"value": "hush"}\'; exit 7')
    said = r"az keyvault secret show … failed: it says nothing, exit code 7"
    with pytest.raises(OperationError, match=said) as raised:
        az_json("keyvault", "secret", "show", "--name", "X")
    assert "hush" not in str(raised.value)


def test_a_lease_is_renewed_until_it_is_left() -> None:
    """However often that fails meanwhile."""
    asked: list[str] = []
    often = Event()

    class Leased(Container):
        def lease(self, verb: str, name: str, *options: str) -> str:
            asked.append(verb)
            if verb == "renew" and len(asked) > 3:
                often.set()
            if verb == "renew":
                raise OperationError("no network")
            return "1234"

    with lease.Lease(Leased("account", "builds"), "deployed.json", "1234", every=0.01) as held:
        assert often.wait(60)
    assert held.id == "1234"
    released = asked.index("release")
    assert set(asked[:released]) == {"renew"}
    held._renewing.join(60)
    assert len(asked) <= released + 2  # one may have been on its way


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
