"""What other programs need to know of a running stack."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from scripts.devhost.errors import StackError
from scripts.devhost.stack.files import read_json, write_json


@dataclass(frozen=True)
class User:
    """A demo user, who can sign in."""

    email: str
    password: str


@dataclass(frozen=True)
class StackInfo:
    """Addresses, keys and users; empty strings for parts that were not asked for."""

    api_url: str
    database_url: str
    storage_connection_string: str
    supabase_url: str
    supabase_anon_key: str
    supabase_service_role_key: str
    image_web_url: str
    users: tuple[User, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """The description that a stack wrote when it became ready."""
        content = read_json(path)
        if not content:
            raise StackError(f"There is no running stack: {path} is missing.")
        return cls.of(content)

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        """The description out of its JSON object."""
        users = tuple(User(**user) for user in content.pop("users"))
        return cls(**content, users=users)

    def write(self, path: Path) -> None:
        """Write the description for `read`."""
        write_json(path, asdict(self))
