"""The function app's product code: domains above, crawl in the middle, platform below.

A module of this package runs when something is first taken from it, not when it is imported: an
instance that starts, perhaps for timers alone, loads no driver and no client before it uses them.
Hence triggers write ``from shared.jobs import service``, for which nothing runs yet.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType


class _Present(Loader):
    """Gives the module that is there already.

    A package that runs at last, since a module of its own is imported, may import that module too:
    it must not run twice.
    """

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return sys.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None: ...


class _LazyFinder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith(f"{__name__}."):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Present() if name in sys.modules else LazyLoader(spec.loader)
        return spec


sys.meta_path.insert(0, _LazyFinder())
