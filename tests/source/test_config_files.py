"""Entries of configuration files with their keys and lines, and what broken files still say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tillproof.source.config import read_config
from tillproof.source.files import Language

ENV = """# comment
export STRIPE_KEY=abc # trailing
QUOTED="a # b\\n" # c
SINGLE='x y'
MULTI="one
two"
AFTER=1
EMPTY=
STRAY="never closed
LAST=2
"""
YAML = """version: 3
x-common: &common
  A: 1
services:
  web:
    <<: *common
    environment:
      - STRIPE_KEY=abc
      - DEBUG
    ports: [80, "90"]
---
spec:
  env:
    - name: TOKEN
      value: xyz
    - name: FROM
      valueFrom: {secretKeyRef: {name: s}}
text: |
  two
  lines
? [complex, key]
: value
"""
JSON = """{
  // comment
  "stripe": {"key": "a\\u0062", 'n': 1.5,},
  "list": [
    true, {"deep": null}
  ], /* more
  */ "after": "x"
}"""
TOML = """top = 1
[stripe]
key = "abc" # c
modes.live = true
list = [
  "a",
  "b",
]
broken =
[[hooks]]
url = 'u'
[[hooks]]
url = { path = "v" }
text = \"\"\"
x\"\"\"
"""
INI = "a = 1\n[pay pal]\n; c\nkey = 'x' ; y\nother: z=1\n"
PROPERTIES = "! c\npay.key = abc\npay.long=one\\\n  two\nspaced value\nuni=\\u0041:b\n"
DOCKERFILE = 'FROM x\nARG KEY=abc\nARG NONE\nENV A=1 B="two words" \\\n    C=3\nENV OLD style value\nRUN x=1\n'


@pytest.mark.parametrize(
    ("language", "text", "expected", "complete"),
    [
        (
            "env",
            ENV,
            [
                ("STRIPE_KEY", "abc", 2),
                ("QUOTED", "a # b\n", 3),
                ("SINGLE", "x y", 4),
                ("MULTI", "one\ntwo", 5),
                ("AFTER", "1", 7),
                ("EMPTY", "", 8),
                ("STRAY", "never closed", 9),
                ("LAST", "2", 10),
            ],
            True,
        ),
        (
            "yaml",
            YAML,
            [
                ("version", "3", 1),
                ("x-common.A", "1", 3),
                ("services.web.environment.STRIPE_KEY", "abc", 8),
                ("services.web.environment.1", "DEBUG", 9),
                ("services.web.ports.0", "80", 10),
                ("services.web.ports.1", "90", 10),
                ("spec.env.TOKEN", "xyz", 15),
                ("spec.env.1.valueFrom.secretKeyRef.name", "s", 17),
                ("text", "two\nlines\n", 18),
                ("?.0", "complex", 21),
                ("?.1", "key", 21),
                ("?", "value", 22),
            ],
            True,
        ),
        (
            "json",
            JSON,
            [("stripe.key", "ab", 3), ("stripe.n", "1.5", 3), ("list.0", "true", 5), ("list.1.deep", "null", 5), ("after", "x", 7)],
            True,
        ),
        (
            "toml",
            TOML,
            [
                ("top", "1", 1),
                ("stripe.key", "abc", 3),
                ("stripe.modes.live", "true", 4),
                ("stripe.list.0", "a", 5),
                ("stripe.list.1", "b", 5),
                ("hooks.0.url", "u", 11),
                ("hooks.1.url.path", "v", 13),
                ("hooks.1.text", "x", 14),
            ],
            False,
        ),
        ("ini", INI, [("a", "1", 1), ("pay pal.key", "x", 4), ("pay pal.other", "z=1", 5)], True),
        ("properties", PROPERTIES, [("pay.key", "abc", 2), ("pay.long", "onetwo", 3), ("spaced", "value", 5), ("uni", "A:b", 6)], True),
        (
            "dockerfile",
            DOCKERFILE,
            [("KEY", "abc", 2), ("A", "1", 4), ("B", "two words", 4), ("C", "3", 4), ("OLD", "style value", 6)],
            True,
        ),
    ],
)
def test_entries(language: Language, text: str, expected: list[tuple[str, str, int]], complete: bool) -> None:
    for version in (text, text.replace("\n", "\r\n")):
        entries, reason = read_config("f", language, version)
        found = [(entry.key, entry.value.replace("\r\n", "\n"), entry.line) for entry in entries]
        assert found == expected
        assert (reason is None) == complete


@pytest.mark.parametrize(
    ("language", "text", "keys"),
    [
        ("json", '{"a": 1, "b": @', ["a"]),
        ("json", '{"a": 1, "b": ', ["a"]),
        ("json", '{"a": 1, "b": "x', ["a"]),
        ("yaml", "a: 1\nb: [1, {{ x }\nc: 2\n", ["a", "b.0"]),
        ("yaml", "a: 1\nb: \x07\n", None),
        ("toml", "a = 1\n???\nb = 2\n", ["a", "b"]),
    ],
)
def test_broken_files_give_what_came_before(language: Language, text: str, keys: list[str] | None) -> None:
    entries, reason = read_config("f", language, text)
    assert keys is None or [entry.key for entry in entries][: len(keys)] == keys
    assert reason


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("json", '{"a":1,"b":' + "[" * 10_000 + "]" * 10_000 + "}"),
        ("json", '{"a":' * 10_000),
        ("yaml", "a: 1\nb: " + "[" * 10_000 + "]" * 10_000),
        ("yaml", "a: 1\nb: " + "{a: " * 10_000),
        ("toml", "a = 1\nb = " + "[" * 10_000 + "]" * 10_000),
    ],
)
def test_deep_nesting_is_refused_and_harmless(language: Language, text: str) -> None:
    entries, reason = read_config("f", language, text)
    assert len(entries) <= 1
    assert reason


def test_a_bomb_of_aliases_does_not_go_off() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    entries, reason = read_config("f", "yaml", "\n".join(lines))
    assert ([entry.value for entry in entries], reason) == (["x", "x"], None)


def test_bounds() -> None:
    assert read_config("f", "env", "A=1\n" * 1_000_000)[1] == "too large: 4.0 million characters"
    entries, reason = read_config("f", "env", "A=1\n" * 60_000)
    assert (len(entries), reason) == (50_000, "only the first 50000 entries were read")
    assert read_config("f", "php", "")[0] == []


LANGUAGES: list[Language] = ["env", "yaml", "json", "toml", "ini", "properties", "dockerfile"]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(LANGUAGES), st.text(st.sampled_from("ab=:\"'[]{}\\\n\t -#,.&*!|>/\0\x85é"), max_size=80))
def test_no_text_raises_and_lines_exist(language: Language, text: str) -> None:
    entries, _ = read_config("f", language, text)
    assert all(1 <= entry.line <= len(text.splitlines()) + 1 for entry in entries)


@pytest.mark.parametrize(
    ("language", "piece"),
    [
        ("env", 'A="\\"\n'),
        ("env", "A"),
        ("ini", "a "),
        ("ini", " "),
        ("properties", "\\\n"),
        ("dockerfile", "ENV a"),
        ("dockerfile", "a"),
        ("toml", "a = [\n"),
        ("toml", 'a = ["""\n'),
        ("toml", "a."),
        ("json", "/*"),
        ("json", '"'),
        ("yaml", "- "),
        ("yaml", "&a *a "),
    ],
)
def test_long_hostile_files_end(language: Language, piece: str) -> None:
    read_config("f", language, "ENV " + piece * (300_000 // len(piece)))
    read_config("f", language, piece * (300_000 // len(piece)))


def test_a_huge_key_is_not_repeated_in_each_entry() -> None:
    entries, _ = read_config("f", "json", '{"' + "k" * 500_000 + '": {' + '"a": 1, ' * 20_000 + "}}")
    assert max(len(entry.key) for entry in entries) <= 500
