"""Sessions at Supabase Auth, and the profile that belongs to a user."""

from dataclasses import replace
from uuid import uuid4

import pytest
from pydantic import SecretStr, ValidationError

from scripts.devhost.stack import LocalStack
from shared.app.settings import Settings
from shared.identity import service as identity
from shared.identity.errors import InvalidCredentials, InvalidRefreshToken
from shared.identity.schemas import Credentials, ProfileUpdate, RefreshRequest, SessionOut
from shared.platform.data.cache import NoCache
from shared.platform.data.db import Database
from shared.platform.errors import NotFound
from shared.platform.http.auth.principal import Principal
from tests.integration.conftest import make_user, rows


@pytest.fixture
async def session(stack_services: LocalStack, settings: Settings) -> SessionOut:
    user = stack_services.info.users[0]
    credentials = Credentials(email=user.email, password=SecretStr(user.password))
    return await identity.sign_in(settings, credentials)


async def refresh(settings: Settings, token: str) -> SessionOut:
    return await identity.refresh(settings, RefreshRequest(refresh_token=SecretStr(token)))


class TestSession:
    async def test_a_refresh_token_gives_a_new_session(
        self, settings: Settings, session: SessionOut
    ) -> None:
        renewed = await refresh(settings, session.refresh_token)
        assert renewed.user == session.user
        assert renewed.refresh_token != session.refresh_token

    async def test_an_unknown_one_gives_none(self, settings: Settings) -> None:
        with pytest.raises(InvalidRefreshToken):
            await refresh(settings, "made-up")

    async def test_a_wrong_password_gives_none(
        self, settings: Settings, session: SessionOut
    ) -> None:
        credentials = Credentials(email=session.user.email, password=SecretStr("not-this-one"))
        with pytest.raises(InvalidCredentials):
            await identity.sign_in(settings, credentials)

    async def test_signing_out_revokes_it_and_again_is_no_error(
        self, settings: Settings, session: SessionOut
    ) -> None:
        for _ in range(2):
            await identity.sign_out(settings, session.access_token)
        with pytest.raises(InvalidRefreshToken):
            await refresh(settings, session.refresh_token)


class TestProfile:
    async def test_of_a_user_from_before_is_made_with_all_that_belongs_once(
        self, database: Database, owner: Principal
    ) -> None:
        await rows(database, "DELETE FROM profiles RETURNING id")
        user = replace(owner, email="old@example.com", full_name="Old User")
        for _ in range(2):
            profile = await identity.get_profile(database, NoCache(), user)
        assert (profile.email, profile.full_name, profile.role) == (
            "old@example.com",
            "Old User",
            "user",
        )
        assert await rows(database, "SELECT type, amount FROM credit_transactions") == [
            {"type": "bonus", "amount": 100}
        ]
        assert len(await rows(database, "SELECT id FROM notification_preferences")) == 1

    async def test_of_a_deleted_account_is_not_made(self, database: Database) -> None:
        with pytest.raises(NotFound):
            await identity.get_profile(
                database, NoCache(), Principal(uuid4(), email="gone@example.com")
            )

    async def test_sync_takes_the_name_and_never_what_the_user_has_changed(
        self, database: Database, owner: Principal
    ) -> None:
        user = replace(owner, full_name="From Token")
        for update in (None, ProfileUpdate(full_name="Chosen")):
            async with database.transaction() as transaction:
                if update:
                    await identity.update_profile(transaction, user, update)
                profile = await identity.sync_profile(transaction, user)
        assert profile.full_name == "Chosen"

    async def test_the_address_is_that_at_auth_whatever_an_older_token_says(
        self, database: Database, owner: Principal
    ) -> None:
        user = replace(owner, email=f"{owner.user_id}@example.com")
        async with database.transaction() as transaction:
            await transaction.connection.execute("RESET ROLE")
            await transaction.connection.execute(
                "UPDATE auth.users SET email = 'new@example.com' WHERE id = %(id)s",
                {"id": owner.user_id},
            )
        assert (await identity.get_profile(database, NoCache(), user)).email == "new@example.com"
        async with database.transaction() as transaction:
            assert (await identity.sync_profile(transaction, user)).email == "new@example.com"

    async def test_anothers_address_cannot_be_taken(
        self, database: Database, owner: Principal
    ) -> None:
        other = await make_user(database)
        await rows(
            database, "DELETE FROM profiles WHERE id = %(id)s RETURNING id", id=owner.user_id
        )
        taken = replace(owner, email=f"{other.user_id}@example.com")
        made = await identity.get_profile(database, NoCache(), taken)
        assert made.email == f"{owner.user_id}@no-email.invalid"

    async def test_onboarding_is_completed_at_one_moment(
        self, database: Database, owner: Principal
    ) -> None:
        moments = []
        for done in (True, True, False):
            async with database.transaction() as transaction:
                update = ProfileUpdate(onboarding_completed=done)
                profile = await identity.update_profile(transaction, owner, update)
            moments.append(profile.onboarding_completed_at)
        assert moments[0] is not None
        assert moments[0] == moments[1]
        assert moments[2] is None

    @pytest.mark.parametrize(
        "fields",
        [
            {"role": "admin"},
            {"email": "x@example.com"},
            {"onboarding_completed": None},
            {"avatar_url": "javascript:alert(1)"},
        ],
    )
    def test_nothing_else_can_be_changed(self, fields: dict[str, object]) -> None:
        with pytest.raises(ValidationError):
            ProfileUpdate.model_validate(fields)
