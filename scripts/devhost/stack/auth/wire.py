"""Users and sessions as GoTrue writes them."""

import time
import uuid
from datetime import datetime
from typing import Any, Final

from scripts.devhost.stack.auth.keys import Keys

ACCESS_SECONDS: Final = 3600
Row = dict[str, Any]


def user_out(user: Row) -> Row:
    """The user object of every answer."""
    confirmed = _time(user["email_confirmed_at"])
    return {
        "id": str(user["id"]),
        "aud": user["aud"],
        "role": user["role"],
        "email": user["email"],
        **({"email_confirmed_at": confirmed, "confirmed_at": confirmed} if confirmed else {}),
        "phone": user["phone"] or "",
        **({"last_sign_in_at": signed} if (signed := _time(user["last_sign_in_at"])) else {}),
        "app_metadata": user["raw_app_meta_data"] or {},
        "user_metadata": user["raw_user_meta_data"] or {},
        "identities": [_identity(user)],
        "created_at": _time(user["created_at"]),
        "updated_at": _time(user["updated_at"]),
        "is_anonymous": user["is_anonymous"],
        **({"banned_until": banned} if (banned := _time(user["banned_until"])) else {}),
    }


def session_out(keys: Keys, issuer: str, user: Row, session: Row, refresh_token: str) -> Row:
    """The answer of a sign-in or a refresh."""
    now = int(time.time())
    return {
        "access_token": keys.sign(_claims(issuer, user, session, now)),
        "token_type": "bearer",
        "expires_in": ACCESS_SECONDS,
        "expires_at": now + ACCESS_SECONDS,
        "refresh_token": refresh_token,
        "user": user_out(user),
        "weak_password": None,
    }


def _claims(issuer: str, user: Row, session: Row, now: int) -> Row:
    return {
        "iss": issuer,
        "sub": str(user["id"]),
        "aud": user["aud"],
        "exp": now + ACCESS_SECONDS,
        "iat": now,
        "email": user["email"],
        "phone": user["phone"] or "",
        "app_metadata": user["raw_app_meta_data"] or {},
        "user_metadata": user["raw_user_meta_data"] or {},
        "role": user["role"],
        "aal": session["aal"],
        "amr": [{"method": "password", "timestamp": int(session["created_at"].timestamp())}],
        "session_id": str(session["id"]),
        "is_anonymous": user["is_anonymous"],
    }


def _identity(user: Row) -> Row:
    return {
        # There is one identity per user here, so its id can follow from the user's.
        "identity_id": str(uuid.uuid5(user["id"], "email")),
        "id": str(user["id"]),
        "user_id": str(user["id"]),
        "identity_data": {
            "email": user["email"],
            "email_verified": user["email_confirmed_at"] is not None,
            "phone_verified": False,
            "sub": str(user["id"]),
        },
        "provider": "email",
        "last_sign_in_at": _time(user["last_sign_in_at"]),
        "created_at": _time(user["created_at"]),
        "updated_at": _time(user["updated_at"]),
        "email": user["email"],
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
