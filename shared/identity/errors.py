"""What can go wrong when signing up or in."""

from shared.platform.errors import AppError


class InvalidCredentials(AppError):
    """The e-mail address or the password is wrong"""

    status, code = 401, "invalid_credentials"


class InvalidRefreshToken(AppError):
    """The refresh token is unknown or was used"""

    status, code = 401, "invalid_refresh_token"


class SignupRefused(AppError):
    """The account cannot be created"""

    status, code = 422, "signup_refused"
