"""Cross-origin requests, as the host's middleware answers them before any routing."""

from aiohttp import hdrs, web

from scripts.devhost.host.settings import CorsSettings


class Cors:
    """Knows which origins may call."""

    def __init__(self, settings: CorsSettings) -> None:
        self._settings = settings
        self._any = "*" in settings.origins

    def _allows(self, origin: str | None) -> bool:
        return origin is not None and (self._any or origin in self._settings.origins)

    def preflight(self, request: web.BaseRequest) -> web.Response | None:
        """The answer to a preflight request; None for any other request."""
        wanted = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_METHOD)
        origin = request.headers.get(hdrs.ORIGIN)
        is_preflight = request.method == hdrs.METH_OPTIONS and origin and wanted
        if not self._settings.origins or not is_preflight:
            return None
        response = web.Response(status=204)
        if self._allows(origin):
            self.decorate(request, response)
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = wanted or ""
            headers = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS)
            if headers:
                response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = headers
        return response

    def decorate(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """Add what an allowed origin needs to read the response."""
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None or not self._allows(origin):
            return
        if self._any and not self._settings.credentials:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*"
            return
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        response.headers.add(hdrs.VARY, hdrs.ORIGIN)
        if self._settings.credentials:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"
