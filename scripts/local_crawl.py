"""``crawl.sh``: the command line of `scripts/crawl`, and the local stack as its service."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console

from scripts.crawl.__main__ import main
from scripts.crawl.api import Api, ApiError
from scripts.devhost.errors import StackError
from scripts.devhost.paths import SHARED
from scripts.devhost.stack import LocalStack
from shared.credits.tiers import PACKAGES, TIERS

PACKAGE = "enterprise"
MOST = TIERS[PACKAGES[PACKAGE].tier].images_per_job


@contextmanager
def local_api(console: Console, images: int) -> Iterator[Api]:
    """A client signed in as a demo user, who can pay and ask for so many images.

    Raises:
        ApiError: there is no local stack with a host, and it cannot be started.
    """
    stack = LocalStack(SHARED)
    if stack.running and not stack.info.api_url:
        raise ApiError(
            "The local stack runs without its host: ./scripts/stack.sh down, then again, or name "
            "the API with --api-url."
        )
    if not stack.running:
        console.print("Starting the local stack (./scripts/stack.sh up keeps it running) …")
    with ExitStack() as opened:
        try:
            if not stack.running:
                opened.enter_context(stack)
            api = opened.enter_context(Api(stack.info.api_url))
        except StackError as error:
            raise ApiError(str(error)) from None
        sign_in(api, stack, credits=images)
        yield api


def sign_in(api: Api, stack: LocalStack, *, credits: int) -> None:
    """Signs in as the stack's first user; in development credits cost nothing."""
    user = stack.info.users[0]
    api.sign_in(user.email, user.password)
    wanted = min(credits, MOST)
    while min((had := api.get("credits/balance"))["available"], had["max_images_per_job"]) < wanted:
        api.post("credits/purchase", {"package_id": PACKAGE})


if __name__ == "__main__":
    sys.exit(main(local_api))
