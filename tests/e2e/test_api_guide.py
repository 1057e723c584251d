"""The commands of docs/api-guide.md, as they stand, one after the other."""

import os
import re
import subprocess
from pathlib import Path

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack

GUIDE = Path(__file__).parents[2] / "docs" / "api-guide.md"


def test_the_guide_does_what_it_says(stack: LocalStack, api: Api, tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    user = stack.info.users[0]
    account = {"API": stack.info.api_url, "EMAIL": user.email, "PASSWORD": user.password}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "".join(blocks)], cwd=tmp_path,
        env={**os.environ, **account}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [user.email, "5", "not_found"]
    assert (tmp_path / "image").read_bytes()[:3] in (b"\xff\xd8\xff", b"\x89PN", b"RIF", b"GIF")
