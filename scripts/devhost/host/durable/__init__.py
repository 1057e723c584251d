"""The durable engine: replay, history on SQLite, dispatch, and the client's HTTP protocol."""
