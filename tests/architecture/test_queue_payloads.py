"""No payload of ours has a property that the Functions host takes for the message's own."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, Field

from tests.architecture.test_source_rules import PRODUCT, name_of, python_files

# A top-level property with such a name, in whatever case, takes the place of what the trigger
# says of the message; a time that does not parse makes it poison without a call.
RESERVED = {
    *("id", "dequeuecount", "popreceipt", "queuetrigger", "sys"),
    *("insertiontime", "expirationtime", "nextvisibletime"),
}


def promises(tree: ast.AST) -> list[ast.Call]:
    """The calls that promise a queue message."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and any(isinstance(p, ast.Constant) and p.value == "queue_message" for p in node.args)
    ]


def queue_calls(tree: ast.AST) -> Iterator[tuple[ast.AsyncFunctionDef, ast.Call]]:
    """Those calls, with the functions they stand in."""
    for function in ast.walk(tree):
        if isinstance(function, ast.AsyncFunctionDef):
            yield from ((function, call) for call in promises(function))


def payload_class(function: ast.AsyncFunctionDef, call: ast.Call) -> str:
    """The class of the model whose dump is the message; AssertionError if it is none."""
    (payload,) = [part for part in call.args if isinstance(part, ast.Dict)]
    (message,) = [
        value
        for key, value in zip(payload.keys, payload.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "message"
    ]
    dump = message.func if isinstance(message, ast.Call) else None
    assert isinstance(dump, ast.Attribute), "the message must be the dump of a model"
    assert dump.attr == "model_dump"
    assert isinstance(dump.value, ast.Name)
    name = dump.value.id
    for node in ast.walk(function):
        if isinstance(node, ast.arg) and node.arg == name and isinstance(node.annotation, ast.Name):
            return node.annotation.id
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            targets = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if name in targets and isinstance(node.value.func, ast.Name):
                return node.value.func.id
    raise AssertionError(f"the class of {name} cannot be told from {function.name}")


def payloads() -> Iterator[type[BaseModel]]:
    for path in python_files(*PRODUCT):
        for function, call in queue_calls(ast.parse(path.read_text())):
            module = importlib.import_module(module_of(path))
            yield getattr(module, payload_class(function, call))


def module_of(path: Path) -> str:
    return name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def overriding(model: type[BaseModel]) -> set[str]:
    """The properties, as they are written, that would override a message's own."""
    names = model.model_json_schema(mode="serialization")["properties"]
    aliases = {field.serialization_alias or field.alias for field in model.model_fields.values()}
    return {name for name in {*names, *aliases} if name and name.lower() in RESERVED}


PAYLOADS = list(payloads())


def test_every_promised_message_is_found() -> None:
    trees = [ast.parse(path.read_text()) for path in python_files(*PRODUCT)]
    assert len(PAYLOADS) == sum(len(promises(tree)) for tree in trees) > 0


@pytest.mark.parametrize("path", python_files(*PRODUCT), ids=name_of)
def test_messages_are_sent_by_the_outbox_alone(path: Path) -> None:
    sends = "queues.send(" in path.read_text()
    assert sends is (name_of(path) == "shared/platform/outbox/__init__.py")


@pytest.mark.parametrize("model", PAYLOADS, ids=lambda model: model.__name__)
def test_payload_overrides_nothing_of_its_message(model: type[BaseModel]) -> None:
    assert overriding(model) == set()


class _Overriding(BaseModel):
    Id: int
    dequeue_count: Annotated[int, Field(serialization_alias="dequeueCount")]
    user_id: int


def test_payload_that_overrides_is_recognised() -> None:
    assert overriding(_Overriding) == {"Id", "dequeueCount"}


@pytest.mark.parametrize(
    "message", ['{"id": 1}', "dict(message)", "message.model_dump_json()", "self.m.model_dump()"]
)
def test_payload_that_is_no_dump_of_a_model_is_refused(message: str) -> None:
    source = (
        "async def notify(tx, message: Message):\n"
        f'    await add(tx, "queue_message", {{"queue": QUEUE, "message": {message}}}, key="k")\n'
    )
    ((function, call),) = queue_calls(ast.parse(source))
    with pytest.raises(AssertionError):
        payload_class(function, call)
