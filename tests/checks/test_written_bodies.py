"""A body that a helper writes out, only where it is given one: whether the key that the provider wants in it is there."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_FETCH = """\
type Config = { method: 'GET' | 'POST'; body?: any };

export const ask = async (path: string, { method, body }: Config) => {
  const response = await fetch(`${process.env.DOTS_API_URL}${path}`, {
    method,
    headers: { Authorization: `Basic ${process.env.DOTS_API_KEY}` },
    BODY
  });
  return response.json();
};
"""
_PAY = """\
'use server';
import { ask } from './fetch';

export async function pay(partner: string, payout: string) {
  return ask('/transfers', { method: 'POST', body: { user_id: partner, amount: 100KEY } });
}
"""


@pytest.mark.parametrize("body", ["body: JSON.stringify(body),", "...(body ? { body: JSON.stringify(body) } : {}),"])
@pytest.mark.parametrize(("key", "wrong"), [("", True), (", idempotency_key: payout", False)])
def test_a_key_in_a_body_is_looked_for_where_it_is_written_out(tmp_path: Path, body: str, key: str, wrong: bool) -> None:
    files = {
        "package.json": '{"name": "desk", "dependencies": {"next": "14"}}',
        "lib/fetch.ts": _FETCH.replace("BODY", body),
        "lib/pay.ts": _PAY.replace("KEY", key),
    }
    assert bool(found(tmp_path, files, "idempotency/missing-key")) is wrong


def test_a_body_that_nobody_here_makes_is_asked_about(tmp_path: Path) -> None:
    send = "import { ask } from './fetch';\nexport const send = (body: any) => ask('/transfers', { method: 'POST', body });\n"
    files = {
        "package.json": '{"name": "desk", "dependencies": {"next": "14"}}',
        "lib/fetch.ts": _FETCH.replace("BODY", "body: JSON.stringify(body),"),
        "lib/pay.ts": send,
    }
    assert found(tmp_path, files, "idempotency/missing-key") == []
