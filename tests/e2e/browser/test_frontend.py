"""A frontend's whole journey in a browser, from an origin that is allowed and one that is not."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from scripts.devhost.stack import LocalStack

ALLOWED = "http://localhost:3000"
FOREIGN = "http://localhost:4000"
PAGE = '<!doctype html><body><script src="/supabase.js"></script></body>'
JOURNEY = """
async ({ supabaseUrl, anonKey, apiUrl, email, password }) => {
  const client = supabase.createClient(supabaseUrl, anonKey);
  const { data, error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw error;
  const call = (path, options = {}) => fetch(`${apiUrl}/api/v1/${path}`, {
    ...options,
    headers: {
      Authorization: `Bearer ${data.session.access_token}`,
      "Content-Type": "application/json",
      ...options.headers,
    },
  });
  const post = async (path, body) =>
    (await call(path, { method: "POST", body: JSON.stringify(body) })).json();
  const project = await post("projects", { name: "from a browser" });
  const job = await post("jobs", {
    project_id: project.id, name: "cats", keywords: ["cat"], max_images: 5,
  });
  await post(`jobs/${job.id}/start`, {});
  let etag = "", status = "pending", unchanged = 0;
  while (["pending", "running"].includes(status)) {
    const answer = await call(`jobs/${job.id}/progress`, { headers: { "If-None-Match": etag } });
    if (answer.status === 304) unchanged += 1;
    else {
      etag = answer.headers.get("etag") ?? "";
      status = (await answer.json()).status;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  while (unchanged === 0) {
    const again = await call(`jobs/${job.id}/progress`, { headers: { "If-None-Match": etag } });
    if (again.status === 304) unchanged += 1;
    else etag = again.headers.get("etag") ?? "";
  }
  const { data: images } = await (await call(`jobs/${job.id}/images?is_duplicate=false`)).json();
  for (const image of images) {
    const answer = await call(`images/${image.id}/download?disposition=inline`);
    const element = new Image();
    element.src = URL.createObjectURL(await answer.blob());
    document.body.append(element);
    await element.decode();
  }
  const shown = [...document.images].filter((image) => image.naturalWidth > 0).length;
  return { status, unchanged, etag: etag !== "", shown };
}
"""


@pytest.fixture
def frontend(page: Page, npm_packages: Path) -> Page:
    """A page with supabase-js, at whatever origin it is asked for."""
    script = npm_packages / "@supabase" / "supabase-js" / "dist" / "umd" / "supabase.js"

    def serve(route: Route) -> None:
        if route.request.url.endswith("/supabase.js"):
            route.fulfill(content_type="text/javascript", path=script)
        else:
            route.fulfill(content_type="text/html", body=PAGE)

    page.route(f"{ALLOWED}/**", serve)
    page.route(f"{FOREIGN}/**", serve)
    return page


def test_an_allowed_origin_goes_from_sign_in_to_images(frontend: Page, stack: LocalStack) -> None:
    frontend.goto(f"{ALLOWED}/")
    info, user = stack.info, stack.info.users[0]
    result = frontend.evaluate(
        JOURNEY,
        {
            "supabaseUrl": info.supabase_url,
            "anonKey": info.supabase_anon_key,
            "apiUrl": info.api_url,
            "email": user.email,
            "password": user.password,
        },
    )
    assert result["status"] == "completed"
    assert result["unchanged"] > 0
    assert result["etag"]
    assert result["shown"] == 5


def test_a_foreign_origin_is_refused_by_the_browser(frontend: Page, stack: LocalStack) -> None:
    fetch = "url => fetch(url).then(answer => answer.status)"
    health = f"{stack.info.api_url}/health"
    frontend.goto(f"{ALLOWED}/")
    assert frontend.evaluate(fetch, health) == 200
    frontend.goto(f"{FOREIGN}/")
    with pytest.raises(Exception, match="Failed to fetch"):
        frontend.evaluate(fetch, health)
