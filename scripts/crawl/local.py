"""The local stack as the service to crawl with."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console

from scripts.crawl.api import Api, ApiError
from scripts.devhost.stack import LocalStack
from scripts.devhost.stack.layout import SHARED

PACKAGE = "enterprise"
ENOUGH = 50_000  # no plan allows more images in one job


@contextmanager
def local_api(console: Console, *, credits: int) -> Iterator[Api]:
    """A client signed in as a demo user, with at least ``credits`` credits."""
    stack = LocalStack(SHARED)
    if stack.running and not stack.info.api_url:
        raise ApiError(
            "The local stack runs without its host: ./scripts/stack.sh down, then again, or name "
            "the API with --api-url."
        )
    if not stack.running:
        console.print("Starting the local stack (./scripts/stack.sh up keeps it running) …")
    with nullcontext(stack) if stack.running else stack, Api(stack.info.api_url) as api:
        sign_in(api, stack, credits=credits)
        yield api


def sign_in(api: Api, stack: LocalStack, *, credits: int) -> None:
    """Signs in as the stack's first user; in development credits cost nothing."""
    user = stack.info.users[0]
    api.sign_in(user.email, user.password)
    while api.get("credits/balance")["available"] < min(credits, ENOUGH):
        api.post("credits/purchase", {"package_id": PACKAGE})
