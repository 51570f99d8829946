import re

from markdown_it import MarkdownIt

from tests.report.samples import LONG_PATH, empty, finding, hostile, obligation, plausible, report
from tillproof.report.markdown import to_markdown

SECTIONS = [
    "Integration boundaries",
    "Entry points that providers call",
    "Findings",
    "Evidence",
    "What was held, and by what",
    "Questions that the code does not answer",
    "Checklist",
    "PCI note",
    "Resilience assessment",
    "Staging test plan",
    "Suppressed findings",
    "Not wholly read",
]


def headings(markdown: str, level: str = "##") -> list[str]:
    return re.findall(rf"^{level} (.*)$", markdown, re.MULTILINE)


def section(markdown: str, name: str) -> str:
    return markdown.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]


def test_it_has_every_part_of_the_required_output_in_order() -> None:
    markdown = to_markdown(plausible())
    assert headings(markdown) == SECTIONS
    assert markdown.startswith("# E-commerce integration review\n\n**BLOCKED.** 1 critical finding")
    assert "Primary risk: **payment**." in markdown


def test_findings_stand_worst_first_with_place_and_remediation() -> None:
    rows = [line for line in section(to_markdown(plausible()), "Findings").splitlines() if line.startswith("| ")][2:]
    assert [row.split(" | ")[0].strip("| ") for row in rows] == ["critical", "high", "high", "medium", "low"]
    assert "`shop/webhooks.py:41`" in rows[0]
    assert "stripe.Webhook.construct_event" in rows[0]


def test_evidence_has_code_and_a_numbered_trace() -> None:
    first = section(to_markdown(plausible()), "Evidence").split("\n### ")[1]
    assert "```python\nevent = json.loads(request.body)\n" in first
    assert "\n1. `shop/webhooks.py:38` the route takes a POST from anyone\n2. `shop/webhooks.py:41`" in first
    assert "<https://docs.stripe.com/webhooks#verify-official-libraries>, CWE-345" in first


def test_held_says_by_what_and_unknown_asks() -> None:
    markdown = to_markdown(plausible())
    assert "`shop/paypal.py:22` `verify_signature` raises unless" in section(markdown, "What was held, and by what")
    asked = section(markdown, "Questions that the code does not answer")
    assert "Does `totals()` of the package `acme-cart` read prices from the database? (see `shop/cart.py:9`)" in asked
    assert "could not be decided: the callee of `handlers[kind]` could not be resolved." in asked


def test_the_flowchart_points_the_way_the_data_goes() -> None:
    chart = section(to_markdown(plausible()), "Integration boundaries").split("```mermaid\n")[1].split("```")[0]
    assert 's0(["paypal (payment)"])' in chart
    assert 's0 -->|"webhook, hmac"| u0' in chart
    assert 'u0 -->|"rest, api_key"| s1' in chart


def test_nothing_looked_at_is_not_the_same_as_nothing_found() -> None:
    looked = to_markdown(report([], [obligation(ruling="held")]))
    assert "nothing was verified" in to_markdown(empty())
    assert "nothing was verified" not in looked
    assert "1 obligation held" in looked


def test_long_paths_are_whole() -> None:
    assert f"`{LONG_PATH}:17`" in to_markdown(plausible())


def test_a_thousand_held_places_are_cut_and_counted() -> None:
    held = section(to_markdown(report([], [obligation(ruling="held")] * 1000)), "What was held, and by what")
    assert held.count(" at `shop/webhooks.py:38`") == 400
    assert "and 600 places more" in held


def test_hostile_text_adds_no_markup() -> None:
    markdown = to_markdown(hostile())
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    children = [child for token in tokens for child in token.children or []]
    html = {token.content for token in [*tokens, *children] if token.type.startswith("html")}
    assert html <= {"<br>", "<code>", "</code>"}
    assert not [token for token in children if token.type in ("link_open", "image", "s_open")]
    assert [title for title in headings(markdown) if title in SECTIONS] == headings(markdown) == SECTIONS
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", markdown)
    assert [token.info for token in tokens if token.type == "fence"] == ["mermaid", "", "sh", "sh"]


def test_hostile_text_leaves_every_table_its_columns() -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(to_markdown(hostile()))
    assert sum(token.type == "table_open" for token in tokens) == 7
    last = {row: [] for row, token in enumerate(tokens) if token.type == "tr_open"}  # type: dict[int, list[str]]
    current = -1
    for index, token in enumerate(tokens):
        current = index if token.type == "tr_open" else current
        if token.type in ("td_open", "th_open"):
            last[current].append(tokens[index + 1].content)
    assert all(cells[0] for cells in last.values())
    assert all(cells[-1] for cells in last.values() if cells[0] not in ("Idempotency", "Retries", "Webhook deduplication", "Dead letter"))


def test_it_is_deterministic() -> None:
    shuffled = plausible()
    assert to_markdown(shuffled) == to_markdown(plausible())
    assert to_markdown(report([finding(id="b"), finding(id="b", severity="low")], [])) == to_markdown(
        report([finding(id="b", severity="low"), finding(id="b")], [])
    )
