"""PostgREST as far as the frontend's writes need it: requests become the statements it makes.

Each column that the body names is set, the key of an upsert too, and needs the caller's right.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import psycopg
from psycopg import sql

_BODY = sql.SQL("(SELECT * FROM json_populate_record(NULL::public.{table}, {body})) AS pgrst_body")
_UPSERT = sql.SQL(
    "INSERT INTO public.{table} ({columns}) SELECT {values} FROM {rows} "
    "ON CONFLICT (id) DO UPDATE SET {changes} RETURNING {returned}"
)
_UPDATE = sql.SQL(
    "UPDATE public.{table} SET {changes} FROM {rows} WHERE {filters} RETURNING {returned}"
)


def upsert(table: str, row: Mapping[str, Any], returned: str = "1") -> sql.Composed:
    """What ``from(table).upsert(row)`` makes."""
    return _UPSERT.format(
        columns=sql.SQL(", ").join(map(sql.Identifier, row)),
        values=sql.SQL(", ").join(sql.Identifier("pgrst_body", name) for name in row),
        changes=_changes("excluded", row),
        **_common(table, row, returned),
    )


def update(
    table: str, row: Mapping[str, Any], filters: Mapping[str, str], returned: str = "1"
) -> sql.Composed:
    """What ``from(table).update(row).eq(…)`` makes."""
    return _UPDATE.format(
        changes=_changes("pgrst_body", row),
        filters=sql.SQL(" AND ").join(
            sql.SQL("{} = {}").format(sql.Identifier("public", table, name), value)
            for name, value in filters.items()
        ),
        **_common(table, row, returned),
    )


def _changes(source: str, row: Mapping[str, Any]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier(source, name))
        for name in row
    )


def _common(table: str, row: Mapping[str, Any], returned: str) -> dict[str, sql.Composable]:
    name = sql.Identifier(table)
    return {
        "table": name,
        "rows": _BODY.format(table=name, body=json.dumps(row)),
        "returned": sql.SQL("1") if returned == "1" else sql.SQL("public.{}.*").format(name),
    }


def answer(
    database_url: str, method: str, url: str, headers: Mapping[str, str], body: str
) -> tuple[int, Any]:
    """Status and JSON for a request, made under the role and the claims of its token."""
    token = headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False})
    returned = "*" if "return=representation" in headers.get("prefer", "") else "1"
    table, row = urlsplit(url).path.rpartition("/")[2], json.loads(body)
    if method == "POST":
        assert "resolution=merge-duplicates" in headers["prefer"]
        statement = upsert(table, row, returned)
    else:
        query = dict(parse_qsl(urlsplit(url).query))
        filters = {n: v.removeprefix("eq.") for n, v in query.items() if n != "select"}
        statement = update(table, row, filters, returned)
    with psycopg.connect(database_url, row_factory=psycopg.rows.dict_row) as connection:
        connection.execute(
            "SELECT set_config('request.jwt.claims', %s, true), set_config('role', %s, true)",
            (json.dumps(claims), claims["role"]),
        )
        try:
            rows = connection.execute(statement).fetchall()
        except psycopg.Error as error:
            connection.rollback()
            return 403, {"code": error.sqlstate, "message": error.diag.message_primary}
    if returned == "1":
        return (201 if method == "POST" else 204), None
    one = "vnd.pgrst.object" in headers.get("accept", "")
    return 200, json.loads(json.dumps(rows[0] if one else rows, default=str))
