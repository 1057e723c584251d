"""What every domain stands on; knows nothing of the product."""

VERSION = "0.1.0"
