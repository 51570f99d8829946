"""The parser of pages refuses what is not of the form, by file and line; and every page has what a check owes its reader."""

import re
from pathlib import Path, PurePosixPath

import pytest
import tree_sitter_javascript
import tree_sitter_php
import tree_sitter_python
import tree_sitter_typescript
from tree_sitter import Language, Parser

from tests.checks.every_page import PAGES, language_of
from tillproof.checks.catalog import all_checks
from tillproof.checks.pages import Example, Page, PageError, load

PAGE = """\
# Refund without a limit

More is paid back
than was taken.

Second paragraph.

## What goes wrong

Money leaves.

## How it is decided

By reading.

## Known limits

Few.

## References

- Refunds: https://example.com/refunds
- CWE-840: https://example.com/840

## Broken

### Two files

Why this is broken.

```python file=app/views.py
# a comment, no heading
refund(amount)  # tillproof: expect
```

```javascript file=web/refund.js
refund(amount) // tillproof: expect
```

## Sound

### Bounded

```python file=app/views.py
## nor is this one
refund(min(amount, taken))
```
"""

GRAMMARS = {
    ".jsx": tree_sitter_javascript.language(),
    ".py": tree_sitter_python.language(),
    ".js": tree_sitter_javascript.language(),
    ".ts": tree_sitter_typescript.language_typescript(),
    ".tsx": tree_sitter_typescript.language_tsx(),
    ".php": tree_sitter_php.language_php(),
}


def parse(folder: Path, text: str) -> Page:
    path = folder / "page.md"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_a_page_is_read_whole(tmp_path: Path) -> None:
    page = parse(tmp_path, PAGE)
    assert page.text == PAGE
    assert page.title == "Refund without a limit"
    assert page.summary == "More is paid back than was taken."
    assert page.references == ["Refunds: https://example.com/refunds", "CWE-840: https://example.com/840"]
    assert page.broken == [
        Example(
            title="Two files",
            files={
                "app/views.py": "# a comment, no heading\nrefund(amount)  # tillproof: expect\n",
                "web/refund.js": "refund(amount) // tillproof: expect\n",
            },
            expect=[("app/views.py", 2), ("web/refund.js", 1)],
        )
    ]
    assert page.sound == [
        Example(title="Bounded", files={"app/views.py": "## nor is this one\nrefund(min(amount, taken))\n"}, expect=[]),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# Refund without a limit\n", "", "1: a page begins with its title"),
        ("More is paid back\nthan was taken.\n\nSecond paragraph.\n", "", "1: the title must be followed by a summary"),
        ("## Known limits\n\nFew.\n\n", "", "16: found section 'References' where '## Known limits' must stand"),
        ("Money leaves.\n", "", "8: section 'What goes wrong' says nothing"),
        ("- Refunds: https://example.com/refunds", "- Refunds, see the manual", "22: a reference is one line"),
        ("- Refunds: https", "Refunds: https", "22: a reference is one line"),
        ("### Two files\n", "", "30: this fence belongs to no example"),
        ("### Bounded", "### Two files", None),
        ("## Sound\n", "### Two files\n\n```python file=a.py\n```\n\n## Sound\n", "40: 'Two files' is the title of another example"),
        (" file=web/refund.js", "", "36: the info string"),
        ("file=web/refund.js", "file=app/views.py", "36: 'app/views.py' is written twice"),
        ("file=web/refund.js", "file=/etc/refund.js", "36: '/etc/refund.js' leaves"),
        ("file=web/refund.js", "file=../refund.js", "36: '../refund.js' leaves"),
        ("refund(amount)  # tillproof: expect", "refund(amount)  # tillproof: expected", "33: a marker is"),
        ("refund(amount)  # tillproof: expect\n", "refund(amount)\n", None),
        ("min(amount, taken))", "min(amount, taken))  # tillproof: expect", "42: a sound example marks no line"),
        ("# tillproof: expect\n```\n\n```javascript", "# tillproof: expect\n\n```javascript", "31: this fence is never closed"),
    ],
)
def test_what_is_not_of_the_form_is_refused_by_file_and_line(tmp_path: Path, old: str, new: str, message: str | None) -> None:
    assert PAGE.count(old) == 1
    text = PAGE.replace(old, new)
    if message is None:
        parse(tmp_path, text)
        return
    with pytest.raises(PageError, match=re.escape(f"page.md:{message}")):
        parse(tmp_path, text)


def test_examples_are_required_with_code_and_marks(tmp_path: Path) -> None:
    head = PAGE[: PAGE.index("### Two files")]
    tail = PAGE[PAGE.index("## Sound") :]
    with pytest.raises(PageError, match=re.escape("page.md:25: section 'Broken' has no example")):
        parse(tmp_path, head + tail)
    with pytest.raises(PageError, match=re.escape("page.md:27: example 'Empty' has no code")):
        parse(tmp_path, head + "### Empty\n\n" + tail)
    with pytest.raises(PageError, match=re.escape("page.md:27: a broken example marks where its finding stands")):
        parse(tmp_path, head + "### Bare\n\n```python file=a.py\nrefund()\n```\n\n" + tail)


def test_sections_must_all_be_there_and_no_others(tmp_path: Path) -> None:
    with pytest.raises(PageError, match=re.escape("page.md:25: section '## Sound' is missing")):
        parse(tmp_path, PAGE[: PAGE.index("## Sound")])
    with pytest.raises(PageError, match=re.escape("page.md:49: no section may follow '## Sound'")):
        parse(tmp_path, PAGE + "\n## Notes\n")


def test_every_page_has_its_check() -> None:
    assert [check.id for check in all_checks()] == sorted(PAGES)


@pytest.mark.parametrize("check", PAGES)
def test_every_page_has_examples_of_both_kinds_in_every_language(check: str) -> None:
    page = load(PAGES[check])
    for examples in (page.broken, page.sound):
        assert {language for example in examples if (language := language_of(example))} == {"python", "javascript", "php"}


@pytest.mark.parametrize("check", PAGES)
def test_every_page_cites_a_standard_and_a_practice(check: str) -> None:
    references = load(PAGES[check]).references
    standards = [r for r in references if "PCI DSS 4.0.1" in r or "https://cwe.mitre.org/data/definitions/" in r]
    assert standards
    assert len(standards) < len(references)


@pytest.mark.parametrize("check", PAGES)
def test_every_example_is_a_program_that_parses(check: str) -> None:
    page = load(PAGES[check])
    for example in page.broken + page.sound:
        for name, code in example.files.items():
            suffix = PurePosixPath(name).suffix
            if suffix not in GRAMMARS:
                continue
            parser = Parser(Language(GRAMMARS[suffix]))
            assert not parser.parse(code.encode()).root_node.has_error, f"{example.title}: {name}"
