"""Which parts a stack has and what they are told of each other."""

import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from scripts.devhost.errors import StackError
from scripts.devhost.paths import ROOT
from scripts.devhost.stack import storage
from scripts.devhost.stack.app_settings import app_settings
from scripts.devhost.stack.auth.keys import Keys
from scripts.devhost.stack.files import read_json, write_json
from scripts.devhost.stack.info import StackInfo, User
from scripts.devhost.stack.layout import Layout
from scripts.devhost.stack.parts import Database, Part, Server, http_call, http_probe
from scripts.devhost.stack.ports import choose_ports, is_listening

PARTS: Final = ("postgres", "azurite", "imageweb", "auth", "host")
USERS: Final = ("ada@pixcrawler.test", "grace@pixcrawler.test")


@dataclass
class Request:
    """What the supervisor is asked to run."""

    parts: tuple[str, ...] = PARTS
    environment: dict[str, str] = field(default_factory=dict)
    host_options: tuple[str, ...] = ()
    image_web_options: tuple[str, ...] = ()
    ports: dict[str, int] = field(default_factory=dict)  # those that somebody asked for
    # Supabase Auth signs with a shared secret, as in older projects.
    legacy_jwt: bool = False
    # End when the standard input closes, which is when whoever asked is gone.
    tied: bool = False


class Plan:
    """The parts of one stack, in the order in which they are started."""

    def __init__(self, layout: Layout, request: Request) -> None:
        self.layout = layout
        self.request = request
        wanted = [part for part in PARTS if part in request.parts]
        names = [name for part in wanted for name in _port_names(part)]
        self.ports = choose_ports(layout.ports, names, request.ports)
        self.keys = Keys.load(layout.data("auth"), legacy=request.legacy_jwt)
        self.secrets = _secrets(layout)
        makers = {
            "postgres": self._postgres, "azurite": self._azurite, "imageweb": self._imageweb,
            "auth": self._auth, "host": self._host,
        }  # fmt: skip
        self.parts: dict[str, Part] = {name: makers[name]() for name in wanted}

    def _postgres(self) -> Part:
        return Database(port=self.ports["postgres"], data=self.layout.data("postgres"))

    def _azurite(self) -> Part:
        ports = self._azurite_ports()
        data = self.layout.data("azurite")
        return Server(
            name="azurite", port=ports["blob"], command=storage.command(data, ports),
            environment=dict, log=self.layout.log("azurite"),
            probe=lambda: all(is_listening(port) for port in ports.values()),
        )  # fmt: skip

    def _imageweb(self) -> Part:
        port = self.ports["imageweb"]
        command = [sys.executable, "-m", "scripts.devhost.imageweb", "--port", str(port)]
        return Server(
            name="imageweb", port=port, command=[*command, *self.request.image_web_options],
            environment=dict, log=self.layout.log("imageweb"),
            probe=lambda: http_probe(port, "/robots.txt"),
        )  # fmt: skip

    def _auth(self) -> Part:
        port = self.ports["auth"]
        options = ["--directory", str(self.layout.data("auth"))]
        if self.request.legacy_jwt:
            options.append("--legacy-jwt")
        return Server(
            name="auth", port=port,
            command=[sys.executable, "-m", "scripts.devhost.stack.auth", "--port", str(port),
                     *options],
            environment=lambda: {"DATABASE_URL": self.database_url},
            log=self.layout.log("auth"),
            probe=lambda: http_probe(port, "/auth/v1/health", {"apikey": self.keys.anon}),
        )  # fmt: skip

    def _host(self) -> Part:
        port = self.ports["host"]
        command = [
            sys.executable, "-m", "scripts.devhost", "--app", str(ROOT), "--port", str(port),
            "--address", "127.0.0.1", "--state", str(self.layout.data("host")),
        ]  # fmt: skip
        return Server(
            name="host", port=port, command=[*command, *self.request.host_options],
            environment=self.app_environment, log=self.layout.log("host"),
            probe=lambda: http_probe(port, "/admin/host/status"), grace=15,
        )  # fmt: skip

    @property
    def database_url(self) -> str:
        """Where PostgreSQL is reached, once it was started."""
        database = self.parts.get("postgres")
        return database.url if isinstance(database, Database) else ""

    def app_environment(self) -> Mapping[str, str]:
        """The settings of the function app on this stack."""
        settings = app_settings(self.info(), self.secrets["api_key_pepper"])
        return {"FUNCTIONS_WORKER_PROCESS_COUNT": "2", **settings, **self.request.environment}

    def info(self) -> StackInfo:
        """What other programs need to know."""
        return StackInfo(
            api_url=self._url("host"),
            database_url=self.database_url,
            storage_connection_string=(
                storage.connection_string(self._azurite_ports()) if "azurite" in self.parts else ""
            ),
            supabase_url=self._url("auth"),
            supabase_anon_key=self.keys.anon if "auth" in self.parts else "",
            supabase_service_role_key=self.keys.service_role if "auth" in self.parts else "",
            image_web_url=self._url("imageweb"),
            users=tuple(User(email, self.secrets["user_password"]) for email in USERS)
            if "auth" in self.parts
            else (),
        )

    def provision(self) -> None:
        """What must exist before the host starts: containers, queues, demo users."""
        if "azurite" in self.parts:
            storage.create_containers_and_queues(self._azurite_ports())
        for user in self.info().users:
            self._create_user(user)

    def _create_user(self, user: User) -> None:
        key = self.keys.service_role
        status, answer = http_call(
            self.ports["auth"], "POST", "/auth/v1/admin/users",
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            body=json.dumps(
                {"email": user.email, "password": user.password, "email_confirm": True}
            ),
        )  # fmt: skip
        if status != 200 and b"email_exists" not in answer:
            raise StackError(f"Supabase Auth did not make the user {user.email}: {answer!r}")

    def _azurite_ports(self) -> dict[str, int]:
        return {service: self.ports[f"azurite-{service}"] for service in storage.SERVICES}

    def _url(self, part: str) -> str:
        return f"http://127.0.0.1:{self.ports[part]}" if part in self.parts else ""


def _port_names(part: str) -> tuple[str, ...]:
    if part == "azurite":
        return tuple(f"azurite-{service}" for service in storage.SERVICES)
    return (part,)


def _secrets(layout: Layout) -> dict[str, str]:
    content = read_json(layout.secrets)
    if not content:
        content = {
            "api_key_pepper": secrets.token_urlsafe(32),
            "user_password": secrets.token_urlsafe(12),
        }
        write_json(layout.secrets, content)
    return content
