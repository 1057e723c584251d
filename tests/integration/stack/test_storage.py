"""Azurite has what the app expects to find, made without Azure's SDK and seen with it."""

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from scripts.devhost.errors import StackError
from scripts.devhost.stack import LocalStack, storage
from shared.queue_names import QUEUES


def azurite_ports(stack: LocalStack) -> dict[str, int]:
    """The ports in the connection string."""
    settings = dict(
        part.split("=", 1) for part in stack.info.storage_connection_string.strip(";").split(";")
    )
    return {
        service: int(settings[f"{service.capitalize()}Endpoint"].split(":")[2].split("/")[0])
        for service in storage.SERVICES
    }


def test_containers_queues_and_cors_are_there_and_made_once(stack_services: LocalStack) -> None:
    connection = stack_services.info.storage_connection_string
    storage.create_containers_and_queues(azurite_ports(stack_services))  # again
    with (
        BlobServiceClient.from_connection_string(connection) as blobs,
        QueueServiceClient.from_connection_string(connection) as queues,
    ):
        assert {c.name for c in blobs.list_containers()} >= set(storage.CONTAINERS)
        assert {queue.name for queue in queues.list_queues()} >= set(QUEUES)
        (rule,) = blobs.get_service_properties()["cors"]
    assert (rule.allowed_origins, rule.allowed_methods) == ("*", "GET,HEAD")


def test_what_is_refused_is_named(
    stack_services: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "CONTAINERS", ("Not_A_Name",))
    with pytest.raises(StackError, match="Azurite did not make Not_A_Name"):
        storage.create_containers_and_queues(azurite_ports(stack_services))


def test_another_key_opens_nothing(
    stack_services: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "KEY", "b3RoZXI=")
    with pytest.raises(StackError, match="403"):
        storage.create_containers_and_queues(azurite_ports(stack_services))
