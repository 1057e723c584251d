"""Where Application Insights takes telemetry in: its ingestion endpoint, as exporters know it."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

KEY = "00000000-0000-0000-0000-000000000001"


class ApplicationInsights:
    """Everything that was sent so far, and how to send there."""

    def __init__(self, port: int) -> None:
        self.items: list[dict[str, Any]] = []
        url = f"http://127.0.0.1:{port}"
        self.connection_string = (
            f"InstrumentationKey={KEY};IngestionEndpoint={url}/;LiveEndpoint={url}/"
        )

    def of(self, kind: str, *, after: int = 0) -> list[dict[str, Any]]:
        """The data of all items of a kind (``RemoteDependencyData``, ``MessageData`` …).

        With ``operation``, the trace id; without the first ``after`` items of any kind.
        """
        return [
            {**item["data"]["baseData"], "operation": item["tags"].get("ai.operation.id")}
            for item in self.items[after:]
            if item["data"]["baseType"] == kind
        ]


@contextmanager
def application_insights() -> Iterator[ApplicationInsights]:
    """A running endpoint."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            answer = b"{}"
            if self.path.endswith("/track"):
                sent = json.loads(body)
                insights.items += sent
                accepted = {"itemsReceived": len(sent), "itemsAccepted": len(sent), "errors": []}
                answer = json.dumps(accepted).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    insights = ApplicationInsights(server.server_port)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield insights
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
