# mypy: disable-error-code="attr-defined"
"""Queue and timer functions that the real host leaves out, among some that it runs."""

import os

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
STORAGE = "SoundStorage"
SCHEDULES = {
    "t_bad": "not a cron",
    "t_L": "0 0 0 L * *",
    "t_macro": "@hourly",
    "t_q": "0 0 0 ? * *",
    "t_range": "61 * * * * *",
    "t_setting": "%NOSUCH%",
    "t_seven": "0 0 0 1 1 * *",
    "t_large": "0 0 0 99999999999 * *",
    "t_empty": "%EMPTY%",
    "t_open": "0 %NOSUCH * * * *",
}
QUEUES = {
    "q_dash": ("a--b", STORAGE),
    "q_missing_conn": ("in-order", "NOSUCHCONN"),
    "q_setting": ("%NOSUCH%", STORAGE),
    "q_short": ("ab", STORAGE),
    "q_under": ("bad_queue", STORAGE),
    "q_long": ("a" * 64, STORAGE),
    "q_end": ("ends-with-", STORAGE),
    "q_default_conn": ("in-order", "AzureWebJobsStorage"),
    "q_nonsense_conn": ("in-order", "Nonsense"),
    "q_partial_conn": ("in-order", "Partial"),
}


def declare_timer(name: str, schedule: str) -> None:
    @app.function_name(name)
    @app.timer_trigger(arg_name="timer", schedule=schedule)
    def on_timer(timer: func.TimerRequest) -> None: ...


def declare_queue(name: str, queue: str, connection: str) -> None:
    @app.function_name(name)
    @app.queue_trigger(arg_name="message", queue_name=queue, connection=connection)
    def on_message(message: str) -> None: ...


for _name, _schedule in SCHEDULES.items():
    declare_timer(_name, _schedule)
for _name, (_queue, _connection) in QUEUES.items():
    declare_queue(_name, _queue, _connection)


@app.queue_trigger(arg_name="message", queue_name="In-%EMPTY%Order", connection=STORAGE)
def q_sound(message: str) -> None: ...


@app.timer_trigger(arg_name="timer", schedule="0 0 0 30 2 *")
def t_never(timer: func.TimerRequest) -> None: ...


@app.route("out/{queue}", methods=["POST"])
@app.queue_output(arg_name="under", queue_name="bad_queue", connection=STORAGE)
@app.queue_output(arg_name="setting", queue_name="%NOSUCH%", connection=STORAGE)
@app.queue_output(arg_name="conn", queue_name="in-order", connection="NOSUCHCONN")
def out(
    req: func.HttpRequest, under: func.Out[str], setting: func.Out[str], conn: func.Out[str]
) -> func.HttpResponse:
    outputs = {"under": under, "setting": setting, "conn": conn}
    if req.route_params["queue"] in outputs:
        outputs[req.route_params["queue"]].set("text")
    return func.HttpResponse(os.environ["PYTHON_SCRIPT_FILE_NAME"])
