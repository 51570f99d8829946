"""Where a request goes may stand in a ``dict()``, be handed on in ``*args`` by one wrapper after the other, or be a setting as a whole."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_DICTIONARY = """\
import requests
from shop.rows import load


def settings(live):
    found = load("acme")
    found.update(dict(key="k"))
    if live:
        found.update(dict(status_url="https://api.acme-pay.com/status"))
    else:
        found.update(dict(status_url="https://test.acme-pay.com/status"))
    return found


def ask(live):
    return requests.post(settings(live)["status_url"], json={"id": 1}WITHIN)
"""
_COPY = """\
import requests

PLAIN = {"url": "https://api.acme-pay.com/status", "json": {"id": 1}}


def ask(id):
    sent = dict(PLAIN, json={"id": id}WITHIN)
    return requests.post(**sent)
"""
_HANDED_ON = """\
import requests


class Acme:
    def __init__(self, endpoint="https://api.acme-pay.com"):
        self.endpoint = endpoint
        self.pay_url = self.endpoint + "/v1/pay"

    def send(self, order, *args, method="get", **kwargs):
        answer = requests.request(method, *args, **kwargs)
        order.answer = answer.json()
        return answer

    def post(self, order, *args, **kwargs):
        return self.send(order, *args, method="post", **kwargs)

    def charge(self, order):
        return self.post(order, self.pay_url, json={"sum": order.total}WITHIN)
"""
_SETTING = """\
import requests
from decouple import config


class Acme:
    def __init__(self):
        self.token = config("ACME_TOKEN_API")

    def ask(self):
        return requests.get(self.token, auth=("id", "secret")WITHIN)
"""


@pytest.mark.parametrize("client", [_DICTIONARY, _COPY, _HANDED_ON, _SETTING])
@pytest.mark.parametrize(("within", "ruling"), [("", "broken"), (", timeout=20", "held")])
def test_a_request_to_outside_is_known_by_what_its_address_is_made_of(tmp_path: Path, client: str, within: str, ruling: str) -> None:
    files = {"requirements.txt": "requests\npython-decouple\n", "shop/acme.py": client.replace("WITHIN", within)}
    assert [said for said, _, _ in ruled(tmp_path, "resilience/no-timeout", files)] == [ruling]


def test_one_that_stays_inside_is_none(tmp_path: Path) -> None:
    inside = _HANDED_ON.replace("self.endpoint = endpoint", 'self.endpoint = "http://localhost:8000"').replace("WITHIN", "")
    assert ruled(tmp_path, "resilience/no-timeout", {"requirements.txt": "requests\n", "shop/acme.py": inside}) == []
