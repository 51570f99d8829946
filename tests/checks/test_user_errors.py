"""Changes that Shopify refuses with status 200: read, handed on, or taken for done."""

from pathlib import Path

import pytest

from tests.checks.test_resilience import reviewed, rulings

_TEXT = "mutation commit($id: ID!) { orderEditCommit(id: $id) { order { id } userErrors { field message } } }"
_JS = """const shopify = require('./shopify');
const COMMIT = `TEXT`;
exports.commit = async (req, res) => {
  const client = new shopify.api.clients.Graphql({ session: res.locals.session });
  const answer = await client.query({ data: { query: COMMIT, variables: { id: req.params.id } } });
  console.log(answer.body.data.orderEditCommit);
  THEN
};
""".replace("TEXT", _TEXT)
_REMIX = """import { authenticate } from '../shopify.server';
export const action = async ({ request }) => {
  const { admin } = await authenticate.admin(request);
  const response = await admin.graphql(`#graphql
    TEXT`, { variables: { id: 'gid://shopify/Order/1' } });
  const { data } = await response.json();
  THEN
};
""".replace("TEXT", _TEXT)
_PYTHON = '''import requests

COMMIT = """
TEXT
"""


def commit(shop, token, order):
    url = f"https://{shop}/admin/api/2024-07/graphql.json"
    answer = requests.post(url, json={"query": COMMIT, "variables": {"id": order}}, headers={"X-Shopify-Access-Token": token}, timeout=9)
    answer.raise_for_status()
    body = answer.json()
    THEN
'''.replace("TEXT", _TEXT)


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("res.send({ success: true });", ["broken"]),
        ("const failed = answer.body.data.orderEditCommit.userErrors; if (failed.length) return res.status(422).send(failed);", ["held"]),
        ("res.send(answer.body);", []),
    ],
)
def test_in_express(tmp_path: Path, then: str, expected: list[str]) -> None:
    assert rulings(reviewed(tmp_path, {"edit.js": _JS.replace("THEN", then)}, "swallowed-failure")) == expected


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("return { id: data.orderEditCommit.order.id };", ["broken"]),
        (
            "const { userErrors } = data.orderEditCommit; if (userErrors.length) throw new Error(userErrors[0].message); return null;",
            ["held"],
        ),
    ],
)
def test_in_a_loader(tmp_path: Path, then: str, expected: list[str]) -> None:
    assert rulings(reviewed(tmp_path, {"app/routes/edit.jsx": _REMIX.replace("THEN", then)}, "swallowed-failure")) == expected


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ('return body["data"]["orderEditCommit"]["order"]["id"]', ["broken"]),
        ('if body["data"]["orderEditCommit"]["userErrors"]: raise ValueError(order)', ["held"]),
        ('if body.get("data", {}).get("orderEditCommit", {}).get("userErrors", []): raise ValueError(order)', ["held"]),
        ("return body", []),
    ],
)
def test_in_python(tmp_path: Path, then: str, expected: list[str]) -> None:
    assert rulings(reviewed(tmp_path, {"edit.py": _PYTHON.replace("THEN", then)}, "swallowed-failure")) == expected
