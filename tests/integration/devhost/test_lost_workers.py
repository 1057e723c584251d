"""Workers that end in unusual ways: the host sees it, says it and goes on with another one."""

import os
import sys
from pathlib import Path

import pytest

from scripts.devhost.host.worker_process import WORKER_PYTHON
from tests.integration.devhost.hosting import RunningHost, eventually

HEAD = "import asyncio, multiprocessing, os, subprocess, sys, threading, time\n"
APP = f"""{HEAD}
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

def sleep():
    return subprocess.Popen(["sleep", "60"]).pid

def fork():
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    child.start()
    return child.pid

@app.route("begin/{{what}}")
def begin(req: func.HttpRequest) -> str:
    children = {{"sleep": sleep, "fork": fork, "nothing": int}}
    return str(children[req.route_params["what"]]())


@app.route("pid")
def pid(req: func.HttpRequest) -> str:
    return str(os.getpid())
"""


def host_of(directory: Path, source: str, **environment: str) -> RunningHost:
    host = RunningHost(directory, "lost.py", **environment)
    (host.app / "lost.py").write_text(source)
    return host


@pytest.mark.parametrize("what", ["sleep", "fork", "nothing"])
def test_worker_whose_children_live_on_is_replaced(tmp_path: Path, what: str) -> None:
    with host_of(tmp_path, APP).start() as host:
        worker = int(host.client.get("/api/pid").text)
        child = int(host.client.get(f"/api/begin/{what}").text)
        try:
            os.kill(worker, 9)
            eventually(lambda: host.worker_pids() not in ([], [worker]), 15)
            assert int(host.client.get("/api/pid").text) != worker
        finally:
            if child:
                os.kill(child, 9)


@pytest.mark.parametrize(
    "raising",
    ["class Odd(BaseException): ...\nraise Odd('why')", "raise asyncio.CancelledError('why')",
     "threading.Thread(target=time.sleep, args=(60,)).start()\nsys.exit('why')"],
)  # fmt: skip
def test_app_that_ends_its_import_by_no_exception(tmp_path: Path, raising: str) -> None:
    host = host_of(tmp_path, f"{HEAD}{raising}\n")
    host.launch()
    assert host.wait() == 1
    log = host.log.read_text()
    assert "The worker process ended while it loaded the app; its last words stand above." in log
    assert ": why" in log
    host.client.close()


def test_python_that_is_away_for_a_while(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    environment = {WORKER_PYTHON: str(python), "PYTHONPATH": os.pathsep.join(sys.path)}
    with host_of(tmp_path, APP, **environment).start() as host:
        worker = int(host.client.get("/api/pid").text)
        python.unlink()
        os.kill(worker, 9)
        eventually(lambda: f"Cannot start a worker with {python}" in host.log.read_text())
        python.symlink_to(sys.executable)
        assert int(host.client.get("/api/pid").text) != worker


def test_python_that_is_not_there(tmp_path: Path) -> None:
    host = host_of(tmp_path, APP, **{WORKER_PYTHON: "/not/there"})
    host.launch()
    assert host.wait() == 1
    log = host.log.read_text()
    assert "Cannot start a worker with /not/there: No such file or directory." in log
    assert "Traceback" not in log
    host.client.close()
