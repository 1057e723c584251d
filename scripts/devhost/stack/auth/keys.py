"""The keys of the project: what signs access tokens, and the two API keys."""

import json
import secrets
import string
import time
import uuid
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from scripts.devhost.stack.files import read_json, write_json

API_KEY_SECONDS: Final = 10 * 365 * 24 * 3600


@dataclass(frozen=True)
class Keys:
    """Made once per stack and kept in its directory, so that tokens outlive a restart.

    A `legacy` project signs with its shared secret and publishes no key. Every other one signs with
    its private key and still accepts what the secret has signed, as projects do that have migrated.
    """

    kid: str
    private_jwk: dict[str, Any]
    api_secret: str
    anon: str
    service_role: str
    legacy: bool = False

    @classmethod
    def load(cls, directory: Path, *, legacy: bool = False) -> Self:
        """The keys of the directory, made when it has none."""
        file = directory / "keys.json"
        content = read_json(file)
        if not content:
            content = _make()
            directory.mkdir(parents=True, exist_ok=True)
            write_json(file, content)
        return cls(**content, legacy=legacy)

    @property
    def public_jwk(self) -> dict[str, Any]:
        """The public half of the private key."""
        public = {name: self.private_jwk[name] for name in ("kty", "crv", "x", "y")}
        described = {"kid": self.kid, "use": "sig", "key_ops": ["verify"], "alg": "ES256"}
        return public | described | {"ext": True}

    @property
    def jwks(self) -> dict[str, Any]:
        """What `/.well-known/jwks.json` shows: a shared secret never."""
        return {"keys": [] if self.legacy else [self.public_jwk]}

    def sign(self, claims: dict[str, Any]) -> str:
        """An access token with the claims."""
        if self.legacy:
            return self.sign_with_secret(claims, {"kid": self.secret_kid})
        return jwt.encode(claims, self._private(), algorithm="ES256", headers={"kid": self.kid})

    def sign_with_secret(self, claims: dict[str, Any], headers: dict[str, Any]) -> str:
        """An access token of a legacy project; self-hosted ones have no key id."""
        return jwt.encode(claims, self.api_secret, algorithm="HS256", headers=headers)

    @property
    def secret_kid(self) -> str:
        """The id of the shared secret, 16 characters as on Supabase."""
        return b64encode(sha256(self.api_secret.encode()).digest()[:12]).decode()

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of an access token or an API key; raises `jwt.InvalidTokenError`.

        The key id chooses the key; what HS256 has signed under no known one, the secret verifies.
        """
        header = jwt.get_unverified_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        unchecked: Any = {"verify_aud": False}  # each endpoint knows whom it is for
        if kid == self.kid and not self.legacy:
            key = self._private().public_key()
            return jwt.decode(token, key, algorithms=["ES256"], options=unchecked)
        if algorithm != "HS256":
            raise jwt.InvalidTokenError(f"unrecognized JWT kid {kid} for algorithm {algorithm}")
        return jwt.decode(token, self.api_secret, algorithms=["HS256"], options=unchecked)

    def _private(self) -> ec.EllipticCurvePrivateKey:
        key = ECAlgorithm.from_jwk(self.private_jwk)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the signing key is not private")
        return key


def _make() -> dict[str, Any]:
    private = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    secret = secrets.token_urlsafe(32)
    reference = "".join(secrets.choice(string.ascii_lowercase) for _ in range(20))
    return {
        "kid": str(uuid.uuid4()),
        "private_jwk": json.loads(json.dumps(private)),
        "api_secret": secret,
        "anon": _api_key("anon", reference, secret),
        "service_role": _api_key("service_role", reference, secret),
    }


def _api_key(role: str, reference: str, secret: str) -> str:
    now = int(time.time())
    claims = {
        "iss": "supabase", "ref": reference, "role": role, "iat": now, "exp": now + API_KEY_SECONDS,
    }  # fmt: skip
    return jwt.encode(claims, secret, algorithm="HS256")
