"""The pages that people open: the contact sheet and the API's documentation."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Response

from scripts.crawl.api import Api
from scripts.crawl.dataset import save_dataset
from scripts.devhost.stack import LocalStack
from shared.platform.http.registry import endpoints
from tests.crawling import start_crawl, wait_for_end

# What the page shows once every image has come, also those that would load when scrolled to.
SHOWN_IMAGES = """
async () => {
  const images = [...document.images];
  const loaded = images.map((image) => new Promise((resolve) => {
    const settle = () => image.complete && image.naturalWidth > 0 && resolve(true);
    image.onload = settle;
    image.onerror = () => resolve(false);
    image.loading = "eager";
    settle();
  }));
  return (await Promise.all(loaded)).filter(Boolean).length;
}
"""


def test_the_contact_sheet_shows_every_image(page: Page, api: Api, tmp_path: Path) -> None:
    job_id = start_crawl(api, ("cat", "dog"), 30)
    wait_for_end(api, job_id)
    rows = save_dataset(api, api.get(f"jobs/{job_id}"), tmp_path, advance=lambda: None)
    page.goto((tmp_path / "preview.html").as_uri())
    assert len(rows) == 30
    assert page.evaluate(SHOWN_IMAGES) == 30
    assert page.locator("h2").all_inner_texts() == [
        f"{keyword} {sum(row['label'] == keyword for row in rows)}" for keyword in ("cat", "dog")
    ]


@pytest.mark.parametrize(
    ("path", "rendered"), [("docs", ".opblock"), ("redoc", "[data-section-id] h2")]
)
def test_the_documentation_renders_from_this_machine_alone(
    page: Page, stack: LocalStack, path: str, rendered: str
) -> None:
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(f"{stack.info.api_url}/{path}")
    page.locator(rendered).nth(len(endpoints) - 1).wait_for(state="attached", timeout=60_000)
    assert {answer.url.rsplit("/", 1)[-1] for answer in answers} > {path, "openapi.json"}
    for answer in answers:
        assert answer.ok
        assert answer.url.startswith((stack.info.api_url, "data:", "blob:"))
