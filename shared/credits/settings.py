"""What credits cost and who is paid, and what a new account is given."""

from pydantic import Field, SecretStr

from shared.platform.settings.parts import Part


class CreditSettings(Part):
    """Stripe, and the bonus of a new account."""

    stripe_secret_key: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None
    stripe_starter_price_id: str | None = None
    stripe_pro_price_id: str | None = None
    stripe_enterprise_price_id: str | None = None
    signup_bonus_credits: int = Field(1000, ge=0, le=1_000_000)  # a job of the default size

    def contradictions(self) -> list[str]:
        """What cannot be together."""
        found = super().contradictions()
        if self.stripe_secret_key and not self.stripe_webhook_secret:
            found.append("STRIPE_WEBHOOK_SECRET: missing beside STRIPE_SECRET_KEY")
        return found
