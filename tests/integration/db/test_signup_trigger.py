"""A new row in auth.users gives a person everything the product takes for granted, once."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url) as opened:
        yield opened


def sign_up(connection: psycopg.Connection, metadata: dict[str, str] | None = None) -> UUID:
    user_id = uuid4()
    connection.execute(
        "INSERT INTO auth.users (id, email, raw_user_meta_data) VALUES (%s, %s, %s)",
        (user_id, f"{user_id}@example.com", Jsonb(metadata or {})),
    )
    return user_id


def test_profile_takes_name_but_no_role_from_the_metadata(connection: psycopg.Connection) -> None:
    user_id = sign_up(connection, {"full_name": "Ada " * 50, "role": "admin"})
    row = connection.execute(
        "SELECT email, length(full_name), role FROM public.profiles WHERE id = %s", (user_id,)
    ).fetchone()
    assert row == (f"{user_id}@example.com", 100, "user")


def test_bonus_stands_in_the_balance_and_in_the_ledger(connection: psycopg.Connection) -> None:
    user_id = sign_up(connection)
    row = connection.execute(
        """
        SELECT current_balance, reserved_balance, type, amount, balance_after, reference
        FROM public.credit_accounts a JOIN public.credit_transactions t ON t.account_id = a.id
        WHERE a.user_id = %s AND t.user_id = a.user_id
        """,
        (user_id,),
    ).fetchall()
    assert row == [(1000, 0, "bonus", 1000, 1000, "signup")]


def test_preferences_exist(connection: psycopg.Connection) -> None:
    user_id = sign_up(connection)
    row = connection.execute(
        "SELECT digest_frequency FROM public.notification_preferences WHERE user_id = %s",
        (user_id,),
    ).fetchone()
    assert row == ("daily",)


def test_what_exists_already_is_left_alone(connection: psycopg.Connection) -> None:
    # A user restored under the id of rows that outlived it, as after a partial restore.
    user_id = sign_up(connection)
    connection.execute("ALTER TABLE public.profiles DROP CONSTRAINT profiles_id_fkey")
    connection.execute("DELETE FROM auth.users WHERE id = %s", (user_id,))
    connection.execute("INSERT INTO auth.users (id, email) VALUES (%s, 'a@b.example')", (user_id,))
    row = connection.execute(
        "SELECT count(*), sum(amount) FROM public.credit_transactions WHERE user_id = %s",
        (user_id,),
    ).fetchone()
    assert row == (1, 1000)


def test_updated_at_follows_an_update(connection: psycopg.Connection) -> None:
    user_id = sign_up(connection)
    connection.execute("UPDATE public.profiles SET updated_at = 'epoch' WHERE id = %s", (user_id,))
    row = connection.execute(
        "SELECT updated_at BETWEEN now() AND clock_timestamp() FROM public.profiles WHERE id = %s",
        (user_id,),
    ).fetchone()
    assert row == (True,)


def test_leaving_removes_every_row_of_the_person(connection: psycopg.Connection) -> None:
    user_id = sign_up(connection)
    connection.execute("DELETE FROM auth.users WHERE id = %s", (user_id,))
    row = connection.execute(
        """
        SELECT (SELECT count(*) FROM public.profiles)
          + (SELECT count(*) FROM public.credit_accounts)
          + (SELECT count(*) FROM public.credit_transactions)
          + (SELECT count(*) FROM public.notification_preferences)
        """
    ).fetchone()
    assert row == (0,)
