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


_PAID = """\
import Stripe from "https://esm.sh/stripe@18.5.0";
import { createClient } from "https://esm.sh/@supabase/supabase-js@2";
import { tell } from "../_shared/mail.ts";

const stripe = new Stripe(Deno.env.get("STRIPE_SECRET_KEY"));
const db = createClient(Deno.env.get("SUPABASE_URL"), Deno.env.get("SUPABASE_SERVICE_ROLE_KEY"));

Deno.serve(async (req) => {
  const raw = await req.text();
  const event = await stripe.webhooks.constructEventAsync(raw, req.headers.get("stripe-signature"), Deno.env.get("STRIPE_WEBHOOK_SECRET"));
  if (event.type === "checkout.session.completed") {
    const session = event.data.object;
    WRITE
    await tell(session.customer_email);
  }
  return new Response("ok");
});
"""
_MAIL = """\
export async function tell(to: string) {
  const body = JSON.stringify({ to, subject: "Thank you", html: "<p>It is paid.</p>" });
  const headers = { Authorization: `Bearer ${Deno.env.get("RESEND_API_KEY")}` };
  await fetch("https://api.resend.com/emails", { method: "POST", headers, body, signal: AbortSignal.timeout(5000) });
}
"""
_UPDATE = 'db.from("orders").update({ status: "paid" }).eq("session_id", session.id)'
_INSERT = 'db.from("payments").insert({ session_id: session.id, amount: session.amount_total })'
_HOOK = "supabase/functions/paid/index.ts"


def _told(write: str) -> dict[str, str]:
    ddl = "create table payments (id bigint primary key, session_id text unique not null, amount integer not null);\n"
    return {_HOOK: _PAID.replace("WRITE", write), "supabase/functions/_shared/mail.ts": _MAIL, "supabase/migrations/1_pay.sql": ddl}


def test_an_error_that_is_answered_and_not_raised_has_to_be_asked_for(tmp_path: Path) -> None:
    lost = {
        "unread": f"await {_UPDATE};",
        "dropped": f'const {{ error }} = await {_UPDATE};\n    if (error) console.log("not stored", error.message);',
    }
    told = {
        "raised": f"const {{ error }} = await {_UPDATE};\n    if (error) throw error;",
        "asked to raise": f"await {_UPDATE}.throwOnError();",
        "answered": f'const {{ error }} = await {_UPDATE};\n    if (error) return new Response("later", {{ status: 500 }});',
        "noted": f"let no = false;\n    const {{ error }} = await {_UPDATE};\n    if (error) no = true;\n    if (no) throw new Error();",
    }
    for name, write in lost.items():
        assert [r for r, _, _ in ruled(tmp_path / name, "resilience/swallowed-failure", _told(write))] == ["broken"], name
    for name, write in told.items():
        assert [r for r, _, _ in ruled(tmp_path / name, "resilience/swallowed-failure", _told(write))] == ["held"], name


_GUARDED = {
    "eq": '.eq("status", "pending")',
    "not in": '.not("status", "in", "(paid,refunded)")',
    "not in a joined list": '.not("status", "in", `(${["paid", "refunded"].join(",")})`)',
    "not eq": '.not("status", "eq", "paid")',
    "either": '.or("status.eq.pending,status.eq.failed")',
    "filter": '.filter("status", "in", "(pending,failed)")',
}


def test_the_state_that_an_update_asks_for_in_every_way_of_the_client(tmp_path: Path) -> None:
    bare = f"const {{ error }} = await {_UPDATE};\n    if (error) throw error;"
    assert [r for r, _, _ in ruled(tmp_path / "bare", "order/unguarded-transition", _told(bare))] == ["broken"]
    other = (
        f'const {{ error }} = await {_UPDATE}.not("session_id", "is", null).or("email.is.null,phone.is.null");\n    if (error) throw error;'
    )
    assert [r for r, _, _ in ruled(tmp_path / "other", "order/unguarded-transition", _told(other))] == ["broken"]
    for name, condition in _GUARDED.items():
        write = f"const {{ error }} = await {_UPDATE}{condition};\n    if (error) throw error;"
        assert [r for r, _, _ in ruled(tmp_path / name, "order/unguarded-transition", _told(write))] == ["held"], name


_CLAIM = 'db.from("events").upsert({ id: event.id }, { onConflict: "id", ignoreDuplicates: true }).select("id").maybeSingle()'
_BOOKED = f"const {{ error }} = await {_UPDATE};\n    if (error) throw error;"
_FREED = f"""\
try {{
      await {_UPDATE}.throwOnError();
      await tell(session.customer_email);
      return new Response("done");
    }} catch (failed) {{
      await db.from("events").delete().eq("id", event.id);
      throw failed;
    }}"""


def test_no_row_is_not_taken_for_one_that_was_there(tmp_path: Path) -> None:
    seen, no = 'return new Response("seen");', 'return new Response("no", { status: 500 });'
    lost = {
        "a duplicate": f"const {{ data }} = await {_CLAIM};\n    if (!data) {seen}\n    {_BOOKED}",
        "renamed": f"const {{ data: fresh }} = await {_CLAIM};\n    if (fresh === null) {seen}\n    {_BOOKED}",
        "whole": f"const claim = await {_CLAIM};\n    if (!claim.data) {seen}\n    {_BOOKED}",
        "no rows": f"const {{ data }} = await {_UPDATE}.select();\n    if (!data?.length) {seen}",
        "work left out": f"const {{ data: order }} = await {_UPDATE}.select().single();\n    if (order) {{ console.log(order.id); }}",
        "carefully read": f'const {{ data: order }} = await {_UPDATE}.select().single();\n    console.log("paid", order?.id);',
        "error left": f"const {{ data, error }} = await {_CLAIM};\n    if (!data) {seen}\n    {_BOOKED}",
    }
    told = {
        "error first": f"const {{ data, error }} = await {_CLAIM};\n    if (error) throw error;\n    if (!data) {seen}\n    {_FREED}",
        "refused": f"const {{ data }} = await {_UPDATE}.select().single();\n    if (!data) {no}",
        "raises": f'const {{ data: order }} = await {_UPDATE}.select().single();\n    console.log("paid", order.id);',
        "noted": f"let ok = false;\n    const {{ data }} = await {_UPDATE}.select();\n    if (data) ok = true;\n    if (!ok) throw 1;",
        "asked to raise": f"const {{ data }} = await {_CLAIM}.throwOnError();\n    if (!data) {seen}\n    {_FREED}",
    }
    for name, write in lost.items():
        assert [r for r, _, _ in ruled(tmp_path / name, "resilience/swallowed-failure", _told(write))] == ["broken"], name
    for name, write in told.items():
        assert [r for r, _, _ in ruled(tmp_path / name, "resilience/swallowed-failure", _told(write))] == ["held"], name
    claimed = lost["a duplicate"]
    assert [r for r, _, _ in ruled(tmp_path / "once", "idempotency/handler-not-idempotent", _told(claimed))] == ["held"]


def test_a_row_that_the_database_refuses_stops_nobody_who_does_not_ask(tmp_path: Path) -> None:
    dropped = f"const {{ error }} = await {_INSERT};\n    if (error) console.error(error);"
    assert ruled(tmp_path / "dropped", "idempotency/handler-not-idempotent", _told(dropped)) == [("broken", _HOOK, 15)]
    raised = f"const {{ error }} = await {_INSERT};\n    if (error) throw error;"
    assert [r for r, _, _ in ruled(tmp_path / "raised", "idempotency/handler-not-idempotent", _told(raised))] == ["held"]


def test_a_run_over_rows_that_goes_on_after_a_failure_is_no_second_try(tmp_path: Path) -> None:
    code = """\
import Stripe from "https://esm.sh/stripe@18.5.0";
import { createClient } from "https://esm.sh/@supabase/supabase-js@2";

const stripe = new Stripe(Deno.env.get("STRIPE_SECRET_KEY"));
const db = createClient(Deno.env.get("SUPABASE_URL"), Deno.env.get("SUPABASE_SERVICE_ROLE_KEY"));

Deno.serve(async () => {
  const { data } = await db.from("earnings").select("id, amount, account").eq("status", "due");
  let attempted = 0;
  for (const row of data ?? []) {
    const amount = row.amount;
    const account = row.account;
    attempted++;
    try {
      await stripe.transfers.create({ amount: AMOUNT, currency: "eur", destination: ACCOUNT });
    } catch (error) {
      console.error("not sent", row.id, error);
    }
  }
  return new Response(String(attempted));
});
"""
    name = "supabase/functions/pay-out/index.ts"
    run = code.replace("AMOUNT", "amount").replace("ACCOUNT", "account")
    assert ruled(tmp_path / "run", "resilience/retry-on-client-error", {name: run}) == []


def test_a_booking_that_waits_to_be_paid_is_not_paid_by_its_sum(tmp_path: Path) -> None:
    code = """\
import Stripe from "https://esm.sh/stripe@18.5.0";
import { createClient } from "https://esm.sh/@supabase/supabase-js@2";

const stripe = new Stripe(Deno.env.get("STRIPE_SECRET_KEY"));
const db = createClient(Deno.env.get("SUPABASE_URL"), Deno.env.get("SUPABASE_SERVICE_ROLE_KEY"));

Deno.serve(async (req) => {
  const { slot } = await req.json();
  const row = { slot_id: slot, status: "STATE", amount_paid: 3900 };
  const { data, error } = await db.from("bookings").insert(row).select().single();
  if (error) throw error;
  const session = await stripe.checkout.sessions.create({ mode: "payment", line_items: [{ price: "price_1", quantity: 1 }] });
  return new Response(JSON.stringify({ url: session.url, booking: data.id }));
});
"""
    name = "supabase/functions/book/index.ts"
    for state, found in (("pending_payment", []), ("paid", ["broken"])):
        files = {name: code.replace("STATE", state)}
        assert [r for r, _, _ in ruled(tmp_path / state, "payment/fulfil-on-redirect", files)] == found


def test_an_error_that_is_raised_after_the_last_turn_of_a_loop_is_told(tmp_path: Path) -> None:
    turns = f"""for (let n = 0; n < 3; n++) {{
      const {{ error }} = await {_INSERT};
      if (!error) break;
      if (error.code !== "23505" || n === 2) throw error;
    }}"""
    assert [r for r, _, _ in ruled(tmp_path / "raised", "resilience/swallowed-failure", _told(turns))] == ["held"]


_CLIENT = 'import { createClient } from "https://esm.sh/@supabase/supabase-js@2";\n'
_CONFIRM = f"""\
{_CLIENT}
Deno.serve(async (req) => {{
  const db = createClient(Deno.env.get("URL"), Deno.env.get("KEY"));
  const {{ reference }} = await req.json();
  const headers = {{ Authorization: `Bearer ${{Deno.env.get("PAYSTACK_SECRET")}}` }};
  const answer = await fetch(`https://api.paystack.co/transaction/verify/${{reference}}`, {{ headers }});
  const paid = (await answer.json()).data;
  if (paid.status !== "success") return new Response("unpaid", {{ status: 402 }});
  const {{ data: order }} = await db.from("orders").select("*").eq("reference", reference).single();
  if (order.total * 100 !== paid.amount || order.currency !== paid.currency) return new Response("no", {{ status: 409 }});
  const {{ error }} = await db.from("orders").update({{ status: "paid" }}).eq("reference", reference).eq("status", "pending");
  return new Response(null, {{ status: error ? 500 : 200 }});
}});
"""
_PAGE = """\
import { supabase } from "./client";
export async function confirm(id) {
  await supabase.from("orders").update({ status: "paid" }).eq("id", id);
}
"""


def test_a_function_at_the_edge_is_no_code_of_the_page_that_calls_it(tmp_path: Path) -> None:
    files = {"package.json": '{"dependencies": {"react": "18", "vite": "5"}}', "supabase/functions/confirm/index.ts": _CONFIRM}
    redirect = "payment/fulfil-on-redirect"
    assert [r for r, _, _ in ruled(tmp_path / "edge", redirect, files)] == ["held"]
    files |= {"src/confirm.ts": _PAGE, "src/client.ts": f'{_CLIENT}export const supabase = createClient("https://x", "y");\n'}
    assert ("broken", "src/confirm.ts", 3) in ruled(tmp_path / "page", redirect, files)
