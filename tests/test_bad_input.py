"""Input that nobody should have written: the review says what it left out and why, and reviews the rest."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# A flaw that every review of this module has to find, whatever stands beside it.
FLAW = "import stripe\n\n\ndef back(payment):\n    stripe.Refund.create(payment_intent=payment)\n"
FLAWS = {
    "flaw.py": FLAW,
    "flaw.js": "const stripe = require('stripe')(process.env.KEY);\nconst back = (id) => stripe.refunds.create({ payment_intent: id });\n",
    "flaw.php": "<?php\nfunction back($id) { \\Stripe\\Refund::create(['payment_intent' => $id]); }\n",
}
DEEP = 10_000
SECONDS = 120


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A tree with the flaw in each language."""
    root = tmp_path / "shop"
    root.mkdir()
    for name, text in FLAWS.items():
        (root / name).write_text(text, encoding="utf-8")
    return root


def tillproof(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tillproof", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=SECONDS)


def reviewed(root: Path, *arguments: str | Path) -> dict[str, Any]:
    """The report of a tree, whose planted flaws must all be in it."""
    done = tillproof("review", root, "--format", "json", *(arguments or ("--no-cache",)))
    assert "Traceback" not in done.stderr
    assert done.returncode == 10, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert {finding["file"] for finding in report["findings"]} >= set(FLAWS)
    return report


def why_skipped(report: dict[str, Any], file: str) -> list[str]:
    return [skipped["reason"] for skipped in report["target"]["skipped"] if skipped["file"] == file]


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one line in which wrong usage is refused."""
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("tillproof: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


# --- what is named on the command line


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    assert "there is no" in refused(tillproof("review", tmp_path / "nowhere"))


def test_a_file_instead_of_a_folder(shop: Path) -> None:
    assert "not a folder" in refused(tillproof("review", shop / "flaw.py"))


def test_an_empty_folder_is_no_failure(tmp_path: Path) -> None:
    done = tillproof("review", tmp_path, "--format", "json", "--no-cache")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["target"]["files"] == 0


# --- files that cannot be read as they should


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not hold this user back")
def test_a_file_without_permission(shop: Path) -> None:
    (shop / "locked.py").write_text(FLAW)
    (shop / "locked.py").chmod(0)
    (reason,) = why_skipped(reviewed(shop), "locked.py")
    assert "cannot be read" in reason


def test_a_file_that_vanishes_into_a_dangling_link(shop: Path) -> None:
    (shop / "gone.py").symlink_to(shop / "nowhere.py")
    reviewed(shop)


def test_latin_1_is_read_and_said(shop: Path) -> None:
    (shop / "alt.py").write_bytes(b"# Gr\xfc\xdfe\n" + FLAW.encode())
    report = reviewed(shop)
    assert why_skipped(report, "alt.py") == ["not valid UTF-8: read as latin-1"]
    assert "alt.py" in {finding["file"] for finding in report["findings"]}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_marked_unicode_is_read(shop: Path, encoding: str) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    (shop / "wide.py").write_bytes(mark + FLAW.encode(encoding))
    report = reviewed(shop)
    assert why_skipped(report, "wide.py") == []
    assert [f["start_line"] for f in report["findings"] if f["file"] == "wide.py"] == [5]


def test_half_a_utf_16_file(shop: Path) -> None:
    (shop / "half.py").write_bytes(FLAW.encode("utf-16")[:-1])
    assert why_skipped(reviewed(shop), "half.py") == ["broken utf-16"]


@pytest.mark.parametrize("name", ["blob.py", "blob.ts", "blob.php"])
def test_a_binary_by_the_name_of_a_source_file(shop: Path, name: str) -> None:
    (shop / name).write_bytes(bytes(range(256)) * 64)
    (reason,) = why_skipped(reviewed(shop), name)
    assert reason.startswith("binary content")


def test_a_bundle_of_fifty_megabytes(shop: Path) -> None:
    line = b"!function(e,t){e.stripe.refunds.create({a:t})}(this,{});" * 1000
    (shop / "bundle.js").write_bytes(line * (50_000_000 // len(line)))
    (shop / "bundle.min.js").write_bytes(line)
    report = reviewed(shop)
    (reason,) = why_skipped(report, "bundle.js")
    assert "large" in reason or "minified" in reason
    assert not [f for f in report["findings"] if f["file"].startswith("bundle")]


def test_a_file_that_is_mostly_comments(shop: Path) -> None:
    code = "import type { APIGatewayEvent } from 'aws-lambda';\nexport const handler = (event: APIGatewayEvent) => event.body;\n"
    (shop / "commented.ts").write_text("/* a */ // b\n" * 300 + code, encoding="utf-8")
    assert reviewed(shop)["target"]["languages"]["typescript"] == 1


def test_a_long_value_of_one_letter_and_a_digit(shop: Path) -> None:
    (shop / ".env").write_text("STRIPE_WEBHOOK_SECRET=" + "ab" * 60 + "1\n", encoding="utf-8")
    assert reviewed(shop)["target"]["skipped"] == []


def test_a_loop_of_links(shop: Path) -> None:
    (shop / "again").symlink_to(shop, target_is_directory=True)
    (shop / "round").mkdir()
    (shop / "round" / "and").symlink_to("..", target_is_directory=True)
    (shop / "self").symlink_to("self")
    report = reviewed(shop)
    assert report["target"]["files"] == len(FLAWS)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes by name")
def test_a_pipe_by_the_name_of_a_source_file(shop: Path) -> None:
    os.mkfifo(shop / "pipe.py")
    reviewed(shop)


def test_names_that_are_no_text(shop: Path) -> None:
    for name in (b"caf\xe9.py", b"new\nline.py", b"esc\x1b[2Jape.py"):
        Path(os.fsdecode(os.fsencode(shop) + b"/" + name)).write_text(FLAW)
    for form in ("terminal", "markdown", "json"):
        done = tillproof("review", shop, "--format", form, "--no-cache")
        assert done.returncode == 10, done.stderr
        assert "\x1b" not in done.stdout


# --- code and configuration that is not of its language

NESTED = {
    "deep_list.py": "x = " + "[" * DEEP + "]" * DEEP + "\n",
    "deep_call.py": "x = " + "f(" * DEEP + ")" * DEEP + "\n",
    "deep_sum.py": "def pay(request):\n    return " + "+".join(["request.a"] * DEEP) + "\n",
    "deep_attribute.py": "x = stripe" + ".a" * DEEP + "\n",
    "deep_if.js": "if (a) {" * DEEP + "}" * DEEP + "\n",
    "deep_arrow.js": "const f = " + "() => " * DEEP + "1;\n",
    "deep_promise.js": "x" + ".then(a => a)" * DEEP + ";\n",
    "deep_text.ts": "const x = " + " + ".join(["'a'"] * DEEP) + ";\n",
    "deep_array.php": "<?php\n$x = " + "array(" * DEEP + ")" * DEEP + ";\n",
    "deep_if.php": "<?php\n" + "if ($a) {" * DEEP + "}" * DEEP + "\n",
    "deep_text.php": "<?php\n$x = " + " . ".join(["'a'"] * DEEP) + ";\n",
    "deep.json": "[" * DEEP + "]" * DEEP,
    "deep.yaml": "[" * DEEP + "]" * DEEP,
    "deep.toml": "x = " + "[" * DEEP + "]" * DEEP,
    "package.json": '{"dependencies":' * DEEP + "{}" + "}" * DEEP,
    "tsconfig.json": '{"compilerOptions":' * DEEP + "{}" + "}" * DEEP,
    "composer.json": "[" * DEEP,
    "deep.html": "<div>" * DEEP + "</div>" * DEEP,
    "deep.twig": "{% if a %}" * DEEP,
}


@pytest.mark.parametrize("name", NESTED)
def test_ten_thousand_levels(shop: Path, name: str) -> None:
    (shop / name).write_text(NESTED[name] + ("" if name.endswith("json") else "\n"), encoding="utf-8")
    # A word of a provider's makes the file one that is looked at closely.
    if name.endswith((".js", ".ts")):
        with (shop / name).open("a") as stream:
            stream.write("require('stripe')(process.env.KEY).refunds.create({ payment_intent: x });\n")
    reviewed(shop)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("broken.py", "def pay(:\n    stripe.Refund.create(payment_intent=\n"),
        ("broken.js", "app.post('/pay', async (req, res => { stripe.refunds.create({ payment_intent: "),
        ("broken.ts", "export class { constructor(private readonly }"),
        ("broken.php", "<?php\nfunction pay( { \\Stripe\\Refund::create(['payment_intent' => "),
    ],
)
def test_broken_syntax_is_said(shop: Path, name: str, text: str) -> None:
    (shop / name).write_text(text, encoding="utf-8")
    assert why_skipped(reviewed(shop), name) == ["syntax errors: parts were not understood"]


def test_settings_that_each_spread_one_of_two_others(shop: Path) -> None:
    """Every level doubles the ways down to a member; a review that walks each of them never ends."""
    levels = [f"const s{n + 1} = process.env.X{n} ? {{ ...s{n}, a{n}: 1 }} : {{ ...s{n}, b{n}: 2 }};" for n in range(60)]
    charge = "exports.pay = () => stripe.paymentIntents.create({ amount: s60.total, currency: s60.currency });"
    first = "const s0 = process.env.X ? { a: 1 } : { b: 2 };"
    client = "const stripe = require('stripe')(process.env.KEY);"
    (shop / "settings.js").write_text("\n".join([first, *levels, client, charge]), encoding="utf-8")
    reviewed(shop)


def test_what_stands_beside_broken_syntax_in_the_same_file_is_reviewed(shop: Path) -> None:
    (shop / "half.py").write_text(FLAW + "\n\ndef broken(:\n    pass\n", encoding="utf-8")
    report = reviewed(shop)
    assert why_skipped(report, "half.py")
    assert "half.py" in {finding["file"] for finding in report["findings"]}


@pytest.mark.parametrize("name", ["package.json", "composer.json", "tsconfig.json", "pyproject.toml", ".env", "config.yaml", ".gitignore"])
def test_configuration_that_cannot_be_read(shop: Path, name: str) -> None:
    for content in (b'{"name": ', b"\xff\xfe\x00", b"a: &a [*a]\n? !!python/object:os.system\n", b"[[[["):
        (shop / name).write_bytes(content)
        reviewed(shop)


# --- what tillproof itself reads


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"exclude = [", "not valid TOML"),
        (b"exclude = 3\n", "exclude"),
        (b'ignore = ["x"]\n', "ignore"),
        (b'disable = ["payment/webhook-unverifed"]\n', "did you mean payment/webhook-unverified"),
        (b'[severity]\n"idempotency/missing-key" = "huge"\n', "severity"),
        (b"\xff\xfe\x00\x01", "UTF-8"),
        (b"x = " + b"[" * DEEP, "config.toml"),
    ],
)
def test_a_malformed_configuration(shop: Path, content: bytes, said: str) -> None:
    (shop / ".tillproof").mkdir()
    (shop / ".tillproof" / "config.toml").write_bytes(content)
    assert said in refused(tillproof("review", shop, "--no-cache"))


@pytest.mark.parametrize(
    "content",
    [
        b"id: [unclosed\n",
        b"- a\n- list\n",
        b"id: mine\nname: Mine\nkind: nonsense\n",
        b"id: mine\nname: Mine\nkind: payment\nunknown_key: 1\n",
        b"\xff\xfe\x00\x01",
        b"",
        b"[" * DEEP,
        b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
    ],
)
def test_a_malformed_pack_of_the_user(shop: Path, content: bytes) -> None:
    packs = shop / ".tillproof" / "packs"
    packs.mkdir(parents=True)
    (packs / "mine.yaml").write_bytes(content)
    report = reviewed(shop)
    notes = [skipped["reason"] for skipped in report["target"]["skipped"] if "mine.yaml" in skipped["file"]]
    assert notes
    assert all("mine.yaml:" in note for note in notes)
    assert tillproof("packs", "--packs", packs).returncode == 2


@pytest.mark.parametrize("content", [b"", b"not a cache", b"\x00" * 4096, b"\xc1" * 64])
def test_a_malformed_cache(shop: Path, tmp_path: Path, content: bytes) -> None:
    cache = tmp_path / "cache"
    first = reviewed(shop, "--cache-dir", cache)
    kept = [path for path in cache.rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        path.write_bytes(content)
    assert reviewed(shop, "--cache-dir", cache) == first


def test_a_cache_cut_short_or_changed_by_a_byte(shop: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = reviewed(shop, "--cache-dir", cache)
    for path in [path for path in cache.rglob("*") if path.is_file()]:
        whole = path.read_bytes()
        for spoilt in (whole[: len(whole) // 2], whole[: len(whole) // 2] + b"\xff" + whole[len(whole) // 2 + 1 :]):
            path.write_bytes(spoilt)
            assert reviewed(shop, "--cache-dir", cache) == first


def test_a_cache_that_cannot_be_written(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    reviewed(shop, "--cache-dir", tmp_path / "file" / "below")


# --- code that is not analysed


_GO = """package main

import "github.com/stripe/stripe-go/v76/paymentintent"

func pay(c *gin.Context) {
    intent, err := paymentintent.New(&stripe.PaymentIntentParams{Amount: stripe.Int64(100)})
    c.JSON(200, gin.H{"client_secret": intent.ClientSecret})
}
"""


def test_payments_in_a_language_that_is_not_analysed_are_no_pass(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module shop\n")
    (tmp_path / "pay.go").write_text(_GO)
    (tmp_path / "page.js").write_text("document.title = 'Shop';\n")
    done = tillproof("review", tmp_path, "--format", "json", "--no-cache")
    report = json.loads(done.stdout)
    assert (done.returncode, report["summary"]["verdict"], report["findings"]) == (10, "conditional", [])
    assert why_skipped(report, "pay.go") == ["Go is not analysed; this file talks to stripe"]
    assert "`pay.go`" in report["summary"]["conditions"][0]
    assert "Payments are handled in Go" in tillproof("review", tmp_path, "--no-cache").stdout


def test_other_code_in_such_a_language_sets_no_condition(tmp_path: Path) -> None:
    (tmp_path / "hello.go").write_text("package main\n\nfunc main() {}\n")
    report = json.loads(tillproof("review", tmp_path, "--format", "json", "--no-cache").stdout)
    assert (report["summary"]["verdict"], report["summary"]["conditions"]) == ("pass", [])
