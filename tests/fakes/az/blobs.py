"""Blobs of the fake Azure, which are files, and the leases on them."""

import fcntl
import json
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from tests.fakes.az.state import STATE, Given, fail

Leases = dict[str, dict[str, Any]]  # by path of the blob: the id, and until when


def blob_path(given: Given) -> Path:
    container = STATE / "blobs" / str(given["account_name"]) / str(given["container_name"])
    path = container / str(given.get("name") or given.get("blob_name") or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def list_blobs(given: Given) -> Any:
    container = blob_path(given)
    found = sorted(container.iterdir()) if container.exists() else []
    return [{"name": path.name, "properties": {"blobType": "BlockBlob"}} for path in found]


def upload(given: Given) -> Any:
    path = blob_path(given)
    with leases() as leased:
        if path.exists() and not given["overwrite"]:
            refuse("The specified blob already exists.", "BlobAlreadyExists")
        require_lease(leased.get(str(path)), given["lease_id"])
        shutil.copyfile(given["file"], path)
    return {"etag": '"0x8D"', "lastModified": "2026-01-01T00:00:00+00:00"}


def require_lease(lease: dict[str, Any] | None, given_id: Any) -> None:
    """Fails as Azure does (412) when whoever writes has not the lease."""
    if lease is None or lease["until"] < time.time():
        if given_id:
            refuse(
                "A lease ID was specified, but the lease for the blob has expired.",
                "LeaseNotPresentWithBlobOperation" if lease is None else "LeaseLost",
            )
    elif not given_id:
        refuse(
            "There is currently a lease on the blob and no lease ID was specified in the request.",
            "LeaseIdMissing",
        )
    elif given_id != lease["id"]:
        refuse(
            "The lease ID specified did not match the lease ID for the blob.",
            "LeaseIdMismatchWithBlobOperation",
        )


def download(given: Given) -> Any:
    require_blob(given)
    shutil.copyfile(blob_path(given), given["file"])
    return {"name": given["name"]}


def delete_blob(given: Given) -> Any:
    require_blob(given)
    blob_path(given).unlink()


def acquire_lease(given: Given) -> Any:
    with leases() as leased:
        require_blob(given)
        path, now = str(blob_path(given)), time.time()
        if path in leased and leased[path]["until"] > now:
            refuse("There is already a lease present.", "LeaseAlreadyPresent")  # 409
        leased[path] = {"id": str(uuid.uuid4()), "until": now + int(str(given["lease_duration"]))}
        return leased[path]["id"]


def renew_lease(given: Given) -> Any:
    """Of one that has expired too, unless somebody else came."""
    with leases() as leased:
        lease = leased.get(str(blob_path(given)))
        if lease is None or lease["id"] != given["lease_id"]:
            refuse(
                "The lease ID specified did not match the lease ID for the blob.",
                "LeaseIdMismatchWithLeaseOperation",
            )
        lease["until"] = time.time() + 60
        return lease["id"]


def release_lease(given: Given) -> Any:
    with leases() as leased:
        lease = leased.get(str(blob_path(given)))
        if lease is None or lease["id"] != given["lease_id"]:
            refuse(
                "The lease ID specified did not match the lease ID for the blob.",
                "LeaseIdMismatchWithLeaseOperation",
            )
        del leased[str(blob_path(given))]


def break_lease(given: Given) -> Any:
    with leases() as leased:
        if leased.pop(str(blob_path(given)), None) is None:
            refuse("There is currently no lease on the blob.", "LeaseNotPresentWithLeaseOperation")
    return 0


@contextmanager
def leases() -> Iterator[Leases]:
    """The leases, which one call looks at and changes at a time."""
    with (STATE / "leases.json").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        leased: Leases = json.loads(file.read() or "{}")
        yield leased
        file.seek(0)
        file.truncate()
        file.write(json.dumps(leased))


def require_blob(given: Given) -> None:
    if not blob_path(given).exists():
        refuse("The specified blob does not exist.", "BlobNotFound", exit_code=3)


def refuse(message: str, code: str, exit_code: int = 1) -> NoReturn:
    """Fails in the form of the storage commands, seen with azure-cli 2.91.0 on Azurite."""
    fail(f"{message}\nRequestId:0\nTime:2026-01-01T00:00:00.000Z\nErrorCode:{code}", exit_code)
