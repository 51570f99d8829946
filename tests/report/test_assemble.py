"""Rulings become a report: stable names, merged and masked findings, and suppression that is never silent."""

from pathlib import Path
from typing import Any

from tests.commerce.small_models import model_of
from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.commerce.boundaries import find_boundaries
from tillproof.contract import Handler, Report, Skipped
from tillproof.report.assemble import assemble
from tillproof.report.json_report import to_json
from tillproof.settings import Config, Settings

MISSING = "idempotency/missing-key"
UNVERIFIED = "payment/webhook-unverified"
CODE = """import stripe


def pay(order):
    stripe.PaymentIntent.create(
        amount=order.total,
        currency="eur",
        description="a",
        receipt_email="b",
        metadata={},
        confirm=True,
    )


def again(order):
    stripe.Refund.create(charge=order.charge)
    stripe.Refund.create(charge=order.other)
"""


def check(name: str) -> Check:
    return Check(id=name, title=name, severity="high", rule=lambda _: iter(()), references=(f"https://example.org/{name}",))


def broken(line: int, **changes: Any) -> Ruling:
    values: dict[str, Any] = {
        "check": MISSING, "outcome": "broken", "kind": "payment-call", "file": "pay.py", "line": line, "title": "No key",
        "message": "It is charged twice.", "remediation": "Send a key.", "evidence": [Evidence("pay.py", line, "no key", "missing")],
    }  # fmt: skip
    return Ruling(**{**values, **changes})


def report(root: Path, *rulings: Ruling, code: str = CODE, config: Config | None = None, **more: Any) -> Report:
    model, tree = model_of(root, {"pay.py": code, **more.pop("files", {})})
    handlers: list[Handler] = more.pop("handlers", [])
    boundaries = find_boundaries(model, tree, handlers)
    checks = [check(name) for name in more.pop("checks", (MISSING, UNVERIFIED))]
    return assemble(tree, model, handlers, boundaries, rulings, Settings(config=config or Config()), checks=checks, **more)


def test_a_broken_ruling_is_an_obligation_and_a_finding(tmp_path: Path) -> None:
    made = report(tmp_path, broken(5, anchor=("pay.py", 5, 12), severity="critical", confidence="certain"))
    (finding,), (obligation,) = made.findings, made.obligations
    assert (finding.obligation, finding.category, finding.start_line, finding.end_line) == (obligation.id, "idempotency", 5, 12)
    assert finding.snippet.splitlines() == [line.rstrip() for line in CODE.splitlines()[4:10]]
    assert finding.references == [f"https://example.org/{MISSING}"]
    assert [(s.line, s.kind) for s in finding.trace] == [(5, "missing")]
    assert (made.summary.verdict, made.summary.rulings.broken, made.summary.primary_risk) == ("blocked", 1, "idempotency")


def test_held_and_unknown_make_no_finding_and_the_question_is_kept(tmp_path: Path) -> None:
    held = broken(5, outcome="held", evidence=[Evidence("pay.py", 5, "key sent", "guard")])
    unknown = broken(16, outcome="unknown", question=Evidence("pay.py", 16, "Does it carry a key?"))
    made = report(tmp_path, unknown, held)
    assert made.findings == []
    assert [(o.site.line, o.ruling, o.because and o.because.what) for o in made.obligations] == [
        (5, "held", None),
        (16, "unknown", "Does it carry a key?"),
    ]


def test_names_outlive_edits_above_and_differ_within_a_function(tmp_path: Path) -> None:
    before = report(tmp_path / "a", broken(5), broken(16), broken(17))
    moved = CODE.replace("def pay", "\n\ndef other():\n    pass\n\n\ndef pay")
    after = report(tmp_path / "b", broken(22), broken(11), broken(23), code=moved)
    assert [f.id for f in before.findings] == [f.id for f in after.findings]
    assert [o.id for o in before.obligations] == [o.id for o in after.obligations]
    assert len({f.id for f in before.findings} | {o.id for o in before.obligations}) == 6


def test_a_function_without_a_name_goes_by_its_first_line(tmp_path: Path) -> None:
    route = "app.post('/pay', async (req, res) => {\n  await stripe.refunds.create({ charge: req.body.id })\n})\n"
    other = "app.get('/health', (req, res) => {\n  res.send('ok')\n})\n"
    head = "import express from 'express'\nconst app = express()\n"
    before = report(tmp_path / "a", broken(4, file="app.js"), files={"app.js": head + route})
    after = report(tmp_path / "b", broken(7, file="app.js"), files={"app.js": head + other + route})
    assert before.findings[0].id == after.findings[0].id


def test_one_finding_per_place_and_the_gravest_speaks(tmp_path: Path) -> None:
    anchor = ("pay.py", 5, 12)
    made = report(
        tmp_path, broken(5, anchor=anchor, severity="medium"), broken(16, anchor=anchor, severity="critical"), broken(17, anchor=anchor)
    )
    assert [(f.severity, f.obligation) for f in made.findings] == [("critical", made.obligations[1].id)]
    assert made.summary.rulings.broken == 3


def test_order_depends_on_the_code_alone(tmp_path: Path) -> None:
    rulings = [broken(5), broken(16), broken(17), broken(5, check=UNVERIFIED)]
    assert to_json(report(tmp_path, *rulings)) == to_json(report(tmp_path, *reversed(rulings)))


def test_whatever_quotes_the_code_is_masked(tmp_path: Path) -> None:
    secret = "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    code = f"import stripe\n\nstripe.api_key = '{secret}'\n"
    ruling = broken(
        3, title=f"key {secret}", message=secret, remediation=secret, evidence=[Evidence("pay.py", 3, f"here is {secret}", "missing")]
    )
    unknown = broken(3, outcome="unknown", question=Evidence("pay.py", 3, f"Is {secret} live?"))
    config = Config()
    made = report(tmp_path / "a", ruling, unknown, code=code, config=config)
    assert secret.encode() not in to_json(made)
    assert "(masked)" in made.findings[0].snippet
    silenced = report(tmp_path / "b", ruling, code=code.replace("'\n", f"'  # tillproof: ignore[{MISSING}] it was {secret}\n"))
    assert silenced.suppressed[0].line == 3
    assert secret.encode() not in to_json(silenced)


def test_a_comment_suppresses_its_own_check_on_its_line_or_the_next(tmp_path: Path) -> None:
    above = CODE.replace(
        "    stripe.Refund.create(charge=order.charge)", f"    # tillproof: ignore[{MISSING}] the ledger refuses a second\n    x(1)"
    )
    made = report(tmp_path / "a", broken(17), code=above)
    assert made.findings == []
    assert [(s.check, s.line, s.by, s.reason) for s in made.suppressed] == [(MISSING, 17, "comment", "the ledger refuses a second")]
    assert made.summary.verdict == "pass"
    assert made.summary.rulings.broken == 1
    assert len(report(tmp_path / "b", broken(18), code=above).findings) == 1
    assert len(report(tmp_path / "c", broken(17, check=UNVERIFIED), code=above).findings) == 1


def test_comments_of_every_language(tmp_path: Path) -> None:
    comments = {
        "a.js": f"go() // tillproof: ignore[{MISSING}]\n",
        "b.php": f"<?php\n/* tillproof: ignore[{UNVERIFIED}, {MISSING}] tested in staging */\ngo();\n",
        "c.js": f"log('tillproof: ignore[{MISSING}] no comment')\n",
    }
    lines = {"a.js": 1, "b.php": 3, "c.js": 1}
    made = report(tmp_path, *(broken(line, file=file) for file, line in lines.items()), files=comments)
    assert [(s.file, s.reason) for s in made.suppressed] == [("a.js", "no reason given"), ("b.php", "tested in staging")]
    assert [f.file for f in made.findings] == ["c.js"]


def test_the_configuration_disables_openly_and_sets_severities(tmp_path: Path) -> None:
    config = Config(disable=(MISSING,), severity={UNVERIFIED: "low"})
    made = report(tmp_path, broken(5), broken(16, check=UNVERIFIED), config=config)
    assert [(s.check, s.by) for s in made.suppressed] == [(MISSING, "config")]
    assert [(f.check, f.severity) for f in made.findings] == [(UNVERIFIED, "low")]
    assert made.summary.verdict == "pass"


def test_the_target(tmp_path: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    note = Skipped(file="b.py", reason="not valid UTF-8: read as latin-1")
    root = tmp_path / "shop"
    git = {".git/HEAD": "ref: refs/heads/main\n", ".git/packed-refs": f"# pack-refs\n{commit} refs/heads/main\n"}
    made = report(root, notes=[note], files={"a.php": "<?php\necho 1;", **git}).target
    assert (made.path, made.commit, made.files, made.lines) == ("shop", commit, 2, len(CODE.splitlines()) + 2)
    assert made.languages == {"php": 1, "python": 1}
    assert made.skipped == [note]


def test_a_commit_is_read_from_a_loose_or_detached_head_or_not_at_all(tmp_path: Path) -> None:
    commit = "f" * 40
    loose = {".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": commit + "\n"}
    assert report(tmp_path / "a", files=loose).target.commit == commit
    assert report(tmp_path / "b", files={".git/HEAD": commit + "\n"}).target.commit == commit
    assert report(tmp_path / "c", files={".git/HEAD": "ref: refs/../../../secret\n", "secret": commit}).target.commit is None
    assert report(tmp_path / "d").target.commit is None


def test_excerpts_hold_the_lines_that_evidence_points_at(tmp_path: Path) -> None:
    far = "\n".join(f"x{n} = {n}" for n in range(1, 101))
    held = broken(60, file="far.py", outcome="held", evidence=[Evidence("far.py", 60, "key sent", "guard")])
    asked = broken(90, file="far.py", outcome="unknown", evidence=[], question=Evidence("far.py", 90, "Is it?"))
    made = report(
        tmp_path, broken(20, file="far.py", evidence=[Evidence("far.py", 26, "no key", "missing")]), held, asked, files={"far.py": far}
    )
    assert [(e.file, e.start_line, e.code.count("\n") + 1) for e in made.excerpts] == [
        ("far.py", 17, 13),
        ("far.py", 60, 1),
        ("far.py", 87, 7),
    ]
    assert made.excerpts[0].code.splitlines()[0] == "x17 = 17"


def test_excerpts_are_masked_and_cut(tmp_path: Path) -> None:
    secret = "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    body = "MIIEowIBAAKCAQEAu1Xc7Zr9vLq3TnYkWb2HsJd8GfP5mQxR4tUeVoIaKyNcBwEz"
    pem = f"KEY = '''-----BEGIN RSA PRIVATE KEY-----\n{body}\n{body[::-1]}\nc2hvcnQgbGluZQ\n-----END RSA PRIVATE KEY-----'''\n"
    code = f"import stripe\nkey = '{secret}'\n" + "y = 1\n" * 20 + pem + f"long = '{'a' * 5000}'\n"
    made = report(tmp_path, broken(2), broken(26, evidence=[Evidence("pay.py", 26, "here", "missing")]), code=code)
    text = "\n".join(e.code for e in made.excerpts)
    assert "masked" in text
    assert not [part for part in (secret, body, body[::-1], "c2hvcnQgbGluZQ") if part in text]
    assert max(map(len, text.splitlines())) <= 241


def test_obligations_know_the_systems_that_they_are_about(tmp_path: Path) -> None:
    made = report(tmp_path, broken(5), broken(16), broken(1, file="other.py", evidence=[]), files={"other.py": "x = 1\n"})
    assert [f.systems for f in made.findings] == [[], ["stripe"], ["stripe"]]
    assert [c.id for c in made.checks] == [MISSING, UNVERIFIED]
    assert (made.checks[0].broken, made.checks[1].broken) == (3, 0)
