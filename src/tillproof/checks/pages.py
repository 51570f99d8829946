"""The page that stands beside each check's module: what it says to people, and the examples that are its tests.

A page is Markdown: a title, a summary, the sections of ``SECTIONS`` in that order. Below ``## Broken`` and ``## Sound`` each ``###``
heading begins an example: one fenced block per file, whose info string carries its path (``python file=app/webhooks.py``). In a broken
example the lines on which a finding must stand end in the comment ``tillproof: expect``; a sound example has none.
"""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple, NoReturn

import msgspec

SECTIONS = ("What goes wrong", "How it is decided", "Known limits", "References", "Broken", "Sound")

_HEADING = re.compile(r"(#{1,3}) +(.*?) *")
_FENCE = re.compile(r"(`{3,})(.*)")
_FILE = re.compile(r"\w+ file=(\S+)")
_MARKER = re.compile(r"(?:#|//|--|;|<!--|\{#|\{\{--|/\*) tillproof: expect(?: (?:-->|#\}|--\}\}|\*/))?$")
_URL = re.compile(r"https?://\S+")


class PageError(ValueError):
    """A page that is not of the form that this module describes. The message begins with file and line."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A small program. ``files``: path → code, markers included; ``expect``: path and line (1-based) of each finding that must be made."""

    title: str
    files: dict[str, str]
    expect: list[tuple[str, int]]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A check's documentation. ``text`` is the whole page, ``summary`` its first paragraph on one line, a reference is ``label: URL``."""

    text: str
    title: str
    summary: str
    broken: list[Example]
    sound: list[Example]
    references: list[str]


class _Block(NamedTuple):
    """A heading with its level, a line of text, or a fence: ``text`` is then the info string."""

    line: int
    kind: Literal["heading", "text", "fence"]
    text: str
    level: int = 0
    code: str = ""


class _Section(NamedTuple):
    line: int
    name: str
    blocks: list[_Block]


def load(path: Path) -> Page:
    """Read the page at ``path``. Raises PageError, with file and line, when a part is missing, misplaced or malformed."""
    text = path.read_text(encoding="utf-8")
    blocks = _blocks(path, text)
    if not blocks or blocks[0].level != 1:
        _fail(path, 1, "a page begins with its title: '# …'")
    preface, sections = _sections(blocks[1:])
    _require_sections(path, sections)
    content = {section.name: section for section in sections}
    for section in sections[:4]:
        _require_prose(path, section)
    return Page(
        text=text,
        title=blocks[0].text,
        summary=_first_paragraph(path, preface),
        references=_references(path, content["References"]),
        broken=_examples(path, content["Broken"], marked=True),
        sound=_examples(path, content["Sound"], marked=False),
    )


def _fail(path: Path, line: int, what: str) -> NoReturn:
    raise PageError(f"{path}:{line}: {what}")


def _blocks(path: Path, text: str) -> list[_Block]:
    """Headings are only seen outside fences, so that a comment in Python is none."""
    blocks: list[_Block] = []
    lines = iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        if fence := _FENCE.fullmatch(line):
            blocks.append(_Block(number, "fence", fence[2].strip(), code=_code(path, number, fence[1], lines)))
        elif heading := _HEADING.fullmatch(line):
            blocks.append(_Block(number, "heading", heading[2], level=len(heading[1])))
        else:
            blocks.append(_Block(number, "text", line.strip()))
    return blocks


def _code(path: Path, opened: int, fence: str, lines: Iterable[tuple[int, str]]) -> str:
    """Takes ``lines`` up to the fence that closes the one opened in line ``opened``."""
    code: list[str] = []
    for _, line in lines:
        if line.rstrip() == fence:
            return "\n".join(code) + "\n"
        if line.startswith(fence):
            break
        code.append(line)
    _fail(path, opened, "this fence is never closed")


def _sections(blocks: Iterable[_Block]) -> tuple[list[_Block], list[_Section]]:
    """What stands before the first section, and the sections."""
    preface: list[_Block] = []
    sections: list[_Section] = []
    for block in blocks:
        if block.kind == "heading" and block.level < 3:
            sections.append(_Section(block.line, block.text, []))
        else:
            (sections[-1].blocks if sections else preface).append(block)
    return preface, sections


def _require_sections(path: Path, sections: list[_Section]) -> None:
    for section, wanted in zip(sections, SECTIONS, strict=False):
        if section.name != wanted:
            _fail(path, section.line, f"found section '{section.name}' where '## {wanted}' must stand")
    if len(sections) > len(SECTIONS):
        _fail(path, sections[len(SECTIONS)].line, f"no section may follow '## {SECTIONS[-1]}'")
    if len(sections) < len(SECTIONS):
        _fail(path, sections[-1].line if sections else 1, f"section '## {SECTIONS[len(sections)]}' is missing")


def _require_prose(path: Path, section: _Section) -> None:
    if not any(block.kind == "text" and block.text for block in section.blocks):
        _fail(path, section.line, f"section '{section.name}' says nothing")


def _first_paragraph(path: Path, preface: list[_Block]) -> str:
    words: list[str] = []
    for block in preface:
        if block.kind != "text" or (words and not block.text):
            break
        if block.text:
            words.append(block.text)
    if not words:
        _fail(path, 1, "the title must be followed by a summary")
    return " ".join(words)


def _references(path: Path, section: _Section) -> list[str]:
    references: list[str] = []
    for block in section.blocks:
        if not block.text:
            continue
        if block.kind != "text" or not block.text.startswith("- ") or not _URL.search(block.text):
            _fail(path, block.line, "a reference is one line: '- label: URL'")
        references.append(block.text.removeprefix("- "))
    return references


def _examples(path: Path, section: _Section, *, marked: bool) -> list[Example]:
    examples: dict[str, Example] = {}
    for title, fences in _titled_fences(path, section):
        if title.text in examples:
            _fail(path, title.line, f"'{title.text}' is the title of another example of this section")
        example = Example(title=title.text, files=_files(path, title, fences), expect=_expected(path, fences))
        if marked and not example.expect:
            _fail(path, title.line, "a broken example marks where its finding stands, with 'tillproof: expect'")
        if example.expect and not marked:
            _fail(path, title.line, "a sound example marks no line")
        examples[title.text] = example
    if not examples:
        _fail(path, section.line, f"section '{section.name}' has no example")
    return list(examples.values())


def _titled_fences(path: Path, section: _Section) -> list[tuple[_Block, list[_Block]]]:
    """The headings of the section, each with the fences below it. Text between them is for the reader."""
    found: list[tuple[_Block, list[_Block]]] = []
    for block in section.blocks:
        if block.kind == "heading":
            found.append((block, []))
        elif block.kind == "fence":
            if not found:
                _fail(path, block.line, "this fence belongs to no example: '### …' must stand before it")
            found[-1][1].append(block)
    return found


def _files(path: Path, title: _Block, fences: list[_Block]) -> dict[str, str]:
    files: dict[str, str] = {}
    for fence in fences:
        name = _file_name(path, fence)
        if name in files:
            _fail(path, fence.line, f"'{name}' is written twice in this example")
        files[name] = fence.code
    if not files:
        _fail(path, title.line, f"example '{title.text}' has no code")
    return files


def _file_name(path: Path, fence: _Block) -> str:
    match = _FILE.fullmatch(fence.text)
    if not match:
        _fail(path, fence.line, "the info string of an example is '<language> file=<path>'")
    name = PurePosixPath(match[1])
    if name.is_absolute() or ".." in name.parts:
        _fail(path, fence.line, f"'{name}' leaves the example's folder")
    return str(name)


def _expected(path: Path, fences: list[_Block]) -> list[tuple[str, int]]:
    expected: list[tuple[str, int]] = []
    for fence in fences:
        for number, line in enumerate(fence.code.splitlines(), start=1):
            if _MARKER.search(line):
                expected.append((_file_name(path, fence), number))
            elif "tillproof:" in line:
                _fail(path, fence.line + number, "a marker is the comment 'tillproof: expect' at the end of a line")
    return expected
