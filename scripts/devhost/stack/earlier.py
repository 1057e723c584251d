"""The data of a stack whose database was made by other migrations than there are now.

Migrations that are released are never taken back nor changed, but a branch's may be, and nothing
could apply the rest to what they made.
"""

import hashlib
import shutil
from typing import Final

from scripts.devhost.stack.databases import MIGRATIONS
from scripts.devhost.stack.files import read_json, write_json
from scripts.devhost.stack.layout import Layout

# What hangs together: rows, the blobs they name, the instances that work on them.
DATA: Final = ("postgres", "azurite", "host")


def remove_earlier_data(layout: Layout) -> str | None:
    """Removes what cannot be migrated; then it is said why the stack begins anew."""
    ours = {hashlib.sha256(file.read_bytes()).hexdigest() for file in MIGRATIONS.glob("*.sql")}
    database = layout.data("postgres")
    there = database.exists() or database.is_symlink()
    applied = read_json(layout.migrations).get("applied")
    unknown = there and (applied is None or not set(applied) <= ours)
    if unknown:
        for part in DATA:
            path = layout.data(part)
            if path.is_symlink():
                path.unlink()
            else:
                shutil.rmtree(path, ignore_errors=True)
    write_json(layout.migrations, {"applied": sorted(ours)})
    if not unknown:
        return None
    return (
        "Beginning anew: the database was made by other migrations than these, and its data, blobs "
        "and orchestrations are gone"
    )
