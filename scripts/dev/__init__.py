"""Starting everything that a developer needs with one command: ``start-dev``."""
