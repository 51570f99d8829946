"""The token of one order opens that order and no other system."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_SENDS = """\
import { find, mail } from '../lib/store';
import Stripe from 'stripe';

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY);

export async function send(id, email) {
  const [HOLDER] = await find({ id, email });
  await stripe.customers.list({ email });
  const link = `https://shop.example.org/orders/${id}?accessToken=${HOLDER.accessToken}`;
  console.log('mail', link);
  await mail(email, link);
}
"""


@pytest.mark.parametrize(("holder", "expected"), [("order", False), ("guestOrder", False), ("merchant", True)])
def test_what_opens_one_order_alone_is_no_credential_of_ours(tmp_path: Path, holder: str, expected: bool) -> None:
    files = {"src/send.js": _SENDS.replace("HOLDER", holder)}
    assert ("broken" in {ruling for ruling, _, _ in ruled(tmp_path, "boundary/secret-logged", files)}) is expected
