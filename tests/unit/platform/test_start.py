"""The app takes SIGTERM over from whoever waited for it, and hands it on when it has closed up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.platform.test_earlier_settings import OUR_OWN

ROOT = Path(__file__).parents[3]
PROGRAM = """
import asyncio, logging, os, signal, sys, uvloop
from shared.app.start import start

async def main():
    start()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(10)

def mine(*_):
    print("my turn", flush=True)
    sys.exit(7)

logging.basicConfig(level=logging.INFO)
if sys.argv[2:]:
    signal.signal(signal.SIGTERM, mine)
loop_factory = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}[sys.argv[1]]
with asyncio.Runner(loop_factory=loop_factory) as runner:
    runner.run(main())
"""


def ended(*arguments: str) -> tuple[int, str]:
    """The exit code of a process that is told to stop, and what it has said."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT, env={"PATH": os.environ["PATH"]} | OUR_OWN,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
class TestSigterm:
    def test_ends_the_process(self, loop: str) -> None:
        code, said = ended(loop)
        assert code == -15, said
        assert "stopped" in said

    def test_reaches_who_waited_for_it_before(self, loop: str) -> None:
        code, said = ended(loop, "waits")
        assert code == 7, said
        assert said.index("stopped") < said.index("my turn")
