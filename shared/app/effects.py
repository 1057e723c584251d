"""Who performs which side effect."""

from collections.abc import Mapping

from shared.platform.data.blob import BlobStore
from shared.platform.data.outbox import (
    DeleteBlobs,
    Effect,
    Handler,
    Sending,
    SendMessage,
    StartOrchestration,
)
from shared.platform.data.queue import QueueSender
from shared.platform.http.auth.accounts import AlignAccount, AuthAccounts


def handlers(
    blobs: BlobStore, queues: QueueSender, accounts: AuthAccounts
) -> Mapping[type[Effect], Handler]:
    """The handler of each kind of effect; each may be called twice for the same."""

    async def send(effect: SendMessage, _: Sending) -> None:
        await queues.send(effect.queue, effect.message)

    async def start(effect: StartOrchestration, sending: Sending) -> None:
        client = sending.client
        if client and not await client.get_status(effect.instance_id):
            await client.start_new(effect.name, effect.instance_id, effect.input)

    async def delete(effect: DeleteBlobs, sending: Sending) -> None:
        await blobs.delete(effect.names, older_than=sending.promised_at)
        for prefix in effect.prefixes:
            async for names in blobs.batches(prefix):
                await blobs.delete(names, older_than=sending.promised_at)

    async def align(effect: AlignAccount, _: Sending) -> None:
        await accounts.align(effect.user_id)

    return {SendMessage: send, StartOrchestration: start, DeleteBlobs: delete, AlignAccount: align}
