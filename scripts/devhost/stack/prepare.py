"""What must be on the disk before a stack can start; done once per clone."""

from collections.abc import Callable

from scripts.devhost.imageweb.catalogue import build
from scripts.devhost.imageweb.options import parser
from scripts.devhost.stack.plan import Request
from scripts.devhost.stack.storage import install_azurite


def prepare(request: Request, say: Callable[[str], None]) -> None:
    """Install the npm packages and build the image web, if they are wanted and missing."""
    if "azurite" in request.parts:
        install_azurite(say)
    if "imageweb" in request.parts:
        options = parser().parse_args(request.image_web_options)
        build(options.directory, options.seed, per_keyword=options.per_keyword, say=say)
