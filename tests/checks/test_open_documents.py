"""A sum that is charged as it stands in a document which the customer's own browser may write."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_FUNCTION = """\
import * as functions from 'firebase-functions';
import * as admin from 'firebase-admin';
import Stripe from 'stripe';

admin.initializeApp();
const db = admin.firestore();
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY as string);

export const pay = functions.https.onCall(async (data, context) => {
  const found = await db.collection('KIND').doc(context.auth!.uid).get();
  const cart = found.data()!;
  return stripe.paymentIntents.create({ amount: Math.round(cart.total * 100), currency: 'usd' });
});
"""
_RULES = """\
rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    function isSignedIn() { return request.auth != null; }
    function mayManage() { return request.auth.token.admin == true; }
    match /products/{id} { allow read: if true; allow write: if mayManage(); }
    match /carts/{cartId} {
      allow read: if isSignedIn(); // allow write: if true;
      ALLOW
    }
    match /quotes/{id} { allow read: if isSignedIn(); allow write: if false; }
  }
}
"""


@pytest.mark.parametrize(
    ("kind", "allow", "expected"),
    [
        ("carts", "allow write: if isSignedIn() && cartId == request.auth.uid;", "broken"),
        ("carts", "allow create, update: if cartId == request.auth.uid;", "broken"),
        ("carts", "allow write;", "broken"),
        ("quotes", "allow write: if isSignedIn();", "held"),
        ("carts", "allow write: if mayManage();", "held"),
        ("carts", "allow update: if request.resource.data.total == resource.data.total;", "held"),
        ("carts", "allow delete: if isSignedIn();", "held"),
    ],
)
def test_what_the_rules_let_the_customer_write_is_his_word(tmp_path: Path, kind: str, allow: str, expected: str) -> None:
    files = {"functions/src/index.ts": _FUNCTION.replace("KIND", kind), "firestore.rules": _RULES.replace("ALLOW", allow)}
    assert {ruling for ruling, _, _ in ruled(tmp_path, "payment/client-amount", files)} == {expected}
