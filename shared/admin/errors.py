"""What an administrator may not do."""

from shared.platform.errors import Conflict


class OwnRole(Conflict):
    """Nobody can change their own role"""

    code = "own_role"


class OwnAccount(Conflict):
    """Nobody can disable or delete their own account"""

    code = "own_account"


class AccountDeleted(Conflict):
    """The account was deleted"""

    code = "account_deleted"
