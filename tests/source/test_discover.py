"""Walking real trees: what git would ignore, what hostile trees hold, what files are."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tillproof.source.discover import MAX_DATA_BYTES, MAX_SOURCE_BYTES, discover
from tillproof.source.files import Tree
from tillproof.source.ignore import IgnoreRules


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


def paths(tree: Tree) -> list[str]:
    return [file.path for file in tree.files]


def roles(tree: Tree) -> dict[str, str]:
    return {file.path: file.role for file in tree.files}


def reasons(tree: Tree) -> dict[str, str]:
    return {skipped.file: skipped.reason for skipped in tree.skipped}


def test_ignore_files_nest_and_negate(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".gitignore": "*.log.py\n/build/\n!keep.log.py\ngen/*\n!gen/mine.py\n",
            "a.py": "",
            "x.log.py": "",
            "keep.log.py": "",
            "build/b.py": "",
            "src/build/c.py": "",
            "gen/other.py": "",
            "gen/mine.py": "",
            "src/.gitignore": "!x.log.py\nlocal.py\n",
            "src/x.log.py": "",
            "src/local.py": "",
            "local.py": "",
        },
    )
    found = [path for path in paths(discover(tmp_path)) if not path.endswith(".gitignore")]
    assert found == ["a.py", "gen/mine.py", "keep.log.py", "local.py", "src/build/c.py", "src/x.log.py"]


def test_nothing_below_an_ignored_folder_comes_back(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "out/\n!out/a.py\n", "out/a.py": "", "b.py": ""})
    assert [path for path in paths(discover(tmp_path)) if path.endswith(".py")] == ["b.py"]


def test_rules_of_the_folders_above_hold_inside_a_repository(tmp_path: Path) -> None:
    write(
        tmp_path,
        {".git/info/exclude": "secret.py\n", ".gitignore": "/shop/out/\n", "shop/out/a.py": "", "shop/b.py": "", "shop/secret.py": ""},
    )
    assert paths(discover(tmp_path / "shop")) == ["b.py"]


def test_an_ignored_folder_that_is_named_is_reviewed(tmp_path: Path) -> None:
    write(tmp_path, {".git/HEAD": "", ".gitignore": "shop/\n*.txt\n", "shop/b.py": ""})
    assert paths(discover(tmp_path / "shop")) == ["b.py"]


def test_exclude_wins_over_the_ignore_files(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "!legacy/\n", "legacy/a.py": "", "b.py": ""})
    assert "legacy/a.py" not in paths(discover(tmp_path, ["legacy/"]))


# Two stars beside something else are one star, as git's manual has it. Git itself compares a pattern's plain beginning first, and takes two
# stars that stand right behind it for any number of folders (`x**/y`, not `[x]**/y`), so it is no judge of those.
SEGMENT = st.text("xy.*?[]!-", min_size=1, max_size=4).filter(lambda segment: "**" not in segment or segment == "**")
PATTERN = st.builds(
    lambda negated, start, segments, end: f"{negated}{start}{'/'.join(segments)}{end}",
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/", "**/"]),
    st.lists(st.one_of(SEGMENT, st.just("**")), min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "/**"]),
)
NAMES = ("x", "y", "xy", "x.y", "y.x")


@pytest.fixture(scope="module")
def repository() -> object:
    if shutil.which("git") is None:
        pytest.skip("git is the judge of this test")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        subprocess.run(["git", "init", "-q", folder], check=True)
        for first in NAMES:
            for second in NAMES[:3]:
                write(root, {f"{first}.d/{second}/{third}": "" for third in NAMES})
                write(root, {f"{first}/{second}.d/{third}": "" for third in NAMES[:2]})
        yield root


@settings(max_examples=150, deadline=None)
@example(patterns=["[!/]"])
@example(patterns=["x[a/b]y", "/[xy]/"])
@given(patterns=st.lists(PATTERN, min_size=1, max_size=4))
def test_git_agrees(repository: Path, patterns: list[str]) -> None:
    (repository / ".gitignore").write_text("\n".join(patterns) + "\n")
    listed = subprocess.run(
        ["git", "-c", "core.excludesFile=", "ls-files", "-o", "--exclude-standard", "-z"], cwd=repository, capture_output=True, check=True
    )
    assert paths(discover(repository)) == sorted(path for path in listed.stdout.decode().split("\0") if path)


def test_hostile_patterns_end() -> None:
    rules = IgnoreRules(["*a" * 60 + "b", "**/a/" * 60 + "b", "[", "a\\", "x" * 100_000])
    assert rules.decide("a/" * 100 + "a" * 200, "a" * 200, folder=False) is None


def test_package_managers_folders_are_not_entered(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "node_modules/x/index.js": "",
            "composer.json": "{}",
            "vendor/x/a.php": "",
            "lib/python3/site-packages/x.py": "",
            ".venv/a.py": "",
            "env/pyvenv.cfg": "",
            "env/a.py": "",
            "a.php": "",
        },
    )
    tree = discover(tmp_path)
    assert paths(tree) == ["a.php", "composer.json"]
    assert tree.skipped == []


def test_a_vendor_may_be_a_merchant(tmp_path: Path) -> None:
    write(tmp_path, {"shop/vendor/models.py": "", "public/vendor/slider.js": "a\n", "app/env/settings.py": ""})
    assert roles(discover(tmp_path)) == {
        "app/env/settings.py": "source",
        "public/vendor/slider.js": "vendored",
        "shop/vendor/models.py": "source",
    }


@pytest.mark.parametrize(
    ("path", "content", "role"),
    [
        ("tests/pay.py", "", "test"),
        ("dev/load-testing/cart.js", "", "test"),
        ("packages/test-utils/src/factories.ts", "", "test"),
        ("src/__tests__/pay.js", "", "test"),
        ("pay/test_charge.py", "", "test"),
        ("pay/charge.test.ts", "", "test"),
        ("pay/charge.cy.js", "", "test"),
        ("scripts/test_keys.js", "", "test"),
        ("scripts/send_hook_test.mjs", "", "test"),
        ("src/test-drive.js", "", "source"),
        ("pay/ChargeTest.php", "", "test"),
        ("pay/conftest.py", "", "test"),
        ("ui/Button.stories.tsx", "", "test"),
        ("e2e-payments/src/square.ts", "", "test"),
        ("shop-e2e/pay.ts", "", "test"),
        ("integration-tests/pay.py", "", "test"),
        ("test-mode/pay.py", "", "source"),
        ("pay/latest.py", "", "source"),
        ("pay/Contest.php", "", "source"),
        ("testimonials/view.php", "", "source"),
        ("docs/conf.py", "", "docs"),
        ("README.md", "", "docs"),
        ("shop/migrations/0001_initial.py", "# Generated by Django\n", "migration"),
        ("a.min.js", "x", "minified"),
        ("bundle.js", "/* licence */\n" + "var a=1;" * 5000, "minified"),
        ("long.js", "call(argument);\n" * 5000, "source"),
        ("client.py", "# Code generated by protoc. DO NOT EDIT.\n", "generated"),
        ("base.ts", "/** NOTE: This class is auto generated by a generator of clients. Do not edit it. */\n", "generated"),
        ("module.php", "<?php\n/** Do not edit or add to this file if you wish to upgrade the shop */\n", "source"),
        ("package-lock.json", "{}", "generated"),
        ("third_party/x.py", "", "vendored"),
        ("vitest.config.ts", "export default {}\n", "test"),
        ("src/setup-tests.ts", "vi.stubEnv('PAYPAL_MODE', 'test')\n", "test"),
        ("src/jest.setup.js", "process.env.STRIPE_KEY = 'x'\n", "test"),
        (".psalm/wcs.php", "<?php\nfunction wcs_get_subscriptions($args) {}\n", "vendored"),
        ("_ide_helper_models.php", "<?php\nclass Order {}\n", "vendored"),
        (
            "application/libraries/Mail_lib.php",
            "<?php\n/**\n * @package PHPMailer\n * @license LGPL\n */\nclass PHPMailer {}\n",
            "vendored",
        ),
        ("inc/rb.php", "<?php\n\nnamespace RedBeanPHP {\n}\n", "vendored"),
        ("application/libraries/Sender.php", "<?php\n/** Sends by PHPMailer. */\nclass Sender extends PHPMailer {}\n", "source"),
        ("src/stubs.php", "<?php\nfunction wc_get_order($id) {}\n", "vendored"),
        ("tests/fakes.php", "<?php\n// @generated\nfunction wp_mail($to) {}\n", "test"),
        ("settings.yaml", "a: 1\n", "config"),
        (".env.production", "A=1\n", "config"),
        ("cart.blade.php", "", "template"),
        ("Cart.vue", "", "source"),
        ("vue.global.js", "var Vue = (function () {})();", "vendored"),
        ("react-dom.development.js", "", "vendored"),
        ("jquery-3.6.0.js", "", "vendored"),
        ("config.development.js", "", "source"),
        ("vue.js", "import Vue from 'vue';", "source"),
        ("cart.phtml", "", "template"),
    ],
)
def test_roles(tmp_path: Path, path: str, content: str, role: str) -> None:
    write(tmp_path, {path: content})
    assert roles(discover(tmp_path)) == {path: role}


@pytest.mark.parametrize(
    ("path", "content", "language"),
    [
        ("a.tsx", "", "tsx"),
        ("a.mts", "", "typescript"),
        ("a.jsx", "", "javascript"),
        ("a.blade.php", "", "blade"),
        ("Dockerfile.prod", "", "dockerfile"),
        (".env", "", "env"),
        (".env.local", "", "env"),
        ("env.example", "", "env"),
        ("settings.py.example", "", "python"),
        ("run", "#!/usr/bin/env python3\n", "python"),
        ("tool", "#!/bin/sh\n", "shell"),
        ("t.html", "{% block a %}", "jinja"),
        ("u.html", "<p>", "html"),
        ("a.css", "", "other"),
        ("unknown", "", None),
    ],
)
def test_languages(tmp_path: Path, path: str, content: str, language: str | None) -> None:
    write(tmp_path, {path: content})
    assert [file.language for file in discover(tmp_path).files] == [language]


def test_a_single_file_is_a_root_too(tmp_path: Path) -> None:
    write(tmp_path, {"tests/pay.py": "x = 1\n", "tests/other.py": "", "package.json": "{}"})
    tree = discover(tmp_path / "tests" / "pay.py")
    assert (tree.root, paths(tree), roles(tree), tree.units[0].id) == (tmp_path.resolve() / "tests", ["pay.py"], {"pay.py": "source"}, ".")


def test_a_missing_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        discover(tmp_path / "nowhere")


def test_links_are_not_followed_and_circles_end(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    write(root, {"a/b.py": ""})
    write(outside, {"c.py": ""})
    (root / "a" / "up").symlink_to(root)
    (root / "self").symlink_to("self")
    (root / "out").symlink_to(outside)
    (root / "again.py").symlink_to("a/b.py")
    (root / "dangling.py").symlink_to("nowhere")
    tree = discover(root)
    assert paths(tree) == ["a/b.py"]
    assert reasons(tree) == {
        "a/up": "symbolic link to a folder that contains it",
        "out": "symbolic link out of the reviewed folder",
        "self": "symbolic link that leads back to itself",
    }


def test_a_root_that_is_a_link_is_followed(tmp_path: Path) -> None:
    write(tmp_path, {"real/a.py": ""})
    (tmp_path / "link").symlink_to("real")
    assert paths(discover(tmp_path / "link")) == ["a.py"]


def test_too_large_files_are_named(tmp_path: Path) -> None:
    for name, size in {
        "one_line.js": 50_000_000,
        "big.py": MAX_SOURCE_BYTES + 1,
        "data.json": MAX_DATA_BYTES + 1,
        "package-lock.json": MAX_DATA_BYTES + 1,
    }.items():
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(size)
    tree = discover(tmp_path)
    assert paths(tree) == []
    assert reasons(tree) == {"one_line.js": "too large: 50.0 MB", "big.py": "too large: 5.0 MB", "data.json": "too large: 1.0 MB"}


def test_binary_content_and_pipes(tmp_path: Path) -> None:
    write(tmp_path, {"a.php": b"<?php\0\x01", "wide.py": "\ufeffx = 1\n".encode("utf-16-le"), "logo.png": b"\0"})
    os.mkfifo(tmp_path / "pipe.py")
    tree = discover(tmp_path)
    assert paths(tree) == ["wide.py"]
    assert reasons(tree) == {"a.php": "binary content under the name of a source file"}


def test_names_that_are_no_unicode(tmp_path: Path) -> None:
    try:
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py"))).write_text("")
    except OSError:
        pytest.skip("this file system allows no such name")
    tree = discover(tmp_path)
    assert (paths(tree), reasons(tree)) == ([], {"?.py": "its name is not valid UTF-8"})


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_and_folders_are_named(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "", "closed/b.py": ""})
    (tmp_path / "a.py").chmod(0)
    (tmp_path / "closed").chmod(0)
    try:
        assert set(reasons(discover(tmp_path))) == {"a.py", "closed"}
    finally:
        (tmp_path / "closed").chmod(0o755)


def test_very_deep_folders_end(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 230)
    deep.mkdir(parents=True)
    (deep / "a.py").write_text("")
    tree = discover(tmp_path)
    assert paths(tree) == []
    assert "depth" in tree.skipped[0].reason


def test_what_a_compiler_wrote_beside_its_source_is_generated(tmp_path: Path) -> None:
    compiled = '"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nexports.pay = pay;\n'
    write(tmp_path, {"dist/pay.js": compiled, "dist/legacy.js": "function pay() {}\n", "src/stock.js": compiled})
    assert roles(discover(tmp_path)) == {"dist/pay.js": "generated", "dist/legacy.js": "source", "src/stock.js": "source"}


def test_what_a_compiler_wrote_of_a_source_that_is_there_is_reviewed_once(tmp_path: Path) -> None:
    compiled = '"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nexports.pay = pay;\n'
    plain = "function pay() {}\n"
    files = {
        "api/src/pay.ts": plain,
        "api/dist/pay.js": plain,
        "api/src/old.js": plain,
        "api/dist/old.js": compiled,
        "api/dist/new.js": plain,
    }
    write(tmp_path, {**files, "lib/hook.ts": plain, "lib/build/hook.js": plain})
    tree = discover(tmp_path)
    assert paths(tree) == ["api/dist/new.js", "api/src/old.js", "api/src/pay.ts", "lib/hook.ts"]
    assert [(s.file, s.reason.partition(",")[0]) for s in tree.skipped] == [("api/dist", "compiled"), ("lib/build", "compiled")]
