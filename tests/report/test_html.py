"""The HTML report as a document: one file, nothing of the reviewed code in it as markup, and all of the review there."""

import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from tests.report.samples import HOSTILE, LONG_PATH, empty, finding, hostile, obligation, plausible, report
from tillproof.contract import Excerpt, Report
from tillproof.report.html import to_html

VOID = {"meta", "link", "input", "wbr", "br"}
EVIL = '</pre></script><script>alert(1)</script><img src=x onerror=alert(1)>" onmouseover="alert(1)" \' javascript:alert(1) {{7*7}} &lt;'
INVISIBLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f\ud800-\udfff]")


class Document(HTMLParser):
    """Every tag with its attributes, in order; the text; and whether tags are closed in the order in which they were opened."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def said(self) -> str:
        return " ".join("".join(self.text).split())


def attacked() -> Report:
    """The hostile sample with what is hostile to HTML in particular, in code, names and ids too."""
    text = f"{EVIL}{HOSTILE}"
    swapped: dict[str, Any] = msgspec.to_builtins(hostile())

    def swap(value: Any) -> Any:
        if isinstance(value, dict):
            return {swap(k) if k == HOSTILE else k: swap(v) for k, v in value.items()}
        if isinstance(value, list):
            return [swap(each) for each in value]
        return value.replace(HOSTILE, text) if isinstance(value, str) else value

    swapped = swap(swapped)
    swapped["findings"][0] |= {
        "id": EVIL,
        "obligation": EVIL,
        "systems": [EVIL],
        "references": [EVIL, "javascript:alert(1)", f"x: javascript:{EVIL}"],
    }
    swapped["obligations"][1] |= {"id": EVIL, "systems": [EVIL]}
    swapped["excerpts"] = [{"file": text, "start_line": 1, "code": "\n".join(f"{n} = '{text}'" for n in range(9))}]
    swapped["checks"] = [{"id": EVIL, "title": EVIL, "held": 0, "broken": 0, "unknown": 0}]
    swapped["test_plan"][0] |= {"id": EVIL, "obligations": [EVIL], "kind": EVIL, "steps": [f"Run it:\n{text}"]}
    swapped["resilience"]["retry"]["by_system"] = [{"system": EVIL, "status": "held", "statement": EVIL, "evidence": []}] * 2
    return msgspec.convert(swapped, Report)


@pytest.mark.parametrize("made", [plausible, empty, hostile, attacked])
def test_it_is_one_well_formed_file_that_loads_nothing(made: Any) -> None:
    page = to_html(made())
    document = Document(page)
    assert document.open == []
    assert page.startswith("<!doctype html>\n")
    assert not [a for _, a in document.tags if "src" in a or "srcset" in a or "style" in a]
    assert [a["href"] for a in document.all("link")] == ["data:,"]
    assert [document.all(tag) for tag in ("img", "iframe", "object", "base")] == [[], [], [], []]
    assert len(document.all("script")) == len(document.all("style")) == 1
    assert "@import" not in page
    assert "url(http" not in page
    names = [a["id"] for _, a in document.tags if "id" in a]
    assert len(names) == len(set(names))


def test_the_policy_allows_our_script_and_style_alone() -> None:
    page = to_html(plausible())
    policy = next(a["content"] for a in Document(page).all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert page.index("Content-Security-Policy") < min(page.index("<style"), page.index("<script"))
    assert "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'" in policy


def test_hostile_text_stays_text() -> None:
    page = to_html(attacked())
    document = Document(page)
    assert len(document.all("script")) == 1
    assert not [name for _, a in document.tags for name in a if name.startswith("on")]
    assert not [a for a in document.all("a") if not a["href"].startswith(("#", "https://"))]
    assert not INVISIBLE.search(page)
    assert "49" not in document.said.split("{{7*7}}")[0][-5:]
    assert "{{7*7}}" in document.said
    assert "<script>alert(1)</script>" in document.said
    assert r"\u202eevil\u202c" in document.said
    assert r"\x1b[2J" in document.said


def test_all_of_the_review_is_there() -> None:
    said = Document(to_html(plausible())).said
    for part in (
        "BLOCKED", "1 critical finding must be mended", "Primary risk", "Integration boundaries", "sender not proven",
        "The webhook marks orders paid before its sender is proven", "stripe.Webhook.construct_event", "shop/orders.py:112",
        "Does totals() of the package acme-cart read prices from the database?", "verify_signature raises unless the message is genuine",
        "Webhook signatures are verified", "SAQ level: A. Stripe serves the card form by redirect.",
        "1 of 1 payment creation sends no key.",
        "T1 Replay a webhook", "One shipment, one mail.", "tips are counted in whole euros", "larger than 2 MB", "CWE-345", LONG_PATH,
    ):  # fmt: skip
        assert part in said, part


def test_code_is_shown_with_its_numbers_and_the_line_that_is_meant() -> None:
    code = "\n".join(f"line_{n} = {n}  # note" for n in range(30, 60))
    one = finding(start_line=41, end_line=42)
    page = to_html(report([one], [obligation()], excerpts=[Excerpt(file="shop/webhooks.py", start_line=30, code=code)]))
    block = page.split('<pre class="code" tabindex="0">')[1].split("</pre>")[0]
    assert re.findall(r"<b>(\d+)</b>", block) == ["39", "40", "41", "42", "43", "44"]
    assert re.findall(r'marked"><b>(\d+)</b>', block) == ["41", "42"]
    assert '<i class="c"># note</i>' in block
    assert Document(page).said.count("line_41 = 41 # note") == 1


def test_the_same_in_many_places_is_one_group_with_one_remedy() -> None:
    many = [finding(id=f"f{n}", start_line=n) for n in range(1, 21)]
    page = to_html(report(many, [obligation()]))
    document = Document(page)
    assert document.said.count("Build the event with") == 1
    assert "20 places" in document.said
    assert len([a for a in document.all("details") if "finding" in a.get("class", "").split()]) == 20


def test_what_the_filters_ask_for_stands_at_every_item() -> None:
    page = to_html(report([finding(systems=["paypal", "stripe"], unit="shop")], [obligation(ruling="held", id="o9")]))
    one = next(a for a in Document(page).all("details") if "finding" in a.get("class", "").split())
    kept = {name: value for name, value in one.items() if name.startswith("data-")}
    assert kept == {"data-severity": "critical", "data-section": "payment", "data-system": "paypal stripe", "data-unit": "shop"}


def test_a_scenario_leads_to_what_it_settles() -> None:
    document = Document(to_html(plausible()))
    targets = {a["id"] for _, a in document.tags if "id" in a}
    inside = [a["href"] for a in document.all("a") if a["href"].startswith("#")]
    assert "#f-4be1c09d" in inside or "#f-34ef" in inside
    assert {href[1:] for href in inside} <= targets
    assert any(href.startswith("#t-") for href in inside)  # and from a finding to what shows it


def test_nothing_looked_at_is_not_the_same_as_nothing_found() -> None:
    assert "nothing was verified" in Document(to_html(empty())).said
    assert "nothing was verified" not in Document(to_html(report([], [obligation(ruling="held")]))).said


def test_the_same_report_gives_the_same_bytes() -> None:
    assert to_html(plausible()) == to_html(plausible())
