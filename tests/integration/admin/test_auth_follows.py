"""Supabase Auth is brought in line with what administrators decided."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from supabase_auth import SyncGoTrueClient
from supabase_auth.errors import AuthApiError

from shared.app.composition import Services
from shared.app.settings import Settings
from shared.identity import service as identity
from shared.identity.schemas import Credentials
from shared.platform.data.db import Database
from shared.platform.data.outbox import Dispatcher
from shared.platform.errors import AccountDisabled
from shared.platform.http.auth.principal import Principal
from tests.integration.admin.decisions import (
    delete,
    disable,
    enable,
)  # fmt: skip
from tests.integration.conftest import rows

PASSWORD = "correct horse"


class Nothing:
    """A durable client that starts what it is told."""

    async def get_status(self, instance_id: str) -> Any: ...

    async def start_new(
        self,
        orchestration_function_name: str,
        instance_id: str | None = None,
        client_input: Any | None = None,
    ) -> str:
        return str(instance_id)


@pytest.fixture
def dispatcher(services: Services) -> Dispatcher:
    return services.outbox


async def send(dispatcher: Dispatcher) -> None:
    await dispatcher.send_overdue(Nothing(), older_than=timedelta(0))


class TestAuth:
    """The stand-in has its users in another database than the test."""

    @pytest.fixture
    def users(self, settings: Settings) -> Iterator[SyncGoTrueClient]:
        key = settings.supabase_service_role_key.get_secret_value()
        headers = {"apikey": key, "Authorization": f"Bearer {key}"}
        with SyncGoTrueClient(url=f"{settings.supabase_url}/auth/v1", headers=headers) as client:
            yield client

    @pytest.fixture
    def email(self, users: SyncGoTrueClient, owner: Principal) -> str:
        """The address with which the owner signs in."""
        address = f"{owner.user_id}@example.com"
        users.admin.create_user(
            {"id": str(owner.user_id), "email": address, "password": PASSWORD,
             "email_confirm": True}
        )  # fmt: skip
        return address

    async def test_bans_admits_and_deletes_as_the_lock_says(
        self, database: Database, settings: Settings, dispatcher: Dispatcher,
        users: SyncGoTrueClient, boss: Principal, owner: Principal, email: str,
    ) -> None:  # fmt: skip
        credentials = Credentials(email=email, password=SecretStr(PASSWORD))
        await disable(database, boss, owner)
        for _ in range(2):
            await send(dispatcher)
            with pytest.raises(AccountDisabled):
                await identity.sign_in(settings, credentials)
            await rows(database, "UPDATE outbox SET sent_at = NULL RETURNING id")
        await enable(database, boss, owner)
        await send(dispatcher)  # the order to ban once more, which has been overtaken
        assert (await identity.sign_in(settings, credentials)).user.id == owner.user_id
        await delete(database, boss, owner)
        for _ in range(2):
            await send(dispatcher)
            with pytest.raises(AuthApiError, match="User not found"):
                users.admin.get_user_by_id(str(owner.user_id))
            await rows(database, "UPDATE outbox SET sent_at = NULL RETURNING id")

    async def test_is_asked_again_until_it_has_done_it(
        self, database: Database, settings: Settings, dispatcher: Dispatcher,
        users: SyncGoTrueClient, boss: Principal, owner: Principal, email: str,
    ) -> None:  # fmt: skip
        await delete(database, boss, owner)
        down = Services(settings.model_copy(update={"supabase_url": "http://127.0.0.1:1"}))
        await send(down.outbox)
        await down.close()
        assert users.admin.get_user_by_id(str(owner.user_id)).user.email == email
        due = "UPDATE outbox SET available_at = now() WHERE sent_at IS NULL RETURNING attempts"
        assert await rows(database, due) == [{"attempts": 1}]
        await send(dispatcher)
        with pytest.raises(AuthApiError, match="User not found"):
            users.admin.get_user_by_id(str(owner.user_id))

    @pytest.mark.parametrize(
        ("duration", "hours"), [("24h", 24), ("1h30m", 1.5), ("none", None), ("876000h", 876000)]
    )
    def test_stand_in_bans_for_go_durations(
        self, users: SyncGoTrueClient, owner: Principal, email: str,
        duration: str, hours: float | None,
    ) -> None:  # fmt: skip
        user = users.admin.update_user_by_id(str(owner.user_id), {"ban_duration": duration}).user
        assert (user.banned_until is None) == (hours is None)

    @pytest.mark.parametrize("duration", ["100y", "1", "h", "1h 2m"])
    def test_stand_in_refuses_what_go_does_not_parse(
        self, users: SyncGoTrueClient, owner: Principal, email: str, duration: str
    ) -> None:
        with pytest.raises(AuthApiError, match="invalid format for ban duration") as refusal:
            users.admin.update_user_by_id(str(owner.user_id), {"ban_duration": duration})
        assert (refusal.value.status, refusal.value.code) == (400, "validation_failed")
