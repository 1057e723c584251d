"""The stack as a whole: it outlives the death of its parts, and none outlives its end."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient

from scripts.devhost.paths import ROOT
from scripts.devhost.stack import LocalStack
from scripts.devhost.stack.__main__ import status
from scripts.devhost.stack.lock import is_running
from scripts.devhost.stack.ports import is_listening
from scripts.devhost.stack.process import strays

PARTS = ("postgres", "azurite", "imageweb", "auth")


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pixcrawler-tests-") as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()


@pytest.fixture(scope="module")
def stack(directory: Path) -> Iterator[LocalStack]:
    with LocalStack(directory, PARTS) as running:
        yield running


def eventually(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, subprocess.getoutput("ps -eo pid,ppid,stat,args")
        time.sleep(0.05)


def works(stack: LocalStack) -> bool:
    info = stack.info
    with psycopg.connect(info.database_url) as connection:
        users = connection.execute("SELECT count(*) FROM auth.users").fetchone()
    auth = httpx.get(
        f"{info.supabase_url}/auth/v1/health", headers={"apikey": info.supabase_anon_key}
    )
    web = httpx.get(f"{info.image_web_url}/robots.txt")
    container = ContainerClient.from_connection_string(info.storage_connection_string, "pixcrawler")
    with container:
        return users == (2,) and auth.status_code == web.status_code == 200 and container.exists()


def ports(stack: LocalStack) -> dict[str, int]:
    return {name: part["port"] for name, part in stack.state()["parts"].items()}


def command(word: str, directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.devhost.stack", word, "--directory", str(directory),
         "--parts", ",".join(PARTS)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_a_full_disk_ends_nothing(stack: LocalStack) -> None:
    log = stack.log("supervisor")
    # What is written to /dev/full fails as on a full disk. The state is written to this file first.
    unwritable = stack.layout.state.with_name(f"state.json.{stack.state()['pid']}")
    unwritable.symlink_to("/dev/full")
    pid = stack.kill("imageweb")
    eventually(lambda: "The disk is full: could not write a file. The parts" in log.read_text())
    unwritable.unlink()
    stack.wait_for_successor("imageweb", pid)
    assert "There is room again." in log.read_text()
    assert works(stack)


def test_status_tells_of_a_full_disk(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = shutil.disk_usage(stack.layout.directory)._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    status(stack)
    assert capsys.readouterr().out.startswith(f"The disk is full: {stack.layout.directory} needs")


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_comes_back_on_its_port(stack: LocalStack, part: str) -> None:
    before, pid = ports(stack), stack.kill(part)
    stack.wait_for_successor(part, pid)
    assert ports(stack) == before
    eventually(lambda: works(stack))


@pytest.mark.parametrize("part", PARTS)
def test_restart_returns_when_the_part_is_well(stack: LocalStack, part: str) -> None:
    before = stack.pid(part)
    stack.restart(part)
    assert stack.pid(part) != before
    assert works(stack)


def test_killed_storage_has_kept_all_it_answered(stack: LocalStack) -> None:
    connection = stack.info.storage_connection_string
    with (
        ContainerClient.from_connection_string(connection, "pixcrawler") as container,
        QueueClient.from_connection_string(connection, "notifications") as queue,
    ):
        for number in range(10):
            container.upload_blob(f"kept/{number}", bytes([number]) * 1000)
            queue.send_message(str(number))
        container.delete_blob("kept/9")
        stack.wait_for_successor("azurite", stack.kill("azurite"))
        assert len(list(container.list_blob_names(name_starts_with="kept/"))) == 9
        assert container.download_blob("kept/3").readall() == b"\x03" * 1000
        assert queue.get_queue_properties().approximate_message_count == 10
        queue.clear_messages()


def test_up_again_says_the_same(stack: LocalStack, directory: Path) -> None:
    again = command("up", directory)
    assert (again.returncode, again.stderr) == (0, "")
    assert stack.info.supabase_url in again.stdout


def test_status_tells_of_each_part(stack: LocalStack, directory: Path) -> None:
    status = command("status", directory)
    assert status.returncode == 0
    for part, port in ports(stack).items():
        assert part in status.stdout
        assert str(port) in status.stdout


def test_what_is_written_for_others_is_for_the_owner_only(stack: LocalStack) -> None:
    assert stack.layout.info.stat().st_mode & 0o077 == 0


class TestEnds:
    @pytest.fixture
    def running(self, directory: Path) -> Iterator[LocalStack]:
        """A stack that nobody waits for, as `up` leaves it; at once where one is up."""
        started = LocalStack(directory, PARTS).start(detached=True)
        yield started
        started.stop()

    @pytest.fixture
    def stopped(self, directory: Path) -> Path:
        LocalStack(directory).stop()
        return directory

    def test_no_part_outlives_a_killed_supervisor_and_up_goes_on_from_the_disk(
        self, running: LocalStack, directory: Path
    ) -> None:
        taken = ports(running)
        os.kill(running.state()["pid"], signal.SIGKILL)
        eventually(lambda: not strays(directory))
        eventually(lambda: not any(is_listening(port) for port in taken.values()))
        assert command("status", directory).returncode == 1
        up = command("up", directory)
        assert (up.returncode, up.stderr) == (0, "")
        assert ports(running) == taken
        assert works(running)

    def test_down_leaves_no_process_and_no_port(self, running: LocalStack, directory: Path) -> None:
        taken = ports(running)
        down = command("down", directory)
        assert (down.returncode, down.stdout) == (0, "The stack is down.\n")
        assert not strays(directory)
        assert not any(is_listening(port) for port in taken.values())
        assert not running.layout.info.exists()
        assert command("down", directory).returncode == 0

    def test_a_taken_port_is_replaced(self, stopped: Path) -> None:
        remembered = LocalStack(stopped, ("imageweb",))
        with remembered:
            port = ports(remembered)["imageweb"]
        with LocalStack(stopped, ("imageweb",)) as again:
            assert ports(again)["imageweb"] == port
        script = f"import socket; s = socket.create_server(('127.0.0.1', {port})); input()"
        with subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as squatter:
            eventually(lambda: is_listening(port))
            with LocalStack(stopped, ("imageweb",)) as elsewhere:
                assert ports(elsewhere)["imageweb"] != port
            squatter.kill()

    def test_a_stack_dies_with_the_program_that_runs_it(self, stopped: Path) -> None:
        script = (
            "import sys, pathlib; from scripts.devhost.stack import LocalStack\n"
            "LocalStack(pathlib.Path(sys.argv[1]), ('imageweb',)).start(); print(flush=True)\n"
            "input()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script, str(stopped)], cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ) as program:  # fmt: skip
            assert program.stdout is not None
            program.stdout.readline()
            assert is_running(LocalStack(stopped).layout)
            program.kill()
        eventually(lambda: not is_running(LocalStack(stopped).layout))
        eventually(lambda: not strays(stopped))

    def test_ctrl_c_while_starting_leaves_nothing(self, stopped: Path) -> None:
        with subprocess.Popen(
            [sys.executable, "-m", "scripts.devhost.stack", "up", "--directory", str(stopped),
             "--parts", ",".join(PARTS)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as starting:  # fmt: skip
            eventually(lambda: strays(stopped))
            starting.send_signal(signal.SIGINT)
            _, errors = starting.communicate(timeout=60)
        assert (starting.returncode, errors) == (130, "Interrupted.\n")
        assert not strays(stopped)
