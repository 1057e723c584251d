"""What the program shows: the progress of a job and the summary of its outcome."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from scripts.crawl.api import Api

COUNTS = (
    "found {found}  downloaded {downloaded}  valid {valid}  duplicates {duplicates}  "
    "rejected {rejected}  {rate} images/s"
)


class CrawlProgress(Progress):
    """A bar, and the job's counts on a line of their own: both fit 80 columns."""

    def get_renderables(self) -> Iterable[RenderableType]:
        """The lines of the display."""
        for task in self.tasks:
            yield self.make_tasks_table([task])
            yield Text(COUNTS.format(**task.fields), style="dim")


def plain_console() -> Console:
    """Shows text as it is: keywords come from people, and ``[red]`` is one."""
    return Console(markup=False, emoji=False)


def reason(error: Exception) -> str:
    """What went wrong, for a person."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    return str(error)


def progress_bar(console: Console) -> CrawlProgress:
    """The display of one job."""
    return CrawlProgress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=40),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        console=console,
    )


def show_progress(bar: Progress, task: TaskID, progress: dict[str, Any]) -> None:
    """Moves the bar to what the service reports."""
    bar.update(
        task,
        description=progress["status"],
        completed=progress["valid_images"],
        total=progress["max_images"],
        **counts(progress),
    )


def counts(progress: dict[str, Any]) -> dict[str, Any]:
    """The figures behind the bar."""
    return {
        "found": progress["total_images"],
        "downloaded": progress["downloaded_images"],
        "valid": progress["valid_images"],
        "duplicates": progress["duplicate_images"],
        "rejected": progress["rejected_images"],
        "rate": progress["rate_images_per_s"] or "–",
    }


def show_summary(
    console: Console,
    api: Api,
    job: dict[str, Any],
    stats: dict[str, Any],
    rows: list[dict[str, Any]],
    out: Path,
) -> None:
    """Prints what was kept and why the rest was not; lists each rejected URL in a file."""
    kept = Counter(row["label"] for row in rows)
    images = Table(title=f"{len(rows)} images in {out}")
    images.add_column("keyword")
    images.add_column("images", justify="right")
    for keyword in job["keywords"]:
        images.add_row(keyword, str(kept[keyword]))
    console.print(images)
    rejected = {reason: count for reason, count in stats["outcomes"].items() if reason != "stored"}
    if rejected:
        table = Table(title="Candidates not kept")
        table.add_column("reason")
        table.add_column("candidates", justify="right")
        for reason, count in sorted(rejected.items(), key=lambda item: -item[1]):
            table.add_row(reason, str(count))
        console.print(table)
        _write_rejected(api, job, out / "rejected.jsonl")
        console.print(f"Each of them with its reason: {out / 'rejected.jsonl'}")
    if not rows:
        console.print(f"No images were found for {', '.join(job['keywords'])}.")


def _write_rejected(api: Api, job: dict[str, Any], path: Path) -> None:
    events = api.every(f"jobs/{job['id']}/logs")
    rejected = [item for event in events for item in event["data"].get("rejected", ())]
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(item, sort_keys=True) + "\n" for item in rejected)
    path.write_text("".join(lines), encoding="utf-8")
