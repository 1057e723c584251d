"""A frontend's whole journey in a browser, from an origin that is allowed and one that is not."""

import json

import pytest
from playwright.sync_api import Page, Route

from scripts.crawl.api import Api
from scripts.devhost.stack import LocalStack
from tests.e2e.browser.conftest import ALLOWED, FOREIGN, signing_in
from tests.fakes import postgrest

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

# As the original frontend writes to the tables it shares.
WRITES = """
async ({ supabaseUrl, anonKey, email, password, projectId }) => {
  const client = supabase.createClient(supabaseUrl, anonKey);
  const { data: { user } } = await client.auth.signInWithPassword({ email, password });
  const now = new Date().toISOString();
  const upsert = (changes) => client.from("profiles").upsert({
    id: user.id, email: user.email, updated_at: now, ...changes,
  });
  return {
    onboarded: await upsert({ onboarding_completed: true, onboarding_completed_at: now }),
    promoted: await upsert({ role: "admin" }),
    moved: await upsert({ email: "other@pixcrawler.test" }),
    project: await client.from("projects")
      .update({ name: "renamed", updated_at: now }).eq("id", projectId).select().single(),
  };
}
"""


def test_an_allowed_origin_goes_from_sign_in_to_images(frontend: Page, stack: LocalStack) -> None:
    frontend.goto(f"{ALLOWED}/")
    result = frontend.evaluate(JOURNEY, signing_in(stack))
    assert result["status"] == "completed"
    assert result["unchanged"] > 0
    assert result["etag"]
    assert result["shown"] == 5


def test_the_frontend_writes_to_its_tables(frontend: Page, stack: LocalStack, api: Api) -> None:
    def rest(route: Route) -> None:
        asked = route.request
        status, body = postgrest.answer(
            stack.info.database_url, asked.method, asked.url, asked.headers, asked.post_data or ""
        )
        route.fulfill(
            status=status,
            headers={"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"},
            body="" if body is None else json.dumps(body),
        )

    project = api.post("projects", {"name": "made by the API"})
    frontend.route("**/rest/v1/**", rest)
    frontend.goto(f"{ALLOWED}/")
    result = frontend.evaluate(WRITES, signing_in(stack) | {"projectId": project["id"]})
    assert (result["onboarded"]["status"], result["onboarded"]["error"]) == (201, None)
    assert api.get("auth/me")["onboarding_completed"]
    assert [result[name]["error"]["code"] for name in ("promoted", "moved")] == ["42501"] * 2
    assert result["project"]["error"] is None
    assert result["project"]["data"]["name"] == "renamed"


def test_a_foreign_origin_is_refused_by_the_browser(frontend: Page, stack: LocalStack) -> None:
    fetch = "url => fetch(url).then(answer => answer.status)"
    health = f"{stack.info.api_url}/health"
    frontend.goto(f"{ALLOWED}/")
    assert frontend.evaluate(fetch, health) == 200
    frontend.goto(f"{FOREIGN}/")
    with pytest.raises(Exception, match="Failed to fetch"):
        frontend.evaluate(fetch, health)
