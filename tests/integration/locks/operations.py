"""Everything that writes, as the app does it: each takes the rows of one person.

A request is called by the name of its endpoint.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, LiteralString, cast

from psycopg.types.json import Jsonb

from shared.admin import service as admin
from shared.admin.schemas import CreditGrant, UserUpdate
from shared.api_keys import service as api_keys
from shared.api_keys.schemas import ApiKeyCreate
from shared.crawl import repo as crawl_repo
from shared.crawl.advance import advance
from shared.crawl.discover import discover
from shared.crawl.filters import JobFilters
from shared.crawl.settle import settle_chunk
from shared.credits import service as credit_service
from shared.credits.schemas import SettingsUpdate
from shared.datasets import building, export_files, exports, part_repo, restoring, versions
from shared.datasets import service as datasets
from shared.datasets.export_schemas import JobExport, VersionExport
from shared.datasets.schemas import VersionCreate
from shared.identity import service as identity
from shared.identity.schemas import ProfileUpdate
from shared.images import repo as images_repo
from shared.images import review
from shared.images import service as images
from shared.images.schemas import ImageReview, ImageReviews
from shared.jobs import finish, remove
from shared.jobs import service as jobs
from shared.jobs.run import CRAWL
from shared.jobs.schemas import JobCreate, JobUpdate
from shared.notifications import service as notifications
from shared.notifications.schemas import PreferencesUpdate
from shared.platform import idempotency, ratelimit
from shared.platform.data import outbox
from shared.platform.data.blob import BlobStore
from shared.platform.data.cache import NoCache
from shared.platform.data.db import Transaction
from shared.platform.http.auth import accounts
from shared.platform.http.auth.principal import Principal
from shared.projects import service as projects
from shared.projects.schemas import ProjectCreate, ProjectUpdate
from shared.runs import service as runs
from shared.sources.source import Candidate, Page
from shared.uploads import finish as upload_finish
from shared.uploads import repo as upload_repo
from shared.uploads import service as uploads
from shared.uploads.checking import Checker
from shared.uploads.lists.judging import Judge
from shared.uploads.lists.model import Record
from shared.uploads.schemas import UploadCreate
from shared.usage import service as usage
from tests.integration.admin.decisions import WHY
from tests.integration.crawl import chunks
from tests.integration.locks.world import Signing, World, message

Operation = Callable[[World], Awaitable[object]]
Work = Callable[[Transaction, Principal, World], Awaitable[object]]

ALL: Final = VersionCreate(include_duplicates=True)
OPERATIONS: Final[dict[str, Operation]] = {}


def _named(name: str, operation: Operation) -> None:
    OPERATIONS[name] = operation


def _request(name: str, work: Work) -> None:
    """A request of the owner's."""

    async def run(world: World) -> None:
        async with world.database.transaction(world.owner.user_id) as transaction:
            await work(transaction, world.owner, world)

    _named(name, run)


def _decision(name: str, work: Work) -> None:
    """A request of the administrator's."""

    async def run(world: World) -> None:
        async with world.database.transaction(world.boss.user_id) as transaction:
            await work(transaction, world.boss, world)

    _named(name, run)


def _step(name: str, work: Callable[[Transaction, World], Awaitable[object]]) -> None:
    """A step of an orchestration, a timer or a queue."""

    async def run(world: World) -> None:
        async with world.database.transaction() as transaction:
            await work(transaction, world)

    _named(name, run)


def _past_the_api(name: str, role: LiteralString, *statements: LiteralString) -> None:
    """What PostgREST does for the owner, or Auth with their account."""

    async def run(world: World) -> None:
        async with world.database.transaction() as transaction:
            execute = transaction.connection.execute
            values: dict[str, Any] = {
                "user": world.owner.user_id, "project": world.quiet,
                "claims": Jsonb(world.owner.claims),
            }  # fmt: skip
            await execute("SELECT set_config('request.jwt.claims', %(claims)s::text, true)", values)
            await execute(role)
            for statement in statements:
                await execute(statement, values)

    _named(name, run)


def _new_job(world: World, **fields: Any) -> JobCreate:
    return JobCreate(project_id=world.quiet, name="n", keywords=["dog"], max_images=5, **fields)


_request(
    "create_project", lambda tx, me, w: projects.create_project(tx, me, ProjectCreate(name="n"))
)
_request(
    "update_project",
    lambda tx, me, w: projects.update_project(tx, me, w.quiet, ProjectUpdate(name="n")),
)
_request("delete busy project", lambda tx, me, w: projects.delete_project(tx, me, w.busy))
_request("delete_project", lambda tx, me, w: projects.delete_project(tx, me, w.quiet))
_request("create_job", lambda tx, me, w: jobs.create_job(tx, me, _new_job(w)))
_request("create and start job", lambda tx, me, w: jobs.create_job(tx, me, _new_job(w, start=True)))
_request(
    "create job of upload",
    lambda tx, me, w: jobs.create_job(
        tx, me, _new_job(w, engines=["url_list"], upload_id=w.listed)
    ),
)
_request(
    "create_upload",
    lambda tx, me, w: uploads.create_upload(
        tx, cast(BlobStore, Signing()), me, UploadCreate(kind="url_list", filename="l", size=1)
    ),
)
_request("complete_upload", lambda tx, me, w: uploads.complete_upload(tx, me, w.upload))
_request("delete_upload", lambda tx, me, w: uploads.delete_upload(tx, me, w.listed))
_request("delete upload in reading", lambda tx, me, w: uploads.delete_upload(tx, me, w.reading))
_request("update_job", lambda tx, me, w: jobs.update_job(tx, me, w.pending, JobUpdate(name="n")))
_request("start_job", lambda tx, me, w: jobs.start_job(tx, me, w.pending))
_request(
    "start clamped job",
    lambda tx, me, w: jobs.start_job(tx, me, w.pending, clamp_to_balance=True),
)
_request(
    "start excluding job",
    lambda tx, me, w: jobs.create_job(
        tx, me, _new_job(w, start=True, filters=JobFilters(exclude_similar_to=(str(w.stopped),))),
        pin=datasets.pin_references,
    ),
)  # fmt: skip
_request("stop_job", lambda tx, me, w: jobs.stop_job(tx, me, w.running))
_request("retry_job", lambda tx, me, w: jobs.retry_job(tx, me, w.stopped))
_request("delete_job", lambda tx, me, w: remove.delete_job(tx, me, w.stopped))
_request("delete_image", lambda tx, me, w: images.delete_image(tx, me, w.image))
_request(
    "review_image",
    lambda tx, me, w: review.review_image(tx, me, w.image, ImageReview(label="wolf")),
)
_request(
    "review_images",
    lambda tx, me, w: review.review_images(
        tx, me, w.stopped, ImageReviews(image_ids=w.images, decision="keep")
    ),
)
_request("create_version", lambda tx, me, w: versions.create_version(tx, me, w.stopped, ALL))
_request(
    "create_export",
    lambda tx, me, w: exports.export_job(tx, me, w.settings, w.stopped, JobExport(format="coco")),
)
_request(
    "export_version",
    lambda tx, me, w: exports.export_version(
        tx, me, w.settings, w.stopped, 1, VersionExport(format="yolo")
    ),
)
_request("delete_export", lambda tx, me, w: export_files.delete_export(tx, me, w.failed_export))
_request(
    "update_credit_settings",
    lambda tx, me, w: credit_service.update_settings(tx, me, SettingsUpdate(monthly_limit=5000)),
)
_request(
    "purchase_credits", lambda tx, me, w: credit_service.purchase(tx, me, w.settings, "starter")
)
_request(
    "create_api_key",
    lambda tx, me, w: api_keys.create_key(
        tx, me, w.settings, ApiKeyCreate(name="n", permissions=["projects"])
    ),
)
_request("revoke_api_key", lambda tx, me, w: api_keys.revoke_key(tx, me, w.key))
_request("rotate_api_key", lambda tx, me, w: api_keys.rotate_key(tx, me, w.settings, w.key))
_request(
    "update_profile",
    lambda tx, me, w: identity.update_profile(tx, me, ProfileUpdate(full_name="n")),
)
_request("sync_profile", lambda tx, me, w: identity.sync_profile(tx, me))
_request(
    "update_notification",
    lambda tx, me, w: notifications.set_read(tx, me, w.notification, is_read=True),
)
_request("read_all_notifications", lambda tx, me, w: notifications.read_all(tx, me))
_request(
    "delete_notification",
    lambda tx, me, w: notifications.delete_notification(tx, me, w.notification),
)
_request(
    "update_notification_preferences",
    lambda tx, me, w: notifications.update_preferences(
        tx, me, PreferencesUpdate(email_enabled=False)
    ),
)

_decision(
    "update_user",
    lambda tx, me, w: admin.update_user(
        tx, me, w.owner.user_id, UserUpdate(role="admin", tier="pro")
    ),
)
_decision("disable_user", lambda tx, me, w: admin.disable_user(tx, me, w.owner.user_id, WHY))
_decision("enable_user", lambda tx, me, w: admin.enable_user(tx, me, w.owner.user_id, WHY))
_decision("delete_user", lambda tx, me, w: admin.delete_user(tx, me, w.owner.user_id, WHY))
_decision(
    "grant_credits",
    lambda tx, me, w: admin.grant_credits(
        tx, me, w.owner.user_id, CreditGrant(amount=5, reason=WHY.reason)
    ),
)

_step("begin", lambda tx, w: finish.begin_job(tx, w.running, 1))
_step("advance", lambda tx, w: advance(tx, w.running, 1, chunks.LIMITS))
_step("claim chunk", lambda tx, w: crawl_repo.claim_chunk(tx, w.chunk.id))
_step("settle chunk", lambda tx, w: settle_chunk(tx, w.chunk, chunks.examine(w.chunk, [3, 4])))
_step("finish", lambda tx, w: finish.finish_job(tx, w.running, 1))
_step("begin export", lambda tx, w: building.begin(tx, w.export, 1))
_step("finish part", lambda tx, w: part_repo.finish_part(tx, w.export, 0, {}))
_step("finish export", lambda tx, w: building.finish(tx, w.export, 1))
_step("wait for storage", lambda tx, w: restoring.note(tx, w.export, 1, 1800))
_step("hear", lambda tx, w: runs.hear(tx, CRAWL, w.running))
_step("thumbnail", lambda tx, w: images_repo.set_thumbnail(tx, w.image, "name"))
_step("notify", lambda tx, w: notifications.deliver(tx, message(w.owner, "third")))


class _OnePage:
    async def search(self, query: str, cursor: str | None) -> Page:
        found = [Candidate(url=f"https://images.example/new/{n}.jpg") for n in range(3)]
        return Page(tuple(found), None)


_named(
    "use key",
    lambda w: api_keys.authenticate_key(w.database, NoCache(), w.settings, w.secret, None),
)
_named("discover", lambda w: discover(w.database, lambda engine: _OnePage(), w.search))


async def _meter(transaction: Transaction, world: World) -> None:
    await usage.roll_up(transaction)
    await credit_service.refresh_usage(transaction)


async def _clean_up(transaction: Transaction, world: World) -> None:
    await ratelimit.delete_expired(transaction)
    await idempotency.delete_expired(transaction)
    await accounts.forget_deleted(transaction)
    await outbox.delete_sent(transaction)
    await runs.delete_ended(transaction)
    await export_files.expire_exports(transaction, limit=10)
    await uploads.forget_unfinished(transaction)


async def _store_batch(world: World) -> None:
    async with world.database.transaction() as transaction:
        upload = await upload_repo.lock_upload(transaction, world.reading)
    if upload:
        checker = Checker(world.database, cast(BlobStore, Signing()), [])
        judge = Judge([])
        urls = [f"https://images.example/{n % 3}.jpg" for n in range(5)]
        await checker._store(upload, 0, [judge.judge(Record(1, url)) for url in urls])


_named("store batch", _store_batch)
_step("finish upload", lambda tx, w: upload_finish.finish(tx, w.reading, 1))
_step("meter", _meter)
_step("clean up", _clean_up)

AS_OWNER: Final = "SET LOCAL ROLE authenticated"
_past_the_api("PostgREST deletes project", AS_OWNER, "DELETE FROM projects WHERE id = %(project)s")
_past_the_api(
    "PostgREST updates project", AS_OWNER, "UPDATE projects SET name = 'n' WHERE id = %(project)s"
)
_past_the_api("PostgREST reads notifications", AS_OWNER, "UPDATE notifications SET is_read = true")
_past_the_api("PostgREST updates profile", AS_OWNER, "UPDATE profiles SET full_name = 'n'")
_past_the_api(
    "Auth changes address",
    "RESET ROLE",
    "UPDATE auth.users SET email = 'n' || email WHERE id = %(user)s",
)
_past_the_api("Auth deletes account", "RESET ROLE", "DELETE FROM auth.users WHERE id = %(user)s")
