import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.report.samples import HOSTILE
from tillproof.report import escape

nasty = st.text(st.sampled_from(list("`|\\*_[]()<>&!#~-+.1a \n\t\x1b\u202e\"'")) | st.characters(), max_size=40)


def parse(markdown: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(markdown)


def inline(markdown: str) -> list[Token]:
    return [child for token in parse(markdown) for child in token.children or []]


def cells(markdown: str) -> list[Token]:
    tokens = parse(markdown)
    return [tokens[index + 1] for index, token in enumerate(tokens) if token.type == "td_open"]


@given(nasty)
def test_prose_is_text_and_code_and_nothing_else(text: str) -> None:
    assert {token.type for token in inline(f"* {escape.prose(text)}")} <= {"text", "code_inline"}


@given(nasty)
def test_prose_opens_no_block(text: str) -> None:
    assert {token.type for token in parse(escape.prose(text))} <= {"paragraph_open", "inline", "paragraph_close"}


@given(nasty)
def test_code_is_one_span_with_the_text_as_it_is(text: str) -> None:
    shown = escape.line(text)
    spans = inline(f"x {escape.code(text)}")
    assert [token.content for token in spans if token.type == "code_inline"] == ([shown] if shown else [])
    assert {token.type for token in spans} <= {"text", "code_inline"}


@given(nasty, nasty)
def test_cells_stay_in_their_columns(one: str, two: str) -> None:
    found = cells(f"| a | b |\n| --- | --- |\n| x{escape.cell(one)} | y{escape.code_cell(two)} |\n")
    assert len(found) == 2
    assert found[1].content.startswith("y")
    children = [child for cell in found for child in cell.children or []]
    assert {child.type for child in children} <= {"text", "code_inline", "html_inline"}
    assert {child.content for child in children if child.type == "html_inline"} <= {"<code>", "</code>"}


@given(nasty)
def test_a_block_holds_all_of_its_text(text: str) -> None:
    tokens = parse("\n".join(escape.block(text, "python")))
    assert [token.type for token in tokens] == ["fence"]


@given(nasty)
def test_a_mermaid_label_ends_nothing(text: str) -> None:
    assert re.fullmatch(r"([A-Za-z0-9_ .,:/()+@-]|#\d+;)*", escape.mermaid(text))


@given(nasty)
def test_a_line_is_one_line_that_can_be_seen(text: str) -> None:
    shown = escape.line(text)
    assert {unicodedata.category(char) for char in shown}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call `construct_event` first", "call `construct_event` first"),
        ("payment_intent and __init__", r"payment_intent and \_\_init\_\_"),
        ("a | b", "a &#124; b"),
        ("- not a list", r"\- not a list"),
        ("<b>", "&lt;b&gt;"),
    ],
)
def test_prose_stays_readable(text: str, expected: str) -> None:
    assert escape.prose(text) == expected


def test_escape_sequences_are_written_out() -> None:
    assert escape.line("a\x1b[2Jb\u202ec\r\nd\U000e0041") == r"a\x1b[2Jb\u202ec d\U000e0041"
    assert all("\x1b" not in line and "\u202e" not in line for line in escape.code_lines(HOSTILE))


def test_snippets_lose_their_common_indentation_only() -> None:
    assert escape.code_lines("\tif a:\n\n\t\tb()\n") == ["if a:", "", "    b()"]
