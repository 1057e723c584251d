"""The checklist of a deployment, a stage at a time, with a tick where a program can see for itself.

    scripts/checklist.py STAGE URL [--environment prod] [--save FILE] [--since FILE]

Looks at /health, /docs and, with METRICS_TOKEN, at two scrapes of /metrics, --seconds apart or
since the one that --save kept; with --environment it asks the Log Analytics workspace instead, as
the alerts do (az must be signed in). Prints Markdown; what only a person knows stays open.

Exit code 0: nothing seen is outside the aims; 1: something is; 3: roll back (more than 5 % fail,
p95 over 1 s, database or Redis away, no /health); 2: the list cannot be made.
"""

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx

from scripts.arguments import AMOUNT
from scripts.azure import OperationError
from scripts.azure.checks import web_address
from scripts.azure.observations import (
    Findings,
    Scrape,
    of_health,
    of_pages,
    of_telemetry,
    scrape,
    watch,
    worst,
)
from scripts.azure.program import ended
from scripts.azure.stages import STAGES, Item, Stage
from scripts.azure.target import ENVIRONMENTS, resource_group
from scripts.azure.thresholds import Verdict


def main() -> int:
    """The verdict on what was seen, or 2."""
    given = _parse()
    stage: Stage = STAGES[given.stage]
    try:
        found, remarks = _look(given, stage)
    except (OperationError, OSError) as error:
        print(f"The list cannot be made: {error}", file=sys.stderr)
        return 2
    print(render(stage, given.url, found, remarks))
    return int(worst(found[item.seen] for item in stage.items if item.seen in found))


def render(stage: Stage, url: str, found: Findings, remarks: list[str]) -> str:
    """The list in Markdown."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = [f"## {stage.title}", "", f"{url}, {now}", ""]
    lines += [_line(item, found) for item in stage.items]
    seen = {item.seen for item in stage.items}
    verdict = worst(finding for name, finding in found.items() if name in seen)
    if verdict is Verdict.ROLL_BACK:
        lines += ["", "**Roll back: `./scripts/rollback.sh ENV`, then the list `rolled-back`.**"]
    lines += [f"\n{remark}" for remark in remarks]
    return "\n".join(lines)


def _line(item: Item, found: Findings) -> str:
    if not item.seen:
        return f"- [ ] {item.text}"
    finding = found.get(item.seen)
    if finding is None:
        return f"- [ ] {item.text} (not seen)"
    if finding.verdict is Verdict.WITHIN:
        return f"- [x] {item.text} ({finding.says})"
    return f"- [ ] **FAILED** {item.text} ({finding.says})"


def _look(given: argparse.Namespace, stage: Stage) -> tuple[Findings, list[str]]:
    """What can be seen, and why something cannot."""
    token, remarks = os.environ.get("METRICS_TOKEN", "").strip(), []
    before = _kept(Path(given.since)) if given.since else None
    with httpx.Client(base_url=given.url, timeout=30) as http:
        found = of_health(http) | of_pages(http)
        try:
            found |= watch(http, token, given.seconds, before)
            if not given.environment:
                remarks.append("Rates are those of one process, between two scrapes of /metrics.")
            if given.save:
                Path(given.save).write_text(json.dumps(scrape(http, token)))
        except OperationError as error:
            remarks.append(f"Not seen: {error}")
    if given.environment:
        found |= of_telemetry(resource_group(given.environment), stage.minutes)
    return found, remarks


def _kept(file: Path) -> Scrape:
    """What ``--save`` kept.

    Raises:
        OperationError: that is something else.
    """
    try:
        return {str(name): float(value) for name, value in json.loads(file.read_text()).items()}
    except (ValueError, AttributeError, TypeError):
        raise OperationError(f"{file} is none that --save has written.") from None


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="checklist.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("stage", choices=STAGES, help="when")
    parser.add_argument("url", type=web_address, help="where the app is")
    parser.add_argument("--environment", choices=ENVIRONMENTS, help="whose telemetry is asked")
    parser.add_argument("--seconds", type=AMOUNT, default=30, help="between scrapes (default: 30)")
    parser.add_argument("--save", metavar="FILE", help="keep the last scrape")
    parser.add_argument("--since", metavar="FILE", help="a kept scrape, in place of the first one")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(ended("checklist", main))
