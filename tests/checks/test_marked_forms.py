"""Forms in which data, credentials and requests leave, from the pages that list them: each marked line is found, and no other."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_FORMS = Path(__file__).parent / "forms"
_FENCE = re.compile(r"```\w+ (?P<path>\S+)\n(?P<text>.*?)\n```", re.DOTALL)
_MARK = re.compile(r"(?:#|//) !$")
_IMPORTED = re.compile(r"(?:require\(|from )'([^'.][^']*)'")
_NEEDED = {"Illuminate": "laravel/framework", "Magento": "magento/framework", "Symfony": "symfony/framework-bundle"}


class Form(NamedTuple):
    """``files`` by path; in a line that ends in ``!`` stands a finding of ``check``."""

    check: str
    files: dict[str, str]


def _forms(page: str) -> list[object]:
    found: list[object] = []
    for section in re.split(r"^## ", (_FORMS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        check = section.partition("\n")[0].strip()
        for form in re.split(r"^### ", section, flags=re.MULTILINE)[1:]:
            files = {m["path"]: m["text"] for m in _FENCE.finditer(form)}
            assert files, form
            found.append(pytest.param(Form(check, files), id=f"{check}: {form.partition(chr(10))[0]} ({', '.join(files)})"))
    return found


def _manifests(files: dict[str, str]) -> dict[str, str]:
    """What says which packages the files use."""
    text = "\n".join(files.values())
    packages = dict.fromkeys(_IMPORTED.findall(text), "*")
    needed = {package: "*" for word, package in _NEEDED.items() if word in text}
    return {"package.json": json.dumps({"dependencies": packages}), "composer.json": json.dumps({"require": needed})}


@pytest.mark.parametrize("form", [form for page in ("leaks.md", "credentials.md", "requests.md", "secrets.md") for form in _forms(page)])
def test_what_a_form_marks_is_found_and_nothing_else(form: Form, tmp_path: Path) -> None:
    for name, text in {**_manifests(form.files), **form.files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    report = review(tmp_path, Settings(use_cache=False, checks=(form.check,)))
    found = {(f.file, f.start_line) for f in report.findings}
    marked = {(name, n) for name, text in form.files.items() for n, line in enumerate(text.split("\n"), 1) if _MARK.search(line)}
    assert found == marked, [(o.site.file, o.site.line, o.ruling) for o in report.obligations]
