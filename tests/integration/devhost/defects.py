"""Small apps with one thing each that may be wrong: a trigger, an annotation, a binding."""

from typing import Final

_HEAD: Final = """\
from typing import *
import azure.functions as func
import azure.durable_functions as df

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
UserId = NewType("UserId", str)

class Order(TypedDict):
    id: int

"""
_LIGHT_HEAD: Final = _HEAD.replace("import azure.durable_functions as df\n", "").replace(
    "df.DFApp", "func.FunctionApp"
)
_DURABLE: Final = ("activity_trigger", "orchestration_trigger", "durable_client", "df.")
_HTTP: Final = "@app.route('r')\n"
_QUEUE: Final = "@app.queue_trigger(arg_name='message', queue_name='letters', connection='C')\n"
_TIMER: Final = "@app.timer_trigger(arg_name='timer', schedule='0 0 0 * * *')\n"
_ACTIVITY: Final = "@app.activity_trigger(input_name='order')\n"
_ORCHESTRATOR: Final = "@app.orchestration_trigger(context_name='context')\n"
_OUTPUT: Final = "@app.queue_output(arg_name='out', queue_name='letters', connection='C')\n"
_RETURN: Final = "@app.queue_output(arg_name='$return', queue_name='letters', connection='C')\n"
_CLIENT: Final = "@app.durable_client_input(client_name='client')\n"

# What stands behind the parameter of each trigger, the leading colon included.
_ANNOTATIONS: Final = (
    "", ": dict", ": list", ": str", ": bytes", ": int", ": Any", ": object", ": Order",
    ": dict[str, int]", ": list[str]", ": tuple[int, str]", ": str | None", ": Optional[str]",
    ": Dict[str, int]", ": List[str]", ": Tuple[int, str]", ": Union[str, int]",
    ": Literal['a']", ": Annotated[str, 'x']", ": UserId", ": 'Missing'", ": 'Order'",
)  # fmt: skip
_TRIGGERS: Final = {
    "http": (_HTTP, "req", (": func.HttpRequest", ": func.QueueMessage")),
    "queue": (_QUEUE, "message", (": func.QueueMessage", ": func.TimerRequest")),
    "timer": (_TIMER, "timer", (": func.TimerRequest", ": func.HttpRequest")),
    "activity": (_ACTIVITY, "order", (": func.Context",)),
}
_RETURNS: Final = (
    "", " -> str", " -> bytes", " -> dict", " -> None", " -> func.HttpResponse", " -> str | None",
    " -> Optional[str]", " -> Union[str, func.HttpResponse]", " -> 'func.HttpResponse'",
    " -> func.Out[str]", " -> list[str]", " -> 'Missing'",
)  # fmt: skip
_OUTPUTS: Final = (
    "", ": func.Out[str]", ": func.Out[bytes]", ": func.Out[int]", ": func.Out[list[str]]",
    ": func.Out[List[str]]", ": func.Out[func.QueueMessage]", ": func.Out", ": str",
    ": func.Out[dict[str, int]]",
)  # fmt: skip
_BINDINGS: Final = {
    "parameter without binding": f"{_HTTP}def f(req, surplus): ...",
    "two parameters without bindings": f"{_HTTP}def f(req, one, two): ...",
    "binding without parameter": f"{_HTTP}{_OUTPUT}def f(req): ...",
    "trigger without parameter": f"{_TIMER}def f(): ...",
    "input annotated as output": f"{_QUEUE}def f(message: func.Out[str]): ...",
    "context": f"{_HTTP}def f(req, context: func.Context): ...",
    "context without annotation": f"{_HTTP}def f(req, context): ...",
    "context of another type": f"{_HTTP}def f(req, context: dict): ...",
    "context of a quoted type": f"{_HTTP}def f(req, context: 'func.Context'): ...",
    "orchestrator's context renamed": _ORCHESTRATOR.replace("'context'", "'ctx'")
    + "def f(ctx):\n    yield",
    "orchestrator that is no generator": f"{_ORCHESTRATOR}def f(context): return 1",
    "orchestrator that is async": f"{_ORCHESTRATOR}async def f(context): return 1",
    "client in a plain function": f"{_HTTP}{_CLIENT}def f(req, client): ...",
    "client": f"{_HTTP}{_CLIENT}async def f(req, client): ...",
    "client of a wrong type": f"{_HTTP}{_CLIENT}async def f(req, client: dict[str, int]): ...",
    "client without parameter": f"{_HTTP}{_CLIENT}async def f(req): ...",
    "positional only": f"{_HTTP}def f(req, /): ...",
    "keyword only": f"{_HTTP}def f(*, req): ...",
    "variable parameters": f"{_HTTP}def f(*req): ...",
    "default for a surplus parameter": f"{_HTTP}def f(req, surplus=1): ...",
    "equal names": f"{_HTTP}def f(req): ...\n\n@app.route('s')\ndef f(req): ...",
    "equal given names": f"@app.function_name('g')\n{_HTTP}def f(req): ...\n\n"
    "@app.function_name('g')\n@app.route('s')\ndef h(req): ...",
    "two triggers": f"{_HTTP}{_TIMER}def f(req, timer): ...",
    "no trigger": f"{_OUTPUT}def f(out): ...",
    "return binding with a wrong type": f"{_QUEUE}{_RETURN}def f(message) -> int: ...",
    "return binding": f"{_QUEUE}{_RETURN}def f(message: str) -> str: ...",
}
_APPS: Final = {
    "no app": "import azure.functions as func\n",
    "an app without functions": "import azure.functions as func\napp = func.FunctionApp()\n",
    "two apps": f"{_HEAD}other = df.DFApp()\n{_HTTP}def f(req): ...\n",
    "one app by two names": f"{_HEAD}{_HTTP}def f(req): ...\n\nother = app\n",
    "a blueprint that nobody registers": f"{_HEAD}{_HTTP}def f(req): ...\n\nbp = df.Blueprint()\n",
    "an import that fails": f"import not_there\n{_HEAD}{_HTTP}def f(req): ...\n",
    "an exception": f"{_HEAD}{_HTTP}def f(req): ...\n\nraise ValueError('no')\n",
    "no Python": f"{_HEAD}{_HTTP}def f(req: ...\n",
    "an exception that cannot be told": f"{_HEAD}class Mute(Exception):\n"
    "    def __str__(self): raise ValueError\n\nraise Mute\n",
}


def apps() -> dict[str, str]:
    """The source of each app by what is odd about it."""
    found = {
        f"{trigger} parameter{annotation}": f"{_HEAD}{decorator}def f({name}{annotation}): ...\n"
        for trigger, (decorator, name, own) in _TRIGGERS.items()
        for annotation in (*own, *_ANNOTATIONS)
    }
    for trigger, (decorator, name, _) in _TRIGGERS.items():
        for returned in _RETURNS:
            found[f"{trigger}{returned or ' without return type'}"] = (
                f"{_HEAD}{decorator}def f({name}){returned}: ...\n"
            )
    for annotation in _OUTPUTS:
        source = f"{_HEAD}{_HTTP}{_OUTPUT}def f(req, out{annotation}): ...\n"
        found[f"output{annotation or ' without annotation'}"] = source
    found |= {name: f"{_HEAD}{body}\n" for name, body in _BINDINGS.items()}
    return {name: _lightened(source) for name, source in (found | _APPS).items()}


def _lightened(source: str) -> str:
    """Without the Durable SDK where nothing needs it: its import takes longer than judging."""
    if any(word in source.replace(_HEAD, "") for word in _DURABLE):
        return source
    return source.replace(_HEAD, _LIGHT_HEAD)
