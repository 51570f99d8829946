"""Functions that run at the edge: Deno's server, Web Crypto, Supabase's tables."""

from pathlib import Path

from tests.checks.test_stock import ruled

_UNVERIFIED = "payment/webhook-unverified"
_WEAK = "payment/webhook-weak-verification"
_TAX = "tax-shipping/client-tax"

_MIRROR = """\
import { serve } from "https://deno.land/std@0.190.0/http/server.ts";
import { createClient } from "https://esm.sh/@supabase/supabase-js@2";
import { genuine } from "../_shared/signature.ts";

serve(async (req) => {
  const given = req.headers.get("x-shopify-hmac-sha256");
  if (!given) return new Response("unsigned", { status: 401 });
  const raw = await req.text();
  if (!(await genuine(raw, given, Deno.env.get("SHOPIFY_WEBHOOK_SECRET")))) return new Response("forged", { status: 401 });
  const db = createClient(Deno.env.get("SUPABASE_URL"), Deno.env.get("SUPABASE_SERVICE_ROLE_KEY"));
  const order = JSON.parse(raw);
  const row = { shop_order_id: order.id, status: order.financial_status, total: order.total_price, total_tax: order.total_tax };
  const { error } = await db.from("orders").upsert(row, { onConflict: "shop_order_id" });
  return new Response(null, { status: error ? 500 : 200 });
});
"""
_SIGNATURE = """\
function alike(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let rest = 0;
  for (let n = 0; n < a.length; n++) rest |= a[n] ^ b[n];
  return rest === 0;
}

export async function genuine(raw: string, given: string, secret: string) {
  const bytes = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", bytes.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const made = await crypto.subtle.sign("HMAC", key, bytes.encode(raw));
  return alike(bytes.encode(btoa(String.fromCharCode(...new Uint8Array(made)))), bytes.encode(given));
}
"""


def test_a_digest_compared_byte_by_byte_proves_the_sender(tmp_path: Path) -> None:
    name = "supabase/functions/shop-orders/index.ts"
    files = {name: _MIRROR, "supabase/functions/_shared/signature.ts": _SIGNATURE}
    assert [r for r, _, _ in ruled(tmp_path / "sound", _UNVERIFIED, files)] == ["held"]
    assert [r for r, _, _ in ruled(tmp_path / "weak", _WEAK, files)] == ["held"]
    undigested = _SIGNATURE.replace("btoa(String.fromCharCode(...new Uint8Array(made)))", "raw")
    broken = files | {"supabase/functions/_shared/signature.ts": undigested}
    assert ruled(tmp_path / "broken", _UNVERIFIED, broken) == [("broken", name, 13)]


def test_what_a_provider_says_was_paid_in_tax_is_no_figure_of_a_customer(tmp_path: Path) -> None:
    files = {"supabase/functions/shop-orders/index.ts": _MIRROR, "supabase/functions/_shared/signature.ts": _SIGNATURE}
    assert ruled(tmp_path / "provider", _TAX, files) == []
    head, _, rest = _MIRROR.partition("  const given")
    checkout = (
        head.replace('import { genuine } from "../_shared/signature.ts";\n', "")
        + "  const raw = await req.text();\n  const db"
        + rest.partition("  const db")[2]
    )
    assert ruled(tmp_path / "customer", _TAX, {"supabase/functions/checkout/index.ts": checkout})[0][0] == "broken"
