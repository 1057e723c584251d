"""Jobs that crawl an uploaded list: under which keywords, and which of its rows."""

import pytest

from shared.app.composition import Services
from shared.crawl.discover import discover
from shared.jobs import finish
from shared.jobs import service as jobs
from shared.jobs.schemas import JobOut, JobUpdate
from shared.platform.errors import Invalid, NotFound
from shared.platform.http.auth.principal import Principal
from shared.sources import url_list
from shared.sources.source import Source
from tests.integration.conftest import MakeJob, make_user, rows
from tests.integration.uploads.conftest import Read

LIST = ["url_list"]


def labelled(*labels: str) -> str:
    """A list with a row of each label, in their order."""
    rows = [f"https://a.example/{n}.jpg,{label}" for n, label in enumerate(labels)]
    return "\n".join(["url,label", *rows])


def _no_other(engine: str) -> Source:
    raise AssertionError(f"{engine} is asked")


async def crawled(services: Services, job: JobOut) -> dict[str, list[int]]:
    """By keyword, the rows of the list that a job finds, in their order."""
    async with services.database.transaction() as transaction:
        await finish.begin_job(transaction, job.id, job.attempt)
    unfinished = "SELECT id FROM crawl_searches WHERE job_id = %(id)s AND NOT exhausted"
    while searches := await rows(services.database, unfinished, id=job.id):
        for search in searches:
            await discover(services.database, _no_other, search["id"])
    found = await rows(
        services.database,
        "SELECT keyword, url FROM crawl_candidates WHERE job_id = %(id)s ORDER BY rank",
        id=job.id,
    )
    numbers: dict[str, list[int]] = {}
    for row in found:
        number = int(row["url"].rpartition("/")[2].removesuffix(".jpg"))
        numbers.setdefault(row["keyword"], []).append(number)
    return numbers


async def problem(make_job: MakeJob, **fields: object) -> tuple[str, str]:
    """The field that is refused, and why."""
    with pytest.raises(Invalid) as caught:
        await make_job(engines=LIST, **fields)
    (error,) = caught.value.errors
    return error["loc"][1], error["msg"]


async def test_its_labels_are_the_keywords(
    services: Services, read: Read, make_job: MakeJob
) -> None:
    upload = await read(labelled("cat", "dog", "", "CAT", "dog", "Cat"))
    job = await make_job(engines=LIST, upload_id=upload.id, keywords=[], start=True)
    assert job.keywords == ["cat", "dog"]  # the most frequent one first, as it is first spelt
    assert await crawled(services, job) == {"cat": [0, 3, 5], "dog": [1, 4]}


async def test_named_keywords_choose_its_rows(
    services: Services, read: Read, make_job: MakeJob
) -> None:
    upload = await read(labelled("cat", "dog", "", "eel"))
    job = await make_job(
        engines=LIST, upload_id=upload.id, keywords=["DOG", "Eel", "fox"], start=True
    )
    assert await crawled(services, job) == {"DOG": [1], "Eel": [3]}


async def test_without_labels_the_first_keyword_has_it_all(
    services: Services, read: Read, make_job: MakeJob
) -> None:
    upload = await read("".join(f"https://a.example/{n}.jpg\n" for n in range(25)), "l.txt")
    job = await make_job(engines=LIST, upload_id=upload.id, keywords=["cat", "dog"], start=True)
    assert await crawled(services, job) == {"cat": list(range(25))}


async def test_every_page_of_it_is_read(
    services: Services, read: Read, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(url_list, "PAGE_SIZE", 4)
    upload = await read(labelled(*["cat", "dog", "dog"] * 8))
    job = await make_job(engines=LIST, upload_id=upload.id, keywords=[], start=True)
    found = await crawled(services, job)
    assert found == {
        "cat": list(range(0, 24, 3)),
        "dog": [n for n in range(24) if n % 3],
    }


async def test_several_jobs_crawl_it(services: Services, read: Read, make_job: MakeJob) -> None:
    upload = await read(labelled("cat"))
    for _ in range(2):
        job = await make_job(engines=LIST, upload_id=upload.id, keywords=["cat"])
        assert job.upload_id == upload.id


async def test_too_many_labels_must_be_chosen_from(read: Read, make_job: MakeJob) -> None:
    upload = await read(labelled(*(f"label {n}" for n in range(51))))
    assert upload.label_count == 51
    field, said = await problem(make_job, upload_id=upload.id, keywords=[])
    assert (field, said) == (
        "keywords",
        "the list has 51 labels, and a job up to 50: name those that it is to crawl",
    )
    job = await make_job(engines=LIST, upload_id=upload.id, keywords=["label 50"])
    assert job.keywords == ["label 50"]


async def test_a_list_without_labels_needs_a_keyword(read: Read, make_job: MakeJob) -> None:
    upload = await read("https://a.example/1.jpg\n", "l.txt")
    field, said = await problem(make_job, upload_id=upload.id, keywords=[])
    assert (field, said) == ("keywords", "the list has no labels: name a keyword")


async def test_keywords_of_which_none_is_a_label_are_refused(read: Read, make_job: MakeJob) -> None:
    upload = await read(labelled("cat", "dog"))
    field, said = await problem(make_job, upload_id=upload.id, keywords=["cats"])
    assert (field, said) == ("keywords", "the labels of the list are others: cat, dog")


async def test_categories_fit_the_labels(read: Read, make_job: MakeJob) -> None:
    upload = await read(labelled("cat", "dog"))
    field, said = await problem(
        make_job, upload_id=upload.id, keywords=[], categories={"mammal": ["cat", "cow"]}
    )
    assert (field, said) == ("categories", "no keyword of the job: cow")
    categories = {"mammal": ["cat", "dog"]}
    job = await make_job(engines=LIST, upload_id=upload.id, keywords=[], categories=categories)
    assert job.categories == categories


async def test_somebody_elses_upload_is_none(
    services: Services, read: Read, make_job: MakeJob
) -> None:
    upload = await read(labelled("cat"))
    other = await make_user(services.database)
    with pytest.raises(NotFound):
        await make_job(engines=LIST, upload_id=upload.id, of=other)


async def test_the_engine_that_crawls_it_stays(
    services: Services, owner: Principal, read: Read, make_job: MakeJob
) -> None:
    upload = await read(labelled("cat"))
    job = await make_job(engines=LIST, upload_id=upload.id, keywords=[])

    async def change(*engines: str) -> JobOut:
        update = JobUpdate.model_validate({"engines": list(engines)})
        async with services.database.transaction() as transaction:
            return await jobs.update_job(transaction, owner, job.id, update)

    with pytest.raises(Invalid):
        await change("openverse")
    assert (await change("openverse", "url_list")).engines == ["openverse", "url_list"]
