"""A profile's address is what its account has at Auth, and an address has one profile at most."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url) as opened:
        yield opened


def sign_up(connection: psycopg.Connection, email: str | None, *, sso: bool = False) -> UUID:
    user_id = uuid4()
    connection.execute(
        "INSERT INTO auth.users (id, email, is_sso_user) VALUES (%s, %s, %s)",
        (user_id, email, sso),
    )
    return user_id


def change(connection: psycopg.Connection, user_id: UUID, email: str | None) -> None:
    connection.execute("UPDATE auth.users SET email = %s WHERE id = %s", (email, user_id))


def address(connection: psycopg.Connection, user_id: UUID) -> str:
    row = connection.execute("SELECT email FROM profiles WHERE id = %s", (user_id,)).fetchone()
    assert row
    return str(row[0])


def nobodys(user_id: UUID) -> str:
    return f"{user_id}@no-email.invalid"


def test_follows_at_once_and_is_free_for_the_next(connection: psycopg.Connection) -> None:
    first = sign_up(connection, "a@x.example")
    change(connection, first, "b@x.example")
    second = sign_up(connection, "a@x.example")
    assert address(connection, first) == "b@x.example"
    assert address(connection, second) == "a@x.example"


@pytest.mark.parametrize("email", ["", None])
def test_many_have_none(connection: psycopg.Connection, email: str | None) -> None:
    users = [sign_up(connection, email, sso=True) for _ in range(2)]
    assert [address(connection, user) for user in users] == [nobodys(user) for user in users]
    change(connection, users[0], "a@x.example")
    assert address(connection, users[0]) == "a@x.example"
    change(connection, users[0], None)
    assert address(connection, users[0]) == nobodys(users[0])


def test_the_first_of_those_who_share_one_has_it(connection: psycopg.Connection) -> None:
    first = sign_up(connection, "a@x.example")
    second = sign_up(connection, "a@x.example", sso=True)
    assert address(connection, first) == "a@x.example"
    assert address(connection, second) == nobodys(second)
    change(connection, second, "b@x.example")
    assert address(connection, second) == "b@x.example"
    change(connection, second, "a@x.example")
    assert address(connection, second) == nobodys(second)


def test_whoever_lagged_behind_makes_room_and_catches_up(connection: psycopg.Connection) -> None:
    """As profiles did before they followed: a has b's address, b has c's, and c none of its own."""
    users = [sign_up(connection, f"{name}@x.example") for name in "abc"]
    connection.execute("ALTER TABLE auth.users DISABLE TRIGGER on_auth_user_address_changed")
    for user, email in zip(reversed(users), "dcb", strict=True):
        change(connection, user, f"{email}@x.example")
    connection.execute("ALTER TABLE auth.users ENABLE TRIGGER on_auth_user_address_changed")
    newcomer = sign_up(connection, "a@x.example")
    assert [address(connection, user) for user in (newcomer, *users)] == [
        f"{name}@x.example" for name in "abcd"
    ]


def test_an_older_token_does_not_take_it_back(connection: psycopg.Connection) -> None:
    """A profile that is made late, out of a token, has what nobody else has."""
    first, second = sign_up(connection, "a@x.example"), sign_up(connection, "b@x.example")
    connection.execute("DELETE FROM profiles WHERE id = %s", (first,))
    connection.execute("SELECT provision_user(%s, 'b@x.example', NULL, NULL)", (first,))
    assert address(connection, first) == nobodys(first)
    assert address(connection, second) == "b@x.example"
