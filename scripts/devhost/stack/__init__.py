"""The local stack: real servers on loopback, as the app needs them."""
