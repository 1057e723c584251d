"""Every query that somebody may run, read by the parser that Azure's own editor uses."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from scripts.devhost.node import install, node
from scripts.devhost.paths import SHARED
from tests.infra.reading import EVERYTHING, ROOT

HERE = Path(__file__).parent / "kusto"
# The columns that queries may use, as Azure Monitor's table reference has them.
TABLES: dict[str, str] = json.loads((HERE / "tables.json").read_text())
RULES = "Microsoft.Insights/scheduledQueryRules"


@pytest.fixture(scope="module")
def packages() -> Path:
    return install(HERE, SHARED / "npm" / "kusto", lambda _: None)


def diagnose(packages: Path, queries: dict[str, str]) -> dict[str, list[str]]:
    """What the parser has against each query."""
    ended = subprocess.run(
        [str(node()), str(HERE / "diagnose.cjs"), str(packages)],
        input=json.dumps({"tables": TABLES, "queries": queries}),
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    return dict(json.loads(ended.stdout))


def of_alerts() -> dict[str, str]:
    return {
        rule["name"]: criterion["query"]
        for rule in EVERYTHING.all(RULES)
        for criterion in rule["properties"]["criteria"]["allOf"]
    }


def of_the_workbook() -> dict[str, str]:
    workbook = json.loads(EVERYTHING.one("Microsoft.Insights/workbooks")["serializedData"])
    charts = [item["content"] for item in workbook["items"] if "query" in item["content"]]
    return {chart["title"]: chart["query"] for chart in charts}


def of_the_documents() -> dict[str, str]:
    found: dict[str, str] = {}
    for page in sorted((ROOT / "docs").glob("*.md")):
        fenced = re.findall(r"```kusto\n(.*?)```", page.read_text(), re.DOTALL)
        inline = re.findall(r"`(App\w+ \| .*?)`", page.read_text())
        asked = re.findall(r"^logs '(.*?)'$", page.read_text(), re.MULTILINE)
        queries = [*fenced, *inline, *asked]
        found |= {f"{page.name} {i}": query for i, query in enumerate(queries)}
    return found


def test_nothing_is_wrong_with_any(packages: Path) -> None:
    queries = of_alerts() | of_the_workbook() | of_the_documents()
    assert len(of_alerts()) >= 13
    assert len(of_the_workbook()) >= 9
    assert len(of_the_documents()) >= 10
    assert diagnose(packages, queries) == {name: [] for name in queries}


def test_what_is_wrong_is_seen(packages: Path) -> None:
    wrong = {
        "column": "AppTraces | where Massage has 'x'",
        "reserved": "AppTraces | summarize count(), last = max(TimeGenerated) by Message",
        "table": "AppTrace | count",
        "syntax": "AppTraces | where",
        "type": "AppRequests | where Success > 'x'",
    }
    assert all(diagnose(packages, wrong).values())
