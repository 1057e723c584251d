"""Credit where it is due: what may be done with the images, and who made them."""

from collections.abc import Sequence

from shared.exports.escapes import markdown, markdown_link
from shared.exports.model import Member, Summary

_INTRODUCTION = """\
# Licences

Each image has the licence that its source stated; it stands beside the image in every table of this
export. Its proof stands there too: `license_stated`, the words of a source that says something of
each image, and the answer that listed the image: what was asked (`license_answer_url`), when
(`license_answer_date`), and the hash of what came back (`license_answer_sha256`).

What is under `unknown` carries no permission that we know of. Nobody has checked that who stated a
licence was entitled to.

| licence | images | text |
| --- | --- | --- |
"""

ATTRIBUTION = """\
# Attribution

One line a file: what it is, who made it, under which licence.

"""


def licenses_page(summary: Summary) -> str:
    """LICENSES.md: each licence that occurs, how often, and where its text is."""
    rows = []
    for code, images in sorted(summary.figures.of_license.items()):
        urls = " ".join(map(markdown_link, summary.figures.license_urls.get(code, [])))
        rows.append(f"| {markdown(code)} | {images} | {urls} |\n")
    return _INTRODUCTION + "".join(rows)


def credit_line(member: Member, name: str) -> str:
    """The line of a file in ATTRIBUTION.md."""
    record = member.record
    unknown = f"No credit line is known (licence: {record.license or 'unknown'})."
    page = f" Source: {markdown_link(record.source_page)}" if record.source_page else ""
    return f"- `{name}`: {markdown(record.attribution or unknown)}{page}\n"


def license_id(codes: Sequence[str]) -> str:
    """The licence of a dataset card: its id on the Hub, or ``other`` when there are several."""
    if len(codes) == 1:
        return _HUB.get(codes[0], "other")
    return "other"


# https://huggingface.co/docs/hub/repositories-licenses. A code without its version may stand for
# several: only those whose id says none are named.
_HUB = {"cc0": "cc0-1.0", "gfdl": "gfdl"}
