"""The table ``images``, read by its owner."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.images.schemas import ImageOut, ImageQuery
from shared.platform.data.db import Transaction


@dataclass(frozen=True, slots=True)
class StoredImage:
    """Where an image and its thumbnail are stored; the latter when it was made."""

    id: int
    job_id: int
    sha256: str
    blob_name: str
    thumbnail_name: str | None

    @property
    def thumbnail(self) -> str:
        """The name of its thumbnail's blob, made or not."""
        # Not among the images, which storage archives: a gallery shows old jobs too.
        return f"thumbnails/{self.job_id}/{self.sha256}.webp"

    @property
    def blobs(self) -> list[str]:
        """All that may be stored of it, its thumbnail also where thumbnails were once."""
        earlier = f"jobs/{self.job_id}/thumbnails/{self.sha256}.webp"
        return [self.blob_name, self.thumbnail, earlier]


async def list_images(
    transaction: Transaction, user_id: UUID, job_id: int, query: ImageQuery, *, limit: int
) -> list[ImageOut]:
    """Up to ``limit`` images of the user's job, newest first."""
    return await transaction.fetch(
        ImageOut,
        """
        SELECT i.id, i.crawl_job_id, i.filename, i.original_url, i.width, i.height,
          i.file_size, i.format, i.hash, i.is_duplicate, i.duplicate_of, i.keyword, i.engine,
          i.source_page_url, i.creator, i.license, i.license_url, i.attribution, i.created_at,
          coalesce(i.labels ->> 0, i.keyword, '') AS label,
          coalesce(i.labels, to_jsonb(array_remove(ARRAY[i.keyword], NULL))) AS labels,
          i.metadata ->> 'title' AS caption,
          CASE WHEN i.metadata ? 'title' THEN i.engine END AS caption_source,
          i.metadata -> 'license_proof' AS license_proof,
          i.decision, i.reviewed_at
        FROM images AS i
        JOIN crawl_jobs AS j ON j.id = i.crawl_job_id
        JOIN projects AS p ON p.id = j.project_id
        WHERE i.crawl_job_id = %(job_id)s AND p.user_id = %(user_id)s AND i.id < %(below)s
          AND (%(keyword)s::text IS NULL OR i.keyword = %(keyword)s)
          AND (%(engine)s::text IS NULL OR i.engine = %(engine)s)
          AND (%(license)s::text IS NULL OR i.license = %(license)s)
          AND (%(format)s::text IS NULL OR i.format = %(format)s)
          AND (%(is_duplicate)s::bool IS NULL OR i.is_duplicate = %(is_duplicate)s)
          AND (%(label)s::text IS NULL OR coalesce(i.labels ->> 0, i.keyword) = %(label)s)
          AND (%(decision)s::text IS NULL OR i.decision = %(decision)s)
        ORDER BY i.id DESC LIMIT %(limit)s
        """,
        {
            **query.model_dump(exclude={"limit", "cursor"}),
            "job_id": job_id,
            "user_id": user_id,
            "below": min(query.below, 2**31 - 1),
            "limit": limit,
        },
    )


async def find_image(
    transaction: Transaction, user_id: UUID, image_id: int
) -> tuple[ImageOut, str] | None:
    """The user's image of that id, and the name of its blob."""
    cursor = await transaction.connection.execute(
        """
        SELECT i.id, i.crawl_job_id, i.filename, i.original_url, i.width, i.height,
          i.file_size, i.format, i.hash, i.is_duplicate, i.duplicate_of, i.keyword, i.engine,
          i.source_page_url, i.creator, i.license, i.license_url, i.attribution, i.created_at,
          coalesce(i.labels ->> 0, i.keyword, '') AS label,
          coalesce(i.labels, to_jsonb(array_remove(ARRAY[i.keyword], NULL))) AS labels,
          i.metadata ->> 'title' AS caption,
          CASE WHEN i.metadata ? 'title' THEN i.engine END AS caption_source,
          i.metadata -> 'license_proof' AS license_proof,
          i.decision, i.reviewed_at, i.storage_url
        FROM images AS i
        JOIN crawl_jobs AS j ON j.id = i.crawl_job_id
        JOIN projects AS p ON p.id = j.project_id
        WHERE i.id = %(image_id)s AND p.user_id = %(user_id)s
        """,
        {"image_id": image_id, "user_id": user_id},
    )
    row: dict[str, Any] | None = await cursor.fetchone()
    return (ImageOut.model_validate(row), row["storage_url"]) if row else None


async def find_stored(transaction: Transaction, user_id: UUID, image_id: int) -> StoredImage | None:
    """Where the user's image of that id is stored."""
    return await transaction.fetch_one(
        StoredImage,
        """
        SELECT i.id, i.crawl_job_id AS job_id, i.hash AS sha256, i.storage_url AS blob_name,
          i.thumbnail_url AS thumbnail_name
        FROM images AS i
        JOIN crawl_jobs AS j ON j.id = i.crawl_job_id
        JOIN projects AS p ON p.id = j.project_id
        WHERE i.id = %(image_id)s AND p.user_id = %(user_id)s
        """,
        {"image_id": image_id, "user_id": user_id},
    )


async def set_thumbnail(transaction: Transaction, image_id: int, blob_name: str) -> bool:
    """Notes where the image's thumbnail is; False when the image is gone."""
    cursor = await transaction.connection.execute(
        "UPDATE images SET thumbnail_url = %(name)s WHERE id = %(id)s",
        {"id": image_id, "name": blob_name},
    )
    return cursor.rowcount == 1


async def delete_image(transaction: Transaction, image_id: int) -> bool:
    """Removes the image; False when it is gone already."""
    cursor = await transaction.connection.execute(
        "DELETE FROM images WHERE id = %(id)s", {"id": image_id}
    )
    return cursor.rowcount == 1
