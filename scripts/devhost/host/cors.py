"""Cross-origin requests, as the host's middleware answers them before any routing."""

from scripts.devhost.host.http.request_and_response import Head, Response
from scripts.devhost.host.settings import CorsSettings


class Cors:
    """Knows which origins may call."""

    def __init__(self, settings: CorsSettings) -> None:
        self._settings = settings
        self._any = "*" in settings.origins

    def _allows(self, origin: str | None) -> bool:
        return origin is not None and (self._any or origin in self._settings.origins)

    def preflight(self, head: Head) -> Response | None:
        """The answer to a preflight request; None for any other request."""
        if head.method != "OPTIONS" or not self._settings.origins:
            return None
        wanted = head.headers.get("access-control-request-method")
        origin = head.headers.get("origin")
        if not (origin and wanted):
            return None
        response = Response(204)
        if self._allows(origin):
            self.decorate(head, response)
            response.headers.append(("Access-Control-Allow-Methods", wanted))
            headers = head.headers.get("access-control-request-headers")
            if headers:
                response.headers.append(("Access-Control-Allow-Headers", headers))
        return response

    def decorate(self, head: Head, response: Response) -> None:
        """Add what an allowed origin needs to read the response."""
        origin = head.headers.get("origin")
        if origin is None or not self._allows(origin):
            return
        if self._any and not self._settings.credentials:
            response.set("Access-Control-Allow-Origin", "*")
            return
        response.set("Access-Control-Allow-Origin", origin)
        response.headers.append(("Vary", "Origin"))
        if self._settings.credentials:
            response.set("Access-Control-Allow-Credentials", "true")
