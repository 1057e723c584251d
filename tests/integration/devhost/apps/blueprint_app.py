"""An app of nothing but a blueprint."""

import azure.durable_functions as df
import azure.functions as func
from blueprint import bp  # type: ignore[import-not-found]

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
app.register_functions(bp)
