"""``packs``, and the example in docs/packs.md, which people will copy."""

import re
from pathlib import Path

import pytest

from tests.test_cli import ROOT, tillproof


def examples() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "packs.md").read_text(encoding="utf-8"), re.DOTALL)


def test_known_systems_are_listed() -> None:
    done = tillproof("packs")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^stripe +payment +Stripe$", done.stdout, re.MULTILINE)


def test_the_example_of_the_documentation_is_a_pack(tmp_path: Path) -> None:
    for number, pack in enumerate(examples()):
        (tmp_path / f"{number}.yaml").write_text(pack, encoding="utf-8")
    done = tillproof("packs", "--packs", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^nordbank +payment +Nordbank direct$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(("wrong", "said"), [("opreations", "operations"), ("kindd", "kind")])
def test_a_broken_pack_is_named_by_file_line_and_key(tmp_path: Path, wrong: str, said: str) -> None:
    (tmp_path / "bad.yaml").write_text(f"id: bad\nname: Bad\nkind: payment\ndocs: https://bad.example\n{wrong}: []\n", encoding="utf-8")
    done = tillproof("packs", "--packs", str(tmp_path))
    assert done.returncode == 2
    assert f"bad.yaml:5: {wrong}" in done.stderr
    assert said in done.stderr
