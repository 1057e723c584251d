"""The reading of an upload whose orchestration is dead goes on where it stood."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shared.app.composition import Services
from shared.platform.durable import InstanceClient
from shared.platform.errors import Unavailable
from shared.platform.http.auth.principal import Principal
from shared.uploads import checking
from tests.integration.conftest import rows
from tests.integration.uploads.conftest import Send, complete, find, run


class DurableClient:
    """An engine that knows of no instance, and remembers what it is to start."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str | None, Any]] = []

    async def get_status_by(self, **_: object) -> list[Any]:
        return []

    async def get_status(self, instance_id: str) -> Any:
        return SimpleNamespace() if not instance_id else None

    async def start_new(self, name: str, instance_id: str | None, order: Any) -> str:
        self.started.append((name, instance_id, order))
        return instance_id or ""


async def test_by_the_reconciler(
    services: Services, owner: Principal, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await send("".join(f"https://a.example/{n}.jpg\n" for n in range(25)), "l.txt")
    await complete(services, owner, made.id)
    monkeypatch.setattr(checking, "BATCH", 10)
    with monkeypatch.context() as patch:
        heard = services.database.transaction

        def fails_later(*arguments: Any) -> Any:
            fails_later.left -= 1  # type: ignore[attr-defined]
            if fails_later.left < 0:  # type: ignore[attr-defined]
                raise Unavailable("The worker dies.")
            return heard(*arguments)

        fails_later.left = 3  # type: ignore[attr-defined] # the begin, the form, a batch
        patch.setattr(services.database, "transaction", fails_later)
        with pytest.raises(Unavailable):
            await services.uploads.check(made.id, 1)
    assert (await find(services, owner, made.id)).records == 10
    quiet = "UPDATE runs SET heard_at = now() - %(by)s RETURNING subject_id"
    await rows(services.database, quiet, by=timedelta(minutes=5))
    client = DurableClient()
    assert await services.reconciler.restart_quiet(cast(InstanceClient, client)) == 1
    order = {"upload_id": made.id, "attempt": 1}
    assert client.started == [("upload", f"upload-{made.id}-1", order)]
    assert await run(services, made.id) == "completed"
    assert (await find(services, owner, made.id)).rows == 25
