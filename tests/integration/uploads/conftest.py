"""Uploads, and the reading of their files without a host."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from shared.app.composition import Services
from shared.platform.http.auth.principal import Principal
from shared.uploads import finish
from shared.uploads import service as uploads
from shared.uploads.schemas import Kind, UploadCreate, UploadCreated, UploadDetail

Send = Callable[..., Awaitable[UploadCreated]]
Read = Callable[..., Awaitable[UploadDetail]]


@pytest.fixture
def send(services: Services, owner: Principal) -> Send:
    """Asks for an upload and sends its file."""

    async def asked(
        content: bytes | str,
        filename: str = "list.csv",
        *,
        kind: Kind = "url_list",
        of: Principal = owner,
        more: int = 0,
    ) -> UploadCreated:
        data = content.encode() if isinstance(content, str) else content
        wanted = UploadCreate(kind=kind, filename=filename, size=len(data) + more)
        async with services.database.transaction() as transaction:
            made = await uploads.create_upload(transaction, services.blobs, of, wanted)
        async with httpx.AsyncClient() as client:
            answer = await client.put(
                made.target.url, content=data, headers=made.target.headers, timeout=60
            )
        assert answer.status_code == 201
        return made

    return asked


async def complete(services: Services, owner: Principal, upload_id: int) -> UploadDetail:
    """Says that the file was sent."""
    async with services.database.transaction(owner.user_id) as transaction:
        return await uploads.complete_upload(transaction, owner, upload_id)


async def delete(services: Services, owner: Principal, upload_id: int) -> None:
    """Removes the upload."""
    async with services.database.transaction(owner.user_id) as transaction:
        await uploads.delete_upload(transaction, owner, upload_id)


async def send_again(url: str, headers: dict[str, str]) -> None:
    """Sends another file in place of the one that was sent."""
    async with httpx.AsyncClient() as client:
        (await client.put(url, content=b"again", headers=headers)).raise_for_status()


async def run(services: Services, upload_id: int, attempt: int = 1) -> str:
    """Does what the orchestration does."""
    failure = await services.uploads.check(upload_id, attempt)
    async with services.database.transaction() as transaction:
        return await finish.finish(transaction, upload_id, attempt, failure=failure)


async def find(services: Services, owner: Principal, upload_id: int) -> UploadDetail:
    """The upload as it is now."""
    async with services.database.transaction() as transaction:
        return await uploads.get_upload(transaction, owner, upload_id)


@pytest.fixture
def read(services: Services, owner: Principal, send: Send) -> Read:
    """An upload whose file was sent and read."""

    async def done(
        content: bytes | str, filename: str = "list.csv", *, kind: Kind = "url_list"
    ) -> UploadDetail:
        made = await send(content, filename, kind=kind)
        await complete(services, owner, made.id)
        await run(services, made.id)
        return await find(services, owner, made.id)

    return done
