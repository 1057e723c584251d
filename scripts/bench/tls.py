"""A certificate for the benchmark's web, and how each tool is told to trust it."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# The app trusts the public authorities alone and has no setting for another one, rightly so.
TRUST = "import certifi\ncertifi.where = lambda: {bundle!r}\n"


class Authority:
    """One self-signed certificate in ``directory``."""

    def __init__(self, directory: Path) -> None:
        self.certificate = directory / "server.pem"
        self._directory = directory
        self._bundle = directory / "bundle.pem"
        key, certificate = _self_signed()
        self.certificate.write_bytes(key + certificate)
        self._bundle.write_bytes(Path(certifi.where()).read_bytes() + certificate)
        ssl.create_default_context(cafile=str(self._bundle))  # it can be read

    def for_the_app(self) -> dict[str, str]:
        """The environment in which the worker trusts it."""
        (self._directory / "sitecustomize.py").write_text(TRUST.format(bundle=str(self._bundle)))
        return {"PYTHONPATH": str(self._directory)}

    def for_img2dataset(self) -> dict[str, str]:
        """The environment in which Python's own client trusts it."""
        return {"SSL_CERT_FILE": str(self._bundle)}


def _self_signed() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    return private, certificate.public_bytes(encoding)
