"""What an administrator may not do."""

from shared.platform.errors import Conflict


class OwnRole(Conflict):
    """Nobody can change their own role"""

    code = "own_role"
