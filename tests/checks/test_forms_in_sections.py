"""Pages of forms that hold whole trees: all forms of a section are reviewed at once, each as a deployed part of its own."""

import re
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_FORMS = Path(__file__).parent / "forms"
_PAGES = (
    "changes.md",
    "returns.md",
    "stock.md",
    "runs.md",
    "carried.md",
    "held_open.md",
    "undone.md",
    "refusals.md",
    "thresholds.md",
    "quantities.md",
    "clients.md",
    "javascript.md",
)
_BLOCK = re.compile(r"^```\w+ (\S+)\n((?s:.*?))\n?```$", re.MULTILINE)
_NODE = ("package.json", "{}")
_PROJECTS = {".py": ("requirements.txt", "django\n"), ".js": _NODE, ".ts": _NODE, ".php": ("composer.json", "{}")}


def _sections() -> list[object]:
    found: list[object] = []
    for page in _PAGES:
        for section in re.split(r"^## ", (_FORMS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            head, *forms = re.split(r"^### ", section, flags=re.MULTILINE)
            title = head.partition("\n")[0]
            found.append(pytest.param(dict(_BLOCK.findall(head)), forms, id=f"{page.removesuffix('.md')}: {title}"))
    return found


def _lay_out(folder: Path, around: dict[str, str], own: dict[str, str]) -> None:
    """A form as a part with a project file; a file that it shares with the others goes on where these leave off."""
    files = {**around, **{k: around[k] + v if around.get(k, "").rstrip().endswith("@@") else v for k, v in own.items()}}
    for ending in {Path(name).suffix for name in files}:
        if ending in _PROJECTS:
            files.setdefault(*_PROJECTS[ending])
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("@@\n", "").replace("@@", "") + "\n", encoding="utf-8")


def _is_so(said: str, got: AbstractSet[str]) -> bool:
    return {"held": got == {"held"}, "broken": "broken" in got, "quiet": "broken" not in got, "none": not got}[said]


@pytest.mark.parametrize(("around", "forms"), _sections())
def test_every_form_is_ruled_as_it_says(around: dict[str, str], forms: list[str], tmp_path: Path) -> None:
    wanted = []
    for number, form in enumerate(forms):
        name, _, told = form.partition("\n")[0].rpartition(": ")
        wanted += [(f"form{number}/", name, *one.rsplit(" ", 1)) for one in told.split(", ")]
        _lay_out(tmp_path / f"form{number}", around, dict(_BLOCK.findall(form)))
    checks = tuple(dict.fromkeys(check for _, _, check, _ in wanted))
    rulings = review(tmp_path, Settings(use_cache=False, checks=checks)).obligations
    wrong = []
    for folder, name, check, said in wanted:
        got = {o.ruling for o in rulings if o.check == check and o.site.file.startswith(folder)}
        if not _is_so(said, got):
            wrong.append(f"{name}: {check} should be {said}, is {sorted(got)}")
    assert not wrong
