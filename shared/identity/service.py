"""Sign-up, sign-in and the profile."""

from shared.identity import repo, supabase_auth
from shared.identity.schemas import Credentials, ProfileOut, SessionOut, Signup, SignupOut
from shared.platform.bootstrap import Services
from shared.platform.db import Transaction
from shared.platform.errors import NotFound
from shared.platform.principal import Principal
from shared.platform.settings import Settings


async def sign_up(settings: Settings, account: Signup) -> SignupOut:
    """Creates the account at Supabase; the database then makes profile, credits and preferences."""
    return await supabase_auth.sign_up(settings, account)


async def sign_in(settings: Settings, credentials: Credentials) -> SessionOut:
    """A session for the right password."""
    return await supabase_auth.sign_in(settings, credentials)


async def get_profile(transaction: Transaction, principal: Principal) -> ProfileOut:
    """The caller's profile.

    Raises:
        NotFound: the account was deleted while its token still lives.
    """
    profile = await repo.find_profile(transaction, principal.user_id)
    if profile is None:
        raise NotFound("This account has no profile any more.")
    return profile


async def is_admin(services: Services, user: Principal) -> bool:
    """Whether the user is an administrator, asked of the database each time: a role can be lost."""
    async with services.database.transaction() as transaction:
        profile = await repo.find_profile(transaction, user.user_id)
    return profile is not None and profile.role == "admin"
