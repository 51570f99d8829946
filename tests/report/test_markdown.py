import re
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.report.samples import LONG_PATH, empty, finding, hostile, obligation, plausible, report, step
from tillproof.contract import Because, Handler, Scenario
from tillproof.report.markdown import to_markdown
from tillproof.report.wording import lead

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


def test_the_table_is_short_and_the_evidence_tells_the_rest() -> None:
    markdown = to_markdown(plausible())
    told = "Anyone who can reach `/webhooks/stripe` can post"
    assert told not in section(markdown, "Findings")
    assert told in section(markdown, "Evidence")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Take `a.b. C` from it. Then stop.", "Take `a.b. C` from it."),
        ("Read it from the settings, e.g. `KEY`. Change it.", "Read it from the settings, e.g. `KEY`."),
        ("Only one sentence", "Only one sentence"),
        ("Set `x = 1.5`, version 2.0 or later.", "Set `x = 1.5`, version 2.0 or later."),
    ],
)
def test_the_lead_of_a_remediation_is_its_first_sentence(text: str, first: str) -> None:
    assert lead(text) == first


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
    many = [obligation(ruling="held", evidence=[step(line=n, kind="guard")]) for n in range(1000)]
    held = section(to_markdown(report([], many)), "What was held, and by what")
    assert held.count(" — webhook at `shop/webhooks.py:38`") == 399  # one stands where it is owed
    assert "and 600 places more" in held


def test_places_that_the_same_lines_prove_are_one() -> None:
    proven = obligation(
        ruling="held", evidence=[step(line=1, kind="source"), *(step(line=n, kind="guard", note="a lock") for n in (4, 4, 5, 6, 7))]
    )
    held = section(to_markdown(report([], [proven, proven])), "What was held, and by what")
    locks = "; ".join(f"`shop/webhooks.py:{n}` a lock" for n in (4, 5, 6))
    assert f"  - {locks} and 1 more — webhook at `shop/webhooks.py:38`\n" in held


def test_the_same_in_many_places_is_told_once_and_each_place_is_named() -> None:
    many = [finding(id=f"f{n}", start_line=n, snippet=f"line_{n}()") for n in range(10, 17)]
    markdown = to_markdown(report([*many, finding(id="low", severity="low")], [obligation()]))
    rows = [line for line in section(markdown, "Findings").splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 2
    evidence = section(markdown, "Evidence")
    assert "### 1. The webhook marks orders paid before its sender is proven (7 places)" in evidence
    assert evidence.count("Anyone who can reach") == 2
    assert "- `shop/webhooks.py:16` (certain, id `f16`) `line_16()`" in evidence
    assert evidence.count("**Remediation:**") == 2
    assert all(f"`shop/webhooks.py:{n}`" in evidence for n in range(10, 17))


def test_calls_on_the_way_are_one_step() -> None:
    calls = [step(line=n, note="calls") for n in (5, 6, 7)]
    one = finding(trace=[step(line=1, kind="source"), *calls, step(line=9, kind="sink", note="paid")])
    evidence = section(to_markdown(report([one], [obligation()])), "Evidence")
    assert "\n2. calls: `shop/webhooks.py:5` → `shop/webhooks.py:6` → `shop/webhooks.py:7`\n3. `shop/webhooks.py:9` paid" in evidence


def test_what_the_verdict_rests_on_comes_first() -> None:
    top = to_markdown(plausible()).split("| Critical |")[0]
    assert "- **critical** The webhook marks orders paid before its sender is proven (`shop/webhooks.py:41`)" in top
    assert "**high**" not in top


def test_a_finding_names_the_scenario_that_shows_it_and_the_other_way_round() -> None:
    plan = [Scenario(id="T1", scenario="s", why="w", preconditions=[], steps=["x"], expected="e", obligations=["o1", "o2"])]
    owed = [obligation(id="o1", ruling="broken"), obligation(id="o2", ruling="held")]
    markdown = to_markdown(report([finding(id="a", obligation="o1")], owed, test_plan=plan))
    assert "**Shown by:** T1 of the staging test plan." in section(markdown, "Evidence")
    assert "**Settles:** finding 1, `payment/webhook-unverified` (1 held)." in section(markdown, "Staging test plan")
    assert "**1. The webhook marks" in section(markdown, "Findings")


def test_a_page_that_only_shows_owes_no_proof() -> None:
    told: dict[str, Any] = {"file": "a.py", "line": 3, "provider": "paypal", "route": "/back", "role": "public", "unit": "."}
    shows = Handler(kind="redirect-return", verified="no", dedup="no", acts="changes nothing that is seen", **told)
    row = section(to_markdown(report([], [], handlers=[shows])), "Entry points that providers call").splitlines()[3]
    assert "| nothing to prove | nothing to repeat |" in row
    acting = Handler(kind="redirect-return", verified="no", dedup="no", acts="marks the order paid", **told)
    assert "| not proven | none |" in to_markdown(report([], [], handlers=[acting]))


def test_a_question_that_goes_on_after_its_mark_is_asked_as_it_is() -> None:
    because = Because(file="a.py", line=3, what="In which unit is `total` kept? Nothing here says it.")
    asked = section(to_markdown(report([], [obligation(ruling="unknown", because=because)])), "Questions that the code does not answer")
    assert "`shop/webhooks.py:38`: In which unit is `total` kept? Nothing here says it. (see `a.py:3`)" in asked


def test_shell_stands_in_blocks_of_its_own() -> None:
    plan = [Scenario(id="T1", scenario="s", why="w", preconditions=["A function:\nf() {\n  curl\n}"], steps=["Send `it`:\nf \"$X\" & wait"],
                     expected="e", obligations=["o1"])]  # fmt: skip
    staging = section(to_markdown(report([], [obligation()], test_plan=plan)), "Staging test plan")
    tokens = MarkdownIt("commonmark").parse(staging)
    assert [token.content for token in tokens if token.type == "fence"] == ["f() {\n  curl\n}\n", 'f "$X" & wait\n']
    assert "**Settles:** `payment/webhook-unverified` (1 broken)." in staging


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
