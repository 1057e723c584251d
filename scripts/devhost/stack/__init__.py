"""The local stack: real servers on loopback, as the app needs them."""

from scripts.devhost.errors import StackError
from scripts.devhost.stack.info import StackInfo, User
from scripts.devhost.stack.local import LocalStack

__all__ = ["LocalStack", "StackError", "StackInfo", "User"]
