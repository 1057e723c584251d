"""How e-mails are sent."""

from pydantic import SecretStr

from shared.platform.settings.parts import Part


class EmailSettings(Part):
    """Resend."""

    resend_api_key: SecretStr | None = None
    contact_email: str | None = None
    from_email: str | None = None

    def contradictions(self) -> list[str]:
        """What cannot be together."""
        found = super().contradictions()
        if self.resend_api_key and not self.from_email:
            found.append("FROM_EMAIL: missing beside RESEND_API_KEY")
        return found
