"""``event.data.object as Stripe.Checkout.Session``: a cast to a type with dots is the value that was cast, not a member of it."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

HOOK = """import Stripe from 'stripe';
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);
export async function POST(req: Request) {
  const body = await req.text();
  const event = stripe.webhooks.constructEvent(body, req.headers.get('stripe-signature')!, process.env.HOOK!);
  if (event.type === 'checkout.session.completed') {
    const session = event.data.object as CAST;
    console.log('completed', SHOWN);
  }
  return new Response('ok');
}
"""


@pytest.mark.parametrize("cast", ["Stripe.Session", "Stripe.Checkout.Session", "Stripe.Checkout.Session | null", "unknown as S.A.B"])
@pytest.mark.parametrize(("shown", "lines"), [("session", [8]), ("session.id, session.payment_status", [])])
def test_what_was_cast_is_followed(tmp_path: Path, cast: str, shown: str, lines: list[int]) -> None:
    route = tmp_path / "app/api/stripe/route.ts"
    route.parent.mkdir(parents=True)
    route.write_text(HOOK.replace("CAST", cast).replace("SHOWN", shown))
    report = review(tmp_path, Settings(use_cache=False, checks=("pci/card-data-logged",)))
    assert [f.start_line for f in report.findings] == lines
