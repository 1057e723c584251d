"""The alerts watch what the app says of itself, and reach the right people, who can act on them."""

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from shared.health.components import COMPONENTS, Component
from shared.metrics.service import HUB_QUEUES
from shared.platform.observe.telemetry import GAUGES
from tests.infra.alert_rules import (
    PAGE,
    log_alerts,
    metric_alerts,
    query_of,
    resources,
    runbooks,
)
from tests.infra.cloud import install_az
from tests.infra.reading import DURABLE, ROOT

ALERTS = {**log_alerts(), **metric_alerts()}
MINUTES = {"PT5M": 5, "PT15M": 15, "PT30M": 30, "PT1H": 60, "P1D": 1440}
GAUGE = re.compile(r'Name == "(pixcrawler\.[\w.]+)"')
BLOCK = re.compile(r"```sh needs-azure\n(.*?)```", re.DOTALL)


def charts() -> list[str]:
    """The queries of the workbook."""
    (workbook,) = resources("Insights/workbooks").values()
    items = json.loads(workbook["properties"]["serializedData"])["items"]
    return [item["content"]["query"] for item in items if "query" in item["content"]]


def groups_of(alert: dict[str, Any]) -> list[str]:
    actions = alert["actions"]
    listed = actions if isinstance(actions, list) else actions["actionGroups"]
    ids = [each["actionGroupId"] if isinstance(each, dict) else each for each in listed]
    return [name.rpartition("/")[2] for name in ids]


def rows_of(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading of the page, as lists of cells."""
    section = PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| (.*) \|$", section, re.MULTILINE)
    return [line.split(" | ") for line in lines[2:]]


class TestComponents:
    @pytest.mark.parametrize("component", COMPONENTS, ids=[c.name for c in COMPONENTS])
    def test_has_its_alert(self, component: Component) -> None:
        rule = log_alerts()[component.alert]
        assert f'component == "{component.name}"' in query_of(rule)
        if component.required:
            assert (rule["severity"], rule["windowSize"]) == (1, "PT5M")

    def test_no_alert_watches_another(self) -> None:
        queries = " ".join(query_of(rule) for rule in log_alerts().values())
        watched = re.findall(r'component == "(\w+)"', queries)
        assert sorted(watched) == sorted(component.name for component in COMPONENTS)

    def test_the_page_has_the_same_table(self) -> None:
        found = [(name, without[:3], alert) for name, without, alert in rows_of("Components")]
        assert found == [
            (f"`{c.name}`", "503" if c.required else "200", c.alert) for c in COMPONENTS
        ]

    def test_the_workbook_shows_them(self) -> None:
        assert [query for query in charts() if "pixcrawler.component.up" in query]


class TestPeople:
    @pytest.mark.parametrize("name", ALERTS)
    def test_are_told_by_severity(self, name: str) -> None:
        group = {1: "ag-urgent", 2: "ag-later"}[ALERTS[name]["severity"]]
        assert groups_of(ALERTS[name]) == [f"{group}-pixcrawler-prod"]
        assert ALERTS[name]["enabled"] is True

    def test_have_addresses_of_their_own(self) -> None:
        groups = resources("Insights/actionGroups")
        (urgent,) = groups["ag-urgent"]["properties"]["emailReceivers"]
        (later,) = groups["ag-later"]["properties"]["emailReceivers"]
        assert (urgent["emailAddress"], later["emailAddress"]) == (
            "on-call@example.com",
            "operators@example.com",
        )

    def test_a_telephone_is_for_what_is_urgent(self) -> None:
        groups = resources("Insights/actionGroups", "everything")
        (phone,) = groups["ag-urgent"]["properties"]["smsReceivers"]
        assert (phone["countryCode"], phone["phoneNumber"]) == ("44", "7700900123")
        assert not groups["ag-later"]["properties"].get("smsReceivers")

    def test_money_has_time_until_the_day(self) -> None:
        (budget,) = resources("Consumption/budgets", "everything").values()
        for notification in budget["properties"]["notifications"].values():
            assert "ag-later-" in str(notification["contactGroups"])


class TestRules:
    @pytest.mark.parametrize("name", log_alerts())
    def test_looks_at_all_that_has_come_since(self, name: str) -> None:
        rule = log_alerts()[name]
        every, window = MINUTES[rule["evaluationFrequency"]], MINUTES[rule["windowSize"]]
        assert window >= every
        assert every == 5 if rule["severity"] == 1 else every >= 15  # the latter cost a third

    def test_the_page_has_the_same_table(self) -> None:
        found = {
            name: int(severity)
            for names, severity, _ in rows_of("Alerts")
            for name in names.split(", ")
        }
        assert found == {name: alert["severity"] for name, alert in ALERTS.items()}

    def test_gauges_are_those_of_the_app(self) -> None:
        queries = [query_of(rule) for rule in log_alerts().values()]
        own = {"pixcrawler.cpu.percent", "pixcrawler.memory.percent"}
        for asked in (queries, charts()):
            assert {name for query in asked for name in GAUGE.findall(query)} == {*GAUGES, *own}
        for query in (*queries, *charts()):
            for gauge in GAUGE.findall(query):
                assert set(re.findall(r"Properties\.(\w+)", query)) <= {GAUGES.get(gauge)}

    def test_the_task_hub_is_that_of_host_json(self) -> None:
        hub = DURABLE["hubName"].lower()
        partitions = DURABLE["storageProvider"]["partitionCount"]
        controls = [f"{hub}-control-{number:02}" for number in range(partitions)]
        assert [*HUB_QUEUES] == [f"{hub}-workitems", *controls]

    def test_the_cap_of_logs_is_near_at_80_percent(self) -> None:
        (workspace,) = resources("OperationalInsights/workspaces").values()
        cap = workspace["properties"]["workspaceCapping"]["dailyQuotaGb"]
        (criterion,) = log_alerts()["logs-near-cap"]["criteria"]["allOf"]
        assert criterion["threshold"] == 80
        assert criterion["query"].endswith(f" / {cap * 10}.0")

    def test_certificates_are_looked_at_from_outside(self) -> None:
        (test,) = resources("Insights/webtests").values()
        assert test["properties"]["ValidationRules"]["SSLCertRemainingLifetimeCheck"] == 7


def test_the_page_on_costs_counts_them() -> None:
    page = (ROOT / "docs/costs.md").read_text()
    of = Counter(rule["severity"] for rule in log_alerts().values())
    assert f"| log alerts | {of[1]} of severity 1 × 1.50, {of[2]} of severity 2 × 0.50 |" in page
    sources = [(ROOT / f"functions/{name}.py").read_text() for name in ("timers", "queues")]
    names = re.findall(r"_trigger\((?:.|\n)*?async def (\w+)", "".join(sources))
    listed = page.partition("### What scales on its own")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", listed, re.MULTILINE)) == sorted(names)


class TestRunbooks:
    def test_each_alert_has_one_and_says_where(self) -> None:
        assert set(runbooks()) == set(ALERTS)
        for name, alert in ALERTS.items():
            assert alert["description"] == f"What to do: docs/operations.md#{name}"
            assert BLOCK.search(runbooks()[name]), name

    def test_commands_are_such_as_az_has(self, tmp_path: Path) -> None:
        state, ended = run_in_bash(tmp_path, {name: text for name, text in runbooks().items()})
        assert ended.returncode == 0, ended.stderr
        assert re.findall(r"^FAILED .*$", ended.stdout, re.MULTILINE) == [], ended.stderr
        commands = {call["command"] for call in calls(state)}
        assert {"functionapp restart", "functionapp config appsettings delete"} <= commands

    def test_a_command_that_az_has_not_is_found(self, tmp_path: Path) -> None:
        wrong = "```sh needs-azure\naz functionapp reboot --name $APP\n```"
        misspelt = (
            "```sh needs-azure\naz functionapp restart --resource-group $GROUP --app $APP\n```"
        )
        _, ended = run_in_bash(tmp_path, {"one": wrong, "two": misspelt, "three": ""})
        assert re.findall(r"^FAILED (.*)$", ended.stdout, re.MULTILINE) == ["one", "two"]


def run_in_bash(
    directory: Path, sections: dict[str, str]
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Types the commands of the page and those of the sections, where nothing is Azure."""
    programs = directory / "bin"
    install_az(programs)
    (directory / "scripts").mkdir()
    for path, line in (
        (programs / "curl", "echo {}"),
        (directory / "scripts/rollback.sh", f'test -x "{ROOT}/scripts/rollback.sh"'),
    ):
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
    outputs = ("appName", "appUrl", "vaultName", "hostAccountName", "dataAccountName")
    described = {
        "groups": ["pixcrawler-prod"],
        "provisioned": True,
        "secrets": {},
        "outputs": {name: name.lower() for name in outputs},
        "workspaces": ["w"],
        "figures": [["", "1"]],
    }
    (directory / "azure.json").write_text(json.dumps(described))
    (commands,) = BLOCK.findall(PAGE.read_text().partition("## Commands")[2].partition("\n## ")[0])
    script = f"set -euo pipefail\n{commands}\n"
    for name, text in sections.items():
        for block in BLOCK.findall(text):
            # The exit code of a subshell that is asked about: `||` would switch off its -e.
            script += f"set +e\n( set -e\n{block})\n[ $? = 0 ] || echo FAILED {name}\n"
    ended = subprocess.run(
        ["bash", "-c", script], cwd=directory, input="new\n" * 20,
        capture_output=True, text=True, check=False,
        env={"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
             "FAKE_AZ_STATE": str(directory), "NAME": "name", "CONTENT": "e30="},
    )  # fmt: skip
    return directory, ended


def calls(state: Path) -> list[dict[str, Any]]:
    """What az was called with."""
    return [json.loads(line) for line in (state / "calls.jsonl").read_text().splitlines()]
