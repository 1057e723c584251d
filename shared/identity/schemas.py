"""What goes in and out of sign-up, sign-in and the profile."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, SecretStr

from shared.platform.http.patch import Patch, unchanged
from shared.platform.model import Input, Model

# Only the shape: whether the address exists is for Supabase to find out.
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=255)]
Password = Annotated[SecretStr, Field(min_length=6, max_length=72)]


class Credentials(Input):
    """An e-mail address and its password."""

    email: Email
    password: Password


class Signup(Credentials):
    """A new account."""

    full_name: Annotated[str | None, Field(max_length=100)] = None


class RefreshRequest(Input):
    """The refresh token of a session."""

    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=500)]


class TokenOut(Model):
    """Whose access token it is, and until when it is valid."""

    valid: bool
    user_id: UUID
    email: str | None
    role: str
    expires_at: datetime


class UserOut(Model):
    """A user as Supabase Auth knows them."""

    id: UUID
    email: str


class SessionOut(Model):
    """A session: send ``access_token`` as bearer token."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str
    user: UserOut


class SignupOut(Model):
    """The new user; ``session`` is absent while the address waits to be confirmed."""

    user: UserOut
    session: SessionOut | None


class ProfileOut(Model):
    """A user's profile."""

    id: UUID
    email: str
    full_name: str | None
    avatar_url: str | None
    role: str
    onboarding_completed: bool
    onboarding_completed_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ProfileUpdate(Patch):
    """Changes of the own profile."""

    full_name: Annotated[str | None, Field(max_length=100)] = unchanged()
    avatar_url: Annotated[str | None, Field(max_length=2000, pattern=r"^https?://\S+$")] = (
        unchanged()
    )
    onboarding_completed: bool = unchanged()
