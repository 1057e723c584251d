"""What the host refuses: a clear sentence for each problem, exit code 1, no stack trace."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.devhost.host.cli import build_parser
from tests.integration.devhost.hosting import RunningHost


def run(directory: Path, script: str, *options: str, **environment: str) -> tuple[int, str]:
    """Exit code and output of a host that is expected not to start."""
    host = RunningHost(directory, script, **environment)
    host.launch(*options)
    code = host.wait()
    host.client.close()
    return code, host.log.read_text()


@pytest.fixture(scope="module")
def refusal(tmp_path_factory: pytest.TempPathFactory) -> str:
    code, output = run(tmp_path_factory.mktemp("broken"), "broken_app.py")
    assert code == 1
    assert "Traceback" not in output
    return output


@pytest.mark.parametrize(
    "sentence",
    [
        "Function 1st: the function name is not allowed",
        "Function underscored: the binding name 'my_message' is not allowed",
        "Function expressed: the expression in the queue name 'of-{user}' is not offered",
        "creating the route with name 'misrouted' and template 'api/odd/{id:nonsense}'. "
        "The constraint entry 'id' - 'nonsense' on the route 'api/odd/{id:nonsense}' could not be "
        "resolved",
        "Function counter: durable entities are not offered by the local host.",
        "Function on_blob: the binding type blobTrigger is not offered by the local host.",
    ],
)
def test_unsound_function_is_named(refusal: str, sentence: str) -> None:
    assert sentence in refusal


def test_app_that_raises_while_it_is_imported(tmp_path: Path) -> None:
    host = RunningHost(tmp_path, "raising.py")
    host.client.close()
    (host.app / "raising.py").write_text("\nimport a_module_that_is_not_there\n")
    code, output = run(tmp_path, "raising.py", "--workers", "1")
    assert code == 1
    assert "No module named 'a_module_that_is_not_there'" in output
    assert "raising.py, line 2" in output


def test_missing_script(tmp_path: Path) -> None:
    code, output = run(tmp_path, "nowhere.py")
    assert (code, "nowhere.py does not exist in" in output) == (1, True)


def test_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = run(tmp_path, "http_app.py", "--port", str(port))
    assert code == 1
    assert f"Port {port} is in use by another program." in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--app", "/"], "/ has no host.json: it is not a Functions app."),
        (["--kill", "nowhere"], "--kill: 'nowhere' is not a known point"),
        (["--kill", "rpc.start:0"], "--kill: '0' is not a positive number."),
    ],
)
def test_command_line(tmp_path: Path, options: list[str], sentence: str) -> None:
    code, output = run(tmp_path, "http_app.py", *options)
    assert code == 1
    assert sentence in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--port", "0 -1 65536 x"),
        ("--workers", "0 -1 x"),
        ("--lease", "0 -1 nan"),
        ("--timer-speed", "0 -1 nan inf"),
    ],
)
def test_numbers_of_the_command_line(
    option: str, values: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for value in values.split():
        with pytest.raises(SystemExit):
            build_parser().parse_args([f"{option}={value}"])
        assert f"argument {option}: " in capsys.readouterr().err
    assert build_parser().parse_args([f"{option}=1"])


def test_help_lists_the_kill_points() -> None:
    command = [sys.executable, "-m", "scripts.devhost", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "episode.commit " in shown
    assert "worker@activity.invoke" in shown
