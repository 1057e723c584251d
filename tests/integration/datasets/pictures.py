"""Pictures that jobs have stored, made without a crawl."""

import hashlib
import io
import random
from dataclasses import dataclass
from typing import Any

from PIL import Image
from psycopg.types.json import Jsonb

from shared.app.composition import Services
from shared.imaging.dhash import dhash


@dataclass(frozen=True)
class Picture:
    """An image to be stored: ``seed`` decides what it shows, ``near`` that of what it resembles."""

    label: str
    seed: int
    format: str = "jpeg"
    license: str | None = "by"
    creator: str | None = "Ann"
    title: str | None = None
    is_duplicate: bool = False
    near: int | None = None
    proof: dict[str, str] | None = None

    def draw(self) -> bytes:
        """Squares of any colour: no two seeds resemble each other."""
        chance = random.Random(self.seed if self.near is None else self.near)
        image = Image.frombytes("RGB", (9, 8), chance.randbytes(9 * 8 * 3))
        width = 90 + self.seed % 8 + (0 if self.near is None else 45)
        large = image.resize((width, 80), Image.Resampling.NEAREST)
        buffer = io.BytesIO()
        large.save(buffer, self.format, **({"quality": 95} if self.format == "jpeg" else {}))
        return buffer.getvalue()


async def store(services: Services, job_id: int, picture: Picture) -> int:
    """Stores the picture as a crawl of the job does; the image's id."""
    body = picture.draw()
    sha256 = hashlib.sha256(body).hexdigest()
    with Image.open(io.BytesIO(body)) as image:
        size, phash = image.size, dhash(image)
    name = f"jobs/{job_id}/images/{sha256}.{picture.format}"
    await services.blobs.put(name, body, f"image/{picture.format}")
    values: dict[str, Any] = {
        "job_id": job_id,
        "url": f"http://images.example/{picture.seed}.{picture.format}",
        "filename": f"{sha256}.{picture.format}",
        "blob": name,
        "width": size[0],
        "height": size[1],
        "bytes": len(body),
        "format": picture.format,
        "sha256": sha256,
        "phash": phash,
        "is_duplicate": picture.is_duplicate,
        "label": picture.label,
        "license": picture.license,
        "license_url": f"https://licenses.example/{picture.license}" if picture.license else None,
        "creator": picture.creator,
        "metadata": Jsonb(
            ({"title": picture.title} if picture.title else {})
            | ({"license_proof": picture.proof} if picture.proof else {})
        ),
    }
    async with services.database.transaction() as transaction:
        cursor = await transaction.connection.execute(
            """
            INSERT INTO images (crawl_job_id, original_url, filename, storage_url, width, height,
              file_size, format, hash, phash, is_duplicate, keyword, labels, engine, license,
              license_url, creator, attribution, metadata, source_page_url)
            VALUES (%(job_id)s, %(url)s, %(filename)s, %(blob)s, %(width)s, %(height)s, %(bytes)s,
              %(format)s, %(sha256)s, %(phash)s, %(is_duplicate)s, %(label)s,
              jsonb_build_array(%(label)s::text), 'openverse', %(license)s, %(license_url)s,
              %(creator)s, 'by ' || %(creator)s, %(metadata)s, %(url)s || '.html')
            RETURNING id
            """,
            values,
        )
        (row,) = await cursor.fetchall()
    return int(row["id"])
