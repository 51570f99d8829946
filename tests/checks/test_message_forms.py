"""What becomes of providers' messages, in the forms in which people write it: how they are reached, proven, answered, repeated and noted.

A page in ``forms`` has groups (``##``) of forms (``###``). Files at the head of a group belong to each of its forms; what a form has
of the same path is added behind. The line below a form's name says by check what every ruling on it has to be,
``a+b`` that there are both; ``-`` that there is none.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_FORMS = Path(__file__).parent / "forms"
_PAGES = ("ways.md", "proofs.md", "answers.md", "alike.md", "repeats.md", "notes.md")
_PIECE = re.compile(
    r"^(?P<level>#{2,3}) (?P<name>.+)\n|^```\w+ (?P<path>\S+)\n(?P<code>(?s:.*?))^```\n|^(?P<wanted>[a-z-]+ [a-z+-]+(?:, .*)?)\n",
    re.MULTILINE,
)
_FOLDERS = {
    "swallowed-failure": "resilience",
    "no-dead-letter": "resilience",
    "payment-event-not-logged": "resilience",
    "webhook-unverified": "payment",
    "webhook-weak-verification": "payment",
    "handler-not-idempotent": "idempotency",
    "dedup-race": "idempotency",
    "event-order-assumed": "order",
}


class Form(NamedTuple):
    """A small program, and the rulings that every check named has to make on it."""

    files: dict[str, str]
    wanted: dict[str, set[str]]


def _forms(page: str) -> list[object]:
    group, found = "", dict[str, Form]()
    around = dict[str, str]()
    files: dict[str, str] | None = None
    wanted = dict[str, set[str]]()
    for piece in _PIECE.finditer((_FORMS / page).read_text(encoding="utf-8")):
        if piece["level"] == "##":
            group, around, files = piece["name"], {}, None
        elif piece["level"]:
            files, wanted = dict(around), {}
            found[f"{group}: {piece['name']}"] = Form(files, wanted)
        elif piece["path"]:
            into = around if files is None else files
            into[piece["path"]] = into.get(piece["path"], "") + piece["code"]
        elif files is not None and not wanted:
            told = (each.split(" ") for each in piece["wanted"].split(", "))
            wanted.update({f"{_FOLDERS[check]}/{check}": set(ruling.split("+")) - {"-"} for check, ruling in told})
    return [pytest.param(form, id=f"{page.removesuffix('.md')}: {name}") for name, form in found.items()]


@pytest.mark.parametrize("form", [form for page in _PAGES for form in _forms(page)])
def test_what_becomes_of_a_message_is_ruled_as_the_page_says(form: Form, tmp_path: Path) -> None:
    for name, code in form.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    obligations = review(tmp_path, Settings(use_cache=False, checks=tuple(form.wanted))).obligations
    assert form.wanted
    assert {check: {o.ruling for o in obligations if o.check == check} for check in form.wanted} == form.wanted
