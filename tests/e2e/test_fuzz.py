"""Generated requests against every operation of the OpenAPI document, as both kinds of caller."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

import function_app  # noqa: F401 - importing it declares the endpoints
from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from shared.platform.http.registry import endpoints

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
# Signing up and in is limited per address, signing out would end the caller's session.
LEFT_OUT = "auth/(signup|login|logout|refresh)|docs/assets"


@pytest.fixture
def user(stack: LocalStack) -> Iterator[Api]:
    """Somebody of their own: the requests change settings that other tests rely on."""
    account = {"email": f"{uuid4().hex}@example.com", "password": uuid4().hex}
    with Api(stack.info.api_url) as api:
        api.post("auth/signup", account)
        api.sign_in(**account)
        api.post("credits/purchase", {"package_id": "starter"})
        yield api


@pytest.mark.parametrize("caller", ["user", "key"])
def test_no_request_breaks_the_contract(
    user: Api, stack: LocalStack, tmp_path: Path, caller: str
) -> None:
    header = f"Authorization: {user.authorization}"
    phases = "examples,coverage,fuzzing"
    if caller == "key":
        phases = "examples,fuzzing"  # how input is judged does not depend on who sent it
        scopes = sorted({e.scope for e in endpoints.values() if e.scope})
        header = f"X-API-Key: {user.post('api-keys', {'name': 'f', 'permissions': scopes})['key']}"
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [str(program), "run", f"{stack.info.api_url}/openapi.json", "-H", header,
         "--max-examples", os.environ.get("FUZZ_EXAMPLES", "5"), "--checks", ",".join(CHECKS),
         "--phases", phases, "--exclude-path-regex", LEFT_OUT, "--seed", "1"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
