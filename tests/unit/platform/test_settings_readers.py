"""Every setting has a reader, or is said to be idle."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from shared.app.settings import Settings
from shared.app.settings.idle import IDLE

ROOT = Path(__file__).parents[3]
SETTINGS = "shared/platform/settings"
# Who declares settings, or says which are idle, reads them by properties alone.
DECLARING = ("shared/*/settings.py", "shared/app/settings/*.py", f"{SETTINGS}/*.py")
DECLARED = {path for pattern in DECLARING for path in ROOT.glob(pattern)}
# What goes by its variable or by a quoted name, and the file that has it so.
BY_NAME = {
    "allowed_origins": ("ALLOWED_ORIGINS", "infra/modules/functionapp.bicep"),
    "key_vault_url": ("KEY_VAULT_URL", f"{SETTINGS}/sources.py"),
    "redis_url": ("redis_url", f"{SETTINGS}/sources.py"),
    "storage_provider": ("storage_provider", f"{SETTINGS}/parts.py"),
}
OWNERS = {"settings", "_settings", "get_settings()"}  # and a group by its own name


def places(model: type[BaseModel] = Settings, group: str = "") -> Iterator[str]:
    """Every setting, as ``field`` or ``group.field``."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from places(field.annotation, f"{group}{name}.")
        else:
            yield group + name


def reads(source: str, *, own: bool = False) -> Iterator[tuple[str, str]]:
    """Who is asked for which attribute; of the settings' ``own`` source by properties alone."""
    tree = ast.parse(source)
    inside = [f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and _is_property(f)]
    aliases: dict[str, str] = {}
    for node in (node for part in (inside if own else [tree]) for node in ast.walk(part)):
        match node:
            case ast.Assign(targets=[ast.Name(id=alias)], value=ast.Attribute(attr=group)):
                aliases[alias] = group
            case ast.Attribute():
                owner = ast.unparse(node.value).rpartition(".")[2]
                yield aliases.get(owner, owner), node.attr


def _is_property(function: ast.FunctionDef) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "property" for d in function.decorator_list)


def unread(settings: Iterable[str], read: set[tuple[str, str]]) -> set[str]:
    """Those that nobody asks for."""
    return {
        place
        for place in settings
        for *groups, name in [place.split(".")]
        if not {(owner, name) for owner in (groups[-1:] or [*OWNERS, "self"])} & read
    }


@pytest.fixture(scope="module")
def read() -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for folder in ("shared", "functions", "orchestrations", "scripts"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= set(reads(path.read_text(), own=path in DECLARED))
    return found


def test_who_is_not_read_is_said_to_be_idle(read: set[tuple[str, str]]) -> None:
    idle = {place for place, _ in IDLE.values()}
    assert unread(places(), read) == idle | set(BY_NAME)


@pytest.mark.parametrize(("place", "where"), BY_NAME.items())
def test_what_goes_by_its_name_does(place: str, where: tuple[str, str]) -> None:
    name, file = where
    assert place in places()
    assert name in (ROOT / file).read_text()


@pytest.mark.parametrize(
    ("source", "own", "found"),
    [
        ("services().settings.log_level", False, {"log_level"}),
        ("get_settings().logging.use_json", False, {"logging.use_json"}),
        ("wanted = settings.logging\nwanted.use_json", False, {"logging.use_json"}),
        ("self.logging.use_json", False, {"logging.use_json"}),
        ("job.log_level; image.use_json", False, set()),
        ("@property\ndef level(self): return self.log_level", True, {"log_level"}),
        ("@check\ndef level(self): return self.log_level", True, set()),
    ],
)
def test_a_setting_without_a_reader_is_found(source: str, own: bool, found: set[str]) -> None:
    both = {"log_level", "logging.use_json"}
    assert unread(both, set(reads(source, own=own))) == both - found
