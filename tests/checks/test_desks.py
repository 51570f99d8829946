"""Forms in which a payment is taken for an order's, and a sum handed to a provider: each in a small shop of its own."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_PAGES = Path(__file__).parent / "forms"
_FORM = re.compile(
    r"^### (?P<name>.+)\n\n```(?P<language>\w+)\n(?P<code>(?s:.*?))\n```\n(?:\n```\w+ models\n(?P<models>(?s:.*?))\n```\n)?",
    re.MULTILINE,
)
_AROUND = re.compile(r"^### (?P<shop>\w+): (?P<file>\S+)\n\n```\w+\n(?P<text>(?s:.*?))\n```\n", re.MULTILINE)
# A payment that is begun by one form would be taken for that of all others; and whether orders have a currency is asked by their class.
_BEGINS = re.compile(r"(paymentIntents|sessions|PaymentIntent|Session)\.create\(")
_PRODUCT = "def get_product(request):\n    return get_object_or_404(Product, pk=request.POST['id'])\n\n\n"
_IMPORTED = {"mollie": "from mollie.api.client import Client", "find_one": "from yookassa import Payment"}
_URLS = 'from django.urls import path\nfrom . import views\nurlpatterns = [path("{0}/", views.{0})]\n'

Asked = Callable[[str, str], dict[str, set[str]]]


def _page(name: str) -> str:
    return (_PAGES / name).read_text(encoding="utf-8")


def _names(page: str) -> list[str]:
    return [m["name"] for m in _FORM.finditer(_page(page))]


@cache
def _around(shop: str) -> dict[str, str]:
    return {m["file"]: m["text"] + "\n" for m in _AROUND.finditer(_page("desks.md")) if m["shop"] == shop}


def _shop(language: str, code: str) -> str:
    """What kind of shop a form is written for."""
    if language == "python":
        return "flask" if "@app." in code else "django"
    if language == "php":
        marks = {"Route::": "laravel", "WC_Payment": "woocommerce", "extends Base\n": "craft"}
        return next((shop for mark, shop in marks.items() if mark in code), "plain")
    return "express" if language == "javascript" else "nest" if "@Injectable" in code else "next"


def _files(form: re.Match[str]) -> dict[str, str]:
    shop, code = _shop(form["language"], form["code"]), form["code"]
    files = dict(_around(shop))
    first = next(iter(files))
    if shop == "django":
        route = "hook" if re.search(r"^(def )?hook\b", code, re.MULTILINE) else "pay"
        imported = [line for word, line in _IMPORTED.items() if word in code]
        code = "\n".join([*imported, _PRODUCT if route == "pay" else "", code])
        files |= {"shop/__init__.py": "", "shop/urls.py": _URLS.format(route)}
        files |= {"shop/models.py": form["models"]} if form["models"] else {}
    return files | {first: files[first] + code}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """What is ruled of each form of a page, by its name: all are reviewed in one tree, each in a folder that is a unit of its own."""
    known: dict[str, dict[str, set[str]]] = {}

    def ask(page: str, check: str) -> dict[str, set[str]]:
        if page not in known:
            forms = list(_FORM.finditer(_page(page)))
            alone = [m for m in forms if page == "currencies.md" or (page == "reconciled.md" and _BEGINS.search(m["code"]))]
            found: dict[str, set[str]] = {m["name"]: set() for m in forms}
            for part in ([m for m in forms if m not in alone], *([m] for m in alone)):
                root = tmp_path_factory.mktemp("desks")
                for number, form in enumerate(part):
                    for name, text in _files(form).items():
                        path = root / f"desk{number:03}" / name
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_text(text, encoding="utf-8")
                for o in review(root, Settings(use_cache=False, checks=(check,))).obligations:
                    found[part[int(o.site.file[4:7])]["name"]].add(o.ruling)
            known[page] = found
        return known[page]

    return ask


@pytest.mark.parametrize("name", _names("reconciled.md"))
def test_what_was_paid_is_held_against_what_the_order_costs(name: str, asked: Asked) -> None:
    assert asked("reconciled.md", "payment/amount-not-reconciled")[name] == {name.rpartition(", ")[2]}


@pytest.mark.parametrize("name", _names("units.md"))
def test_a_sum_goes_out_in_the_unit_that_is_read(name: str, asked: Asked) -> None:
    ruled, expected = asked("units.md", "payment/amount-unit")[name], name.rpartition(", ")[2]
    assert expected in ruled
    assert expected == "broken" or ruled == {"held"}


@pytest.mark.parametrize("name", _names("currencies.md"))
def test_the_currency_is_that_of_the_sum(name: str, asked: Asked) -> None:
    assert asked("currencies.md", "payment/missing-currency")[name] == {name.rpartition(", ")[2]}
