"""A credential is seen once, by the one who gets it: not in the database, logs or later answers."""

from collections.abc import Iterator

import httpx
import psycopg
from psycopg import sql

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack


def dump(database_url: str) -> Iterator[str]:
    """Every row of every table as text."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for table in tables:
            query = sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(*table))
            yield from (row[0] for row in connection.execute(query))


def use(http: httpx.Client, key: str) -> Iterator[httpx.Response]:
    """Answers to a key used well and badly."""
    for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
        yield http.get("/api/v1/projects", headers=headers)
        yield http.get("/api/v1/api-keys", headers=headers)
        yield http.post("/api/v1/projects", headers=headers, json={"name": ""})
        yield http.post("/api/v1/projects", headers=headers, content=b"{")
    yield http.get("/api/v1/projects", headers={"X-API-Key": key[:-1]})
    yield http.get("/api/v1/projects", headers={"X-API-Key": key, "X-Request-ID": "not one"})


def test_are_nowhere_to_be_found(stack: LocalStack, api: Api) -> None:
    body = {"name": "secret", "permissions": ["projects"]}
    headers = {"Authorization": api.authorization}
    with httpx.Client(base_url=stack.info.api_url, headers=headers, timeout=30) as http:
        keyed = {"Idempotency-Key": "once"}
        made = http.post("/api/v1/api-keys", json=body, headers=keyed).json()
        rotated = http.post(f"/api/v1/api-keys/{made['id']}/rotate").json()
        keys = [made["key"], rotated["key"]]
        with httpx.Client(base_url=stack.info.api_url, timeout=30) as stranger:
            answers = [answer for key in keys for answer in use(stranger, key)]
        answers += [
            http.get(f"/api/v1/{path}")
            for path in ("api-keys", f"api-keys/{made['id']}/usage", "activity", "auth/me")
        ]
    assert {answer.status_code for answer in answers} >= {200, 401, 403}
    seen = [str(dict(answer.headers)) + answer.text for answer in answers]
    seen += [log.read_text(errors="replace") for log in stack.layout.directory.rglob("*.log")]
    seen += dump(stack.info.database_url)
    credentials = [*keys, *(key.removeprefix("pk_live_") for key in keys), api.authorization[7:]]
    assert [text for text in seen if any(credential in text for credential in credentials)] == []
