"""Units of real folders, and what their project files say they need."""

import json
from pathlib import Path

import pytest

from tillproof.contract import Unit
from tillproof.source.discover import discover
from tillproof.source.projects import dependencies


def write(root: Path, files: dict[str, str]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)


def units(root: Path) -> dict[str, str]:
    return {unit.id: unit.kind for unit in discover(root).units}


def test_the_root_is_always_a_unit(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": ""})
    assert discover(tmp_path).units == [Unit(id=".", path=".", kind="app")]


def test_the_nearest_project_file_wins(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "package.json": json.dumps({"name": "shop", "workspaces": ["packages/*"]}),
            "packages/api/package.json": json.dumps({"name": "api", "dependencies": {"express": "^4"}}),
            "packages/api/src/deep/pay.js": "",
            "packages/web/package.json": json.dumps({"name": "web", "private": True, "dependencies": {"react": "^18"}}),
            "packages/web/cart.tsx": "",
            "packages/money/package.json": json.dumps({"name": "money", "main": "index.js"}),
            "packages/money/dist/package.json": '{"type": "module"}',
            "packages/money/dist/a.js": "",
            "tests/e2e/package.json": json.dumps({"name": "e2e"}),
            "tests/e2e/a.js": "",
            "tool.js": "",
        },
    )
    assert units(tmp_path) == {".": "workspace", "packages/api": "service", "packages/money": "library", "packages/web": "app"}
    of = {file.path: file.unit for file in discover(tmp_path).files}
    assert of["packages/api/src/deep/pay.js"] == "packages/api"
    assert of["packages/money/dist/a.js"] == "packages/money"
    assert (of["tests/e2e/a.js"], of["tool.js"]) == (".", ".")


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"manage.py": ""}, "service"),
        ({"requirements.txt": "flask\n", "app.py": ""}, "service"),
        ({"composer.json": '{"type": "magento2-module"}'}, "plugin"),
        ({"composer.json": '{"require": {"laravel/framework": "^11"}}'}, "service"),
        ({"composer.json": '{"name": "a/b", "type": "library"}'}, "library"),
        ({"pyproject.toml": "[build-system]\nrequires = []\n[project]\nname = 'x'\n"}, "library"),
        ({"Dockerfile": "FROM x\n", "main.py": ""}, "service"),
        ({"uninstall.php": "", "pay.php": "<?php\n/**\n * Plugin Name: Pay\n */\n"}, "plugin"),
        ({"unit.php": "<?php\n/*\nPlugin Name: Pay\n*/\n"}, "plugin"),
        ({"go.mod": "module x\n", "main.go": ""}, "service"),
    ],
)
def test_kinds(tmp_path: Path, files: dict[str, str], kind: str) -> None:
    write(tmp_path, {f"unit/{name}": content for name, content in files.items()})
    assert units(tmp_path).get("unit") == kind


def test_a_dockerfile_without_code_beside_it_is_no_unit(tmp_path: Path) -> None:
    write(tmp_path, {"docker/php/Dockerfile": "FROM php\n", "index.php": ""})
    assert units(tmp_path) == {".": "app"}


def needs(root: Path) -> dict[str, str | None]:
    return dependencies(root, Unit(id=".", path=".", kind="app"))


def test_javascript_and_php_dependencies(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "package.json": json.dumps(
                {"dependencies": {"stripe": "^14.0.0"}, "devDependencies": {"jest": "29", "stripe": "1"}, "peerDependencies": 3}
            ),
            "composer.json": json.dumps({"require": {"stripe/stripe-php": "^13.0"}, "require-dev": {"phpunit/phpunit": "*"}}),
        },
    )
    assert needs(tmp_path) == {"stripe": "^14.0.0", "jest": "29", "stripe/stripe-php": "^13.0", "phpunit/phpunit": "*"}


def test_python_dependencies(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "requirements.txt": "Stripe==7.1.0  # pay\n-r base.txt\n--index-url https://x\ngit+https://x/y\n"
            "Django[argon2]>=4,<5 ; python_version > '3'\nrequests\n"
            "six==1.16 --hash=sha256:abc \\\n    --hash=sha256:def\n",
            "requirements/prod.txt": "gunicorn~=21.0\n",
            "requirements-dev.txt": "pytest\n",
            "setup.py": "setup(install_requires=['adyen_lib>=9', \"braintree\"])",
            "pyproject.toml": "[project]\ndependencies = ['mollie-api-python>=3']\n[project.optional-dependencies]\nx = ['paypal']\n"
            "[tool.poetry.dependencies]\npython = '^3.11'\nsquareup = {version = '^30', optional = true}\nrazorpay = '*'\n"
            "[tool.poetry.group.dev.dependencies]\nruff = '1'\n",
        },
    )
    assert needs(tmp_path) == {
        "stripe": "==7.1.0",
        "django": ">=4,<5",
        "requests": None,
        "six": "==1.16",
        "gunicorn": "~=21.0",
        "pytest": None,
        "adyen-lib": ">=9",
        "braintree": None,
        "mollie-api-python": ">=3",
        "paypal": None,
        "squareup": "^30",
        "razorpay": None,
        "ruff": "1",
    }


def test_other_dependencies(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "Gemfile": "gem 'stripe', '~> 10'\ngem \"rails\"\n",
            "go.mod": "module x\n\nrequire (\n\tgithub.com/stripe/stripe-go/v76 v76.1.0\n)\n",
            "Shop.csproj": '<PackageReference Include="Stripe.net" Version="43.0.0" />',
        },
    )
    assert needs(tmp_path) == {"stripe": "~> 10", "rails": None, "github.com/stripe/stripe-go/v76": "v76.1.0", "Stripe.net": "43.0.0"}


@pytest.mark.parametrize("content", ["", "[", "[]", "[" * 100_000, "\0", '{"dependencies": ["a"]}', "a = 1\n[[["])
def test_broken_project_files_say_nothing(tmp_path: Path, content: str) -> None:
    write(tmp_path, dict.fromkeys(("package.json", "composer.json", "pyproject.toml", "setup.py", "go.mod", "Pipfile"), content))
    assert needs(tmp_path) == {}
    assert "." in units(tmp_path)


@pytest.mark.parametrize("piece", ["requires=[", "\n", " ", "gem 'a", "a.b/", "a[", "'", "<PackageReference "])
def test_long_hostile_project_files_end(tmp_path: Path, piece: str) -> None:
    names = ("setup.py", "Gemfile", "go.mod", "requirements.txt", "a.csproj", "pyproject.toml")
    write(tmp_path, dict.fromkeys(names, piece * (900_000 // len(piece))))
    assert "." in units(tmp_path)
