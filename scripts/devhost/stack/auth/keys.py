"""The keys of the project: the one that signs access tokens, and the two API keys."""

import json
import secrets
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from scripts.devhost.stack.files import read_json, write_json

API_KEY_SECONDS: Final = 10 * 365 * 24 * 3600


@dataclass(frozen=True)
class Keys:
    """Made once per stack and kept in its directory, so that tokens outlive a restart."""

    kid: str
    private_jwk: dict[str, Any]
    api_secret: str
    anon: str
    service_role: str

    @classmethod
    def load(cls, directory: Path) -> Self:
        """The keys of the directory, made when it has none."""
        file = directory / "keys.json"
        content = read_json(file)
        if not content:
            content = _make()
            directory.mkdir(parents=True, exist_ok=True)
            write_json(file, content)
        return cls(**content)

    @property
    def jwks(self) -> dict[str, Any]:
        """The public half, as `/.well-known/jwks.json` shows it."""
        public = {name: self.private_jwk[name] for name in ("kty", "crv", "x", "y")}
        described = {"kid": self.kid, "use": "sig", "key_ops": ["verify"], "alg": "ES256"}
        return {"keys": [public | described | {"ext": True}]}

    def sign(self, claims: dict[str, Any]) -> str:
        """An access token with the claims."""
        return jwt.encode(claims, self._private(), algorithm="ES256", headers={"kid": self.kid})

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of an access token or an API key; raises `jwt.InvalidTokenError`."""
        if jwt.get_unverified_header(token).get("alg") == "HS256":
            return jwt.decode(token, self.api_secret, algorithms=["HS256"])
        return jwt.decode(
            token, self._private().public_key(), algorithms=["ES256"], audience="authenticated"
        )

    def _private(self) -> ec.EllipticCurvePrivateKey:
        key = ECAlgorithm.from_jwk(self.private_jwk)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the signing key is not private")
        return key


def _make() -> dict[str, Any]:
    private = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    secret = secrets.token_urlsafe(32)
    return {
        "kid": str(uuid.uuid4()),
        "private_jwk": json.loads(json.dumps(private)),
        "api_secret": secret,
        "anon": _api_key("anon", secret),
        "service_role": _api_key("service_role", secret),
    }


def _api_key(role: str, secret: str) -> str:
    now = int(time.time())
    claims = {
        "iss": "supabase", "ref": "local", "role": role, "iat": now, "exp": now + API_KEY_SECONDS,
    }  # fmt: skip
    return jwt.encode(claims, secret, algorithm="HS256")
