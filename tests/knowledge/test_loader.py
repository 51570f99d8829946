"""Loading: errors that can be mended by what they say, user packs over built-in ones, and a cache that is never believed wrongly."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import tillproof
from tillproof.knowledge import loader
from tillproof.knowledge.loader import PackError, load

_SOURCE = Path(tillproof.__file__).parent


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _pack(folder: Path, text: str, name: str = "own.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _anew() -> bytes:
    """What a process that starts now loads."""
    loader._of_state.cache_clear()
    return msgspec.msgpack.encode(load())


_OWN = """\
id: ownpay
name: OwnPay
kind: payment
docs: https://ownpay.example/docs
operations:
  - op: payment.create
    repeatable: needs-key
    calls: {python: [ownpay.charge]}
"""


def test_a_users_pack_adds_a_provider(tmp_path: Path) -> None:
    _pack(tmp_path / "packs", _OWN)
    knowledge = load([tmp_path / "packs"])
    assert knowledge.problems == []
    assert knowledge.providers["ownpay"].operations[0].calls == {"python": ("ownpay.charge",)}
    assert knowledge.hash != load().hash


@pytest.mark.parametrize(
    ("broken", "mended", "line", "key", "says"),
    [
        ("kind: payment", "kind: paymant", 3, "kind", "did you mean `payment`?"),
        ("name: OwnPay\n", "", 1, "name", "is missing"),
        ("docs:", "dosc:", 4, "dosc", "did you mean `docs`?"),
        ("name: OwnPay", "name: 12", 2, "name", "must be text"),
        (
            "    repeatable: needs-key",
            "    repeatable: always",
            7,
            "operations[0].repeatable",
            "choose from natural, needs-key, state-guarded",
        ),
        ("    repeatable: needs-key", "    moves_money: 1", 7, "operations[0].moves_money", "true or false"),
        ("[ownpay.charge]", "ownpay.charge", 8, "operations[0].calls.python", "must be a list"),
        ("[ownpay.charge]", "[ownpay->charge]", 8, "operations[0].calls.python[0]", "dotted call name"),
        ("{python:", "{pyhton:", 8, "operations[0].calls.pyhton", "did you mean `python`?"),
        ("    repeatable: needs-key", "    rest: [/v1/charges]", 7, "operations[0].rest[0]", "METHOD /path"),
        ("    repeatable: needs-key", "    op: refund.create", 7, "operations[0].op", "is given twice"),
        ("https://ownpay.example/docs", "see our wiki", 4, "docs", "https://"),
        (_OWN[_OWN.index("  - op") :], "  op: payment.create\n", 6, "operations", "must be a list"),
        ("id: ownpay", "id: [ownpay", 2, "YAML", "mend the syntax"),
        ("id: ownpay", "id: &a ownpay\nwords: [*a]", 2, "*a", "aliases are not allowed"),
        ("id: ownpay", "id: ownpay\nwords: " + "[" * 40 + "]" * 40, 2, "pack", "nested deeper"),
        ("id: ownpay", "id: !!python/object/apply:os.getcwd []", 1, "YAML", "mend the syntax"),
    ],
)
def test_an_error_says_where_it_is_and_how_it_is_mended(tmp_path: Path, broken: str, mended: str, line: int, key: str, says: str) -> None:
    path = _pack(tmp_path / "packs", _OWN.replace(broken, mended, 1))
    knowledge = load([path])
    place = f"{path}:{line}: {key}: "
    assert [problem for problem in knowledge.problems if problem.startswith(place) and says in problem], knowledge.problems
    assert "ownpay" not in knowledge.providers
    assert "stripe" in knowledge.providers


@pytest.mark.parametrize("raw", [b"", b"- a\n- b\n", b"just words", b"id: \xff\xfe", b"\x00\x01", b"id: x\n" + b"#" * (1 << 20)])
def test_what_is_no_pack_is_reported_and_skipped(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "odd.yaml"
    path.write_bytes(raw)
    knowledge = load([path])
    assert len(knowledge.problems) == 1
    assert knowledge.problems[0].startswith(f"{path}:1: ")


def test_a_missing_path_is_reported(tmp_path: Path) -> None:
    assert "no such file" in load([tmp_path / "nowhere"]).problems[0]


def test_lists_grow_and_scalars_are_replaced(tmp_path: Path) -> None:
    _pack(tmp_path / "packs", "id: stripe\nname: Stripe of ours\nwords: [our_stripe]\nclients: {python: [shop.stripe_client]}\n")
    before = load().providers["stripe"]
    after = load([tmp_path / "packs"]).providers["stripe"]
    assert after.name == "Stripe of ours"
    assert after.words == (*before.words, "our_stripe")
    assert after.clients["python"] == (*before.clients["python"], "shop.stripe_client")
    assert after.clients["php"] == before.clients["php"]
    assert after.docs == before.docs
    assert after.operations == before.operations


def test_a_call_that_the_user_claims_means_what_the_user_says(tmp_path: Path) -> None:
    text = "id: stripe\noperations:\n  - {op: customer.create, calls: {python: [stripe.PaymentIntent.create]}}\n"
    knowledge = load([_pack(tmp_path, text)])
    claimed = [each for each in knowledge.providers["stripe"].operations if "stripe.PaymentIntent.create" in each.calls.get("python", ())]
    assert [each.op for each in claimed] == ["customer.create"]


def test_frameworks_and_the_lexicon_are_extended_too(tmp_path: Path) -> None:
    _pack(tmp_path, "id: flask\nstaff: [our_admin_only]\n", "flask.yaml")
    _pack(tmp_path, "id: ourweb\nname: Our web\nlanguage: php\n", "ourweb.yaml")
    _pack(tmp_path, "money_fields: [taler]\n", "lexicon.yaml")
    before, after = load(), load([tmp_path])
    assert after.problems == []
    assert after.frameworks["flask"].staff == (*before.frameworks["flask"].staff, "our_admin_only")
    assert after.frameworks["ourweb"].language == "php"
    assert after.lexicon.money_fields == (*before.lexicon.money_fields, "taler")


def test_a_lexicon_entry_must_be_a_regular_expression(tmp_path: Path) -> None:
    path = _pack(tmp_path, "money_fields: ['(taler']\n", "lexicon.yaml")
    assert f"{path}:1: money_fields[0]: " in load([path]).problems[0]


def test_the_second_start_does_not_parse(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _anew()
    assert list((own_cache / "tillproof").iterdir())
    monkeypatch.setattr(loader, "_parse_built_in", lambda _: pytest.fail("parsed again"))
    assert _anew() == first


def test_a_cache_that_is_broken_or_cannot_be_written_costs_time_only(own_cache: Path) -> None:
    first = _anew()
    for path in (own_cache / "tillproof").iterdir():
        path.write_bytes(b"nonsense")
    assert _anew() == first
    shutil.rmtree(own_cache)
    own_cache.write_bytes(b"a file where the folder should be")
    assert _anew() == first


def _run_copy(copy: Path, code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_an_edited_built_in_pack_counts_at_once(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(_SOURCE, copy / "tillproof", ignore=shutil.ignore_patterns("__pycache__"))
    code = "from tillproof.knowledge.loader import load; print(load().providers['stripe'].name)"
    assert _run_copy(copy, code).stdout == "Stripe\n"
    stripe = copy / "tillproof" / "knowledge" / "providers" / "stripe.yaml"
    stripe.write_text(stripe.read_text(encoding="utf-8").replace("name: Stripe", "name: Strype", 1), encoding="utf-8")
    os.utime(stripe, ns=(1, 1))
    assert _run_copy(copy, code).stdout == "Strype\n"


def test_a_broken_built_in_pack_raises(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(_SOURCE, copy / "tillproof", ignore=shutil.ignore_patterns("__pycache__"))
    mollie = copy / "tillproof" / "knowledge" / "providers" / "mollie.yaml"
    mollie.write_text(mollie.read_text(encoding="utf-8").replace("kind: payment", "kind: cheese", 1), encoding="utf-8")
    ran = _run_copy(copy, "from tillproof.knowledge.loader import load; load()")
    assert ran.returncode == 1
    assert f"{PackError.__name__}: providers/mollie.yaml:3: kind: `cheese`" in ran.stderr
