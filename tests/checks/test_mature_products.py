"""What products with an order model of their own do, and what of it is a flaw: each tree in its sound and its broken form."""

from pathlib import Path

from tests.checks.test_python_shops import found
from tests.checks.test_stock import ruled

_LARAVEL = '{"require": {"laravel/framework": "^11.0", "stripe/stripe-php": "^15.0"}}'
_REFUND = """\
from authorizenet import apicontractsv1
from authorizenet.apicontrollers import createTransactionController


class Gateway:
    def refund(self, charge):
        answer = self.details(charge)
        return self.send(cc=str(answer.payment.creditCard.cardNumber)[-4:], ref=charge)

    def send(self, **params):
        card = apicontractsv1.creditCardType()
        card.cardNumber = params.get("cc")
        card.expirationDate = "XXXX"
        payment = apicontractsv1.paymentType()
        payment.creditCard = card
        transaction = apicontractsv1.transactionRequestType()
        transaction.payment = payment
        transaction.refTransId = params.get("ref")
        return createTransactionController(transaction).execute()
"""


def test_a_card_with_a_masked_date_is_named_by_its_last_digits(tmp_path: Path) -> None:
    def count(name: str, date: str) -> int:
        return len(found(tmp_path / name, {"shop/refunds.py": _REFUND.replace('"XXXX"', date)}, "pci/card-data-on-server"))

    assert count("sound", '"XXXX"') == 0
    assert count("broken", 'params.get("date")') == 1


_TEXTS = """\
<?php

class Shop_Assets {
    public function enqueue() {
        wp_localize_script( 'shop-pay', 'shopPay', array(
            'placeholders' => array(
                'number'         => esc_html__( 'E.g.: 4111 1111 1111 1111', 'shop' ),
                'cvv'            => esc_html__( 'E.g.: 123', 'shop' ),
                'expirationDate' => esc_html__( 'E.g.: 03/26', 'shop' ),
            ),
        ) );
    }
}
"""


def test_texts_of_empty_fields_are_no_card(tmp_path: Path) -> None:
    def count(name: str, code: str) -> int:
        files = {"includes/class-shop-assets.php": code}
        return len(found(tmp_path / name, files, "pci/card-data-on-server"))

    assert count("sound", _TEXTS) == 0
    assert count("broken", _TEXTS.replace("esc_html__( 'E.g.: 123', 'shop' )", "$this->asked( 'code' )")) == 1


_SIGNUP = """\
import stripe
from rest_framework.response import Response
from rest_framework.views import APIView


class Signup(APIView):
    def begin(self, request, plan, attempts=0):
        attempts += 1
        if attempts > 2:
            return Response({"success": False}, status=500)
        try:
            return stripe.Subscription.create(customer=request.user.customer_id, items=[{"price": plan.price_id}])
        except stripe.error.InvalidRequestError as e:
            error = e.json_body.get("error")
            if error["code"] == "resource_missing" and "default payment method" in error["message"]:
                stripe.Customer.modify(
                    request.user.customer_id,
                    invoice_settings={"default_payment_method": request.user.card_id},
                )
                return self.begin(request, plan, attempts)
            return Response({"success": False}, status=400)
"""
_ASKED = 'if error["code"] == "resource_missing" and "default payment method" in error["message"]:'


def test_a_refusal_that_is_put_right_is_no_retry(tmp_path: Path) -> None:
    def count(name: str, code: str) -> int:
        return len(found(tmp_path / name, {"billing/signup.py": code}, "resilience/retry-on-client-error"))

    assert count("sound", _SIGNUP) == 0
    assert found(tmp_path / "wait", {"billing/signup.py": _SIGNUP}, "resilience/retry-without-backoff") == []
    assert count("unasked", _SIGNUP.replace(_ASKED, "if error:").replace("InvalidRequestError", "StripeError")) == 1


_COMMENT = """\
<?php

class Shop_PayPal {
    /**
     * We use something like: https://www.paypal.com/sdk/js?client-id=sb&locale=en_US
     */
    public function script() {
        return add_query_arg( array( 'client-id' => get_option( 'shop_paypal_client' ) ), 'https://www.paypal.com/sdk/js' );
    }
}
"""


def test_a_comment_loads_no_script(tmp_path: Path) -> None:
    def count(name: str, code: str) -> int:
        return len(found(tmp_path / name, {"includes/class-shop-paypal.php": code}, "payment/test-credentials-in-prod"))

    assert count("sound", _COMMENT) == 0
    script = "        return 'https://www.paypal.com/sdk/js?client-id=sb&locale=en_US';\n"
    assert count("broken", _COMMENT.replace("        return ", script + "        return ", 1)) == 1


_HOOK = """\
<?php
/* Plugin Name: Shop */
require 'vendor/autoload.php';
require __DIR__ . '/includes/class-shop-member.php';

add_action( 'init', 'shop_stripe_hook' );

function shop_stripe_hook() {
    $body = file_get_contents( 'php://input' );
    $event = \\Stripe\\Webhook::constructEvent( $body, $_SERVER['HTTP_STRIPE_SIGNATURE'], getenv( 'STRIPE_SECRET' ) );
    if ( 'invoice.payment_failed' === $event->type ) {
        $member = new Shop_Member( $event->data->object->customer );
        error_log( ASKED );
    }
    exit;
}
"""
_MEMBER = """\
<?php

class Shop_Member {
    public function __construct( $id ) {
        $this->id = $id;
    }

    private function membership( $create = false ) {
        global $wpdb;
        $found = $wpdb->get_row( $wpdb->prepare( 'SELECT * FROM memberships WHERE member = %d', $this->id ) );
        if ( empty( $found ) && ! empty( $create ) ) {
            $wpdb->insert( 'memberships', array( 'member' => $this->id, 'status' => 'active' ) );
        }
        return $found;
    }

    public function reference() {
        return $this->membership()->reference;
    }

    public function ensure() {
        return $this->membership( true );
    }
}
"""


def test_what_only_another_caller_has_made_is_not_made_here(tmp_path: Path) -> None:
    def count(name: str, asked: str) -> int:
        files = {"shop.php": _HOOK.replace("ASKED", asked), "includes/class-shop-member.php": _MEMBER}
        return len(found(tmp_path / name, files, "idempotency/dedup-race"))

    assert count("sound", "$member->reference()") == 0
    assert count("broken", "$member->ensure()") == 1


_ROUTE = """\
import { MedusaRequest, MedusaResponse } from "@medusajs/framework/http"
import { completeCartPerSellerWorkflow } from "../../../../workflows/complete-cart"

export const POST = async (req: MedusaRequest<{ cart_id: string }>, res: MedusaResponse) => {
  const { result } = await completeCartPerSellerWorkflow(req.scope).run({ input: { cart_id: req.body.cart_id } })
  res.json({ orders: result })
}
"""
_WORKFLOW = """\
import { createStep, createWorkflow, StepResponse, WorkflowResponse } from "@medusajs/framework/workflows-sdk"
import { authorizePaymentSessionStep, createOrdersStep } from "@medusajs/medusa/core-flows"

const markOrdersStep = createStep("mark-orders", async (input: { cart_id: string }, { container }) => {
  return new StepResponse(await container.resolve("orders").markAsPaid(input.cart_id))
})

export const completeCartPerSellerWorkflow = createWorkflow("complete-cart-per-seller", function (input: { cart_id: string }) {
  return new WorkflowResponse(DONE)
})
"""


def test_a_function_that_a_package_wraps_does_what_its_body_says(tmp_path: Path) -> None:
    def count(name: str, done: str) -> int:
        files = {
            "package.json": '{"name": "market", "dependencies": {"@medusajs/medusa": "2.8.0", "@medusajs/framework": "2.8.0"}}',
            "src/api/store/carts/complete/route.ts": _ROUTE,
            "src/workflows/complete-cart.ts": _WORKFLOW.replace("DONE", done),
        }
        return len(found(tmp_path / name, files, "payment/fulfil-on-redirect"))

    assert count("sound", "createOrdersStep([{ payment: authorizePaymentSessionStep({ id: input.cart_id }) }])") == 0
    assert count("broken", "markOrdersStep(input)") == 1


_TICKETS = """\
<?php
/* Plugin Name: Tickets */
class Tix_Main {
  public function generate_tickets( $payment_status = 'completed' ) {
    $data = tix_service( 'gateway' )->get_transaction_data();
    if ( 'Refunded' === $data['payment_status'] || isset( $data['parent_txn_id'] ) ) {
      update_post_meta( $data['txn_id'], '_status', 'refunded' );
      return;
    }
    update_post_meta( $data['txn_id'], '_status', 'completed' );
    wp_mail( $data['payer_email'], 'Your tickets', 'Here they are' );
  }
}
class Tix_IPN {
  public function hook() { add_action( 'template_redirect', array( $this, 'check_response' ) ); }
  public function check_response() {
    if ( empty( $_POST ) || ! isset( $_POST['txn_id'], $_POST['payer_email'] ) ) { return; }
    if ( ! $this->validate() ) { return; }
    tix_service( 'gateway' )->set_transaction_data( wp_unslash( $_POST ) );
    tix_service( 'main' )->generate_tickets( strtolower( $_POST['payment_status'] ) );
  }
  private function validate() {
    $body = array_merge( wp_unslash( $_POST ), array( 'cmd' => '_notify-validate' ) );
    $response = wp_safe_remote_post( 'https://ipnpb.paypal.com/cgi-bin/webscr', array( 'body' => $body, 'timeout' => 60 ) );
    return ! is_wp_error( $response ) && 'VERIFIED' === $response['body'];
  }
}
( new Tix_IPN() )->hook();
"""


def test_a_service_by_its_name_is_reached_through_what_calls_its_method(tmp_path: Path) -> None:
    def outcomes(name: str, code: str) -> list[str]:
        return [r for r, _, _ in ruled(tmp_path / name, "payment/webhook-unverified", {"plugin.php": code})]

    assert "broken" not in outcomes("sound", _TICKETS)
    assert "unknown" in outcomes("unchecked", _TICKETS.replace("    if ( ! $this->validate() ) { return; }\n", ""))


def test_an_exception_that_sends_the_visitor_on_is_in_no_log(tmp_path: Path) -> None:
    code = """\
from shop.errors import CLASS
from shop.settings import config
import stripe


def pay(target):
    api_token = config.API_TOKEN
    raise CLASS("form?target={}&api_token={}", target, api_token)
"""
    for name, count in (("HTTPRedirect", 0), ("ShopError", 1)):
        files = {"shop/pay.py": code.replace("CLASS", name)}
        assert len(found(tmp_path / name, files, "boundary/secret-logged")) == count


def test_records_that_share_parts_are_looked_into_once(tmp_path: Path) -> None:
    """Thirty times a record is copied with or without one more key: without memory that is a thousand million ways."""
    steps = "\n".join(f"  if (order.a{n}) params = {{ ...params, ...params, k{n}: order.b{n} }};" for n in range(30))
    code = f"""\
const Stripe = require('stripe');
const stripe = new Stripe(process.env.STRIPE_KEY);
exports.pay = async (order) => {{
  let params = {{ currency: 'eur' }};
{steps}
  return stripe.paymentIntents.create({{ ...params, amount: order.total }}, {{ idempotencyKey: params.key }});
}};
"""
    assert [r for r, _, _ in ruled(tmp_path, "idempotency/missing-key", {"pay.js": code})]


_ROWS = """\
<?php

class Shop_Payments {
    public function get( $id ) {
        global $wpdb;
        $payment = $wpdb->get_row( $wpdb->prepare( "SELECT * FROM {$wpdb->prefix}shop_payments WHERE id = %d", $id ) );
        if ( is_object( $payment ) && empty( $payment->status ) ) {
            $payment->status = 'complete';
        }
        return $payment;
    }
}
"""
_INVOICE = """\
<?php
/* Plugin Name: Shop */
require __DIR__ . '/includes/class-shop-payments.php';

add_action( 'init', 'shop_invoice' );

function shop_invoice() {
    if ( ! isset( $_GET['shop-invoice'] ) ) {
        return;
    }
    $payments = new Shop_Payments();
    echo esc_html( $payments->get( absint( $_GET['shop-invoice'] ) )->status );
    exit;
}
"""
_KEPT = "$wpdb->update( 'payments', (array) $payment, array( 'id' => $id ) );"


def test_what_a_row_without_a_column_reads_as_is_stored_nowhere(tmp_path: Path) -> None:
    def count(name: str, code: str) -> int:
        files = {"includes/class-shop-payments.php": code, "shop.php": _INVOICE}
        return len(found(tmp_path / name, files, "payment/fulfil-on-redirect"))

    assert count("sound", _ROWS) == 0
    assert count("broken", _ROWS.replace("'complete';", f"'complete'; {_KEPT}")) == 1


_PAY_BY_CREDIT = """\
<?php
namespace App\\Http\\Controllers;

use App\\Models\\Invoice;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\DB;

class InvoicePayment extends Controller
{
    public function store(Request $request, Invoice $invoice)
    {
        DB::transaction(function () use ($request, $invoice) {
            $credit = $request->user()->credits()->lockForUpdate()->first();
            if ($credit->amount >= $invoice->remaining) {
                $credit->amount -= $invoice->remaining;
                $credit->save();
                $invoice->payments()->create(['amount' => $invoice->remaining, 'status' => 'paid']);
            }
        });
        return redirect('/invoices');
    }
}
"""


def test_what_is_taken_from_a_credit_has_paid(tmp_path: Path) -> None:
    def count(name: str, code: str) -> int:
        routes = (
            "<?php\nuse App\\Http\\Controllers\\InvoicePayment;\nuse Illuminate\\Support\\Facades\\Route;\n"
            "Route::post('/invoices/{invoice}/credit', [InvoicePayment::class, 'store'])->middleware('auth');\n"
        )
        files = {"composer.json": _LARAVEL, "routes/web.php": routes, "app/Http/Controllers/InvoicePayment.php": code}
        return len(found(tmp_path / name, files, "payment/fulfil-on-redirect"))

    assert count("sound", _PAY_BY_CREDIT) == 0
    assert count("never looked at", _PAY_BY_CREDIT.replace("$credit->amount >= $invoice->remaining", "$invoice->due_at")) == 1
    assert count("never taken", _PAY_BY_CREDIT.replace("$credit->amount -= $invoice->remaining;", "")) == 1


_PAID_HOOK = """\
<?php
namespace App\\Http\\Controllers;

use App\\Services\\Books;
use Illuminate\\Http\\Request;
use Stripe\\Webhook;

class StripeHook extends Controller
{
    public function handle(Request $request)
    {
        $event = Webhook::constructEvent($request->getContent(), $request->header('Stripe-Signature'), config('stripe.webhook'));
        if ($event->type === 'payment_intent.succeeded') {
            $intent = $event->data->object;
            Books::addPayment($intent->metadata->invoice_id, $intent->amount, transactionId: $intent->id);
        }
        return response('');
    }
}
"""
_PAID_BOOKS = """\
<?php
namespace App\\Services;

use App\\Models\\Invoice;
use Illuminate\\Support\\Facades\\DB;

class Books
{
    public static function addPayment($invoice, $amount, $transactionId = null)
    {
        return DB::transaction(function () use ($invoice, $amount, $transactionId) {
            $invoice = Invoice::where('id', $invoice)->lockForUpdate()->firstOrFail();
            if (!$transactionId) {
                return $invoice->transactions()->create(['amount' => $amount]);
            }
            return $invoice->transactions()->updateOrCreate(['transaction_id' => $transactionId], ['amount' => $amount]);
        });
    }
}
"""


def test_a_row_for_payments_without_an_id_is_none_for_those_that_have_one(tmp_path: Path) -> None:
    def count(name: str, books: str, hook: str = _PAID_HOOK) -> int:
        routes = (
            "<?php\nuse App\\Http\\Controllers\\StripeHook;\nuse Illuminate\\Support\\Facades\\Route;\n"
            "Route::post('/stripe/webhook', [StripeHook::class, 'handle']);\n"
        )
        files = {
            "composer.json": _LARAVEL,
            "routes/api.php": routes,
            "app/Http/Controllers/StripeHook.php": hook,
            "app/Services/Books.php": books,
        }
        return len(found(tmp_path / name, files, "idempotency/handler-not-idempotent"))

    assert count("sound", _PAID_BOOKS) == 0
    assert count("no id is handed over", _PAID_BOOKS, _PAID_HOOK.replace(", transactionId: $intent->id", "")) == 1
    assert count("a row each time", _PAID_BOOKS.replace("if (!$transactionId)", "if ($transactionId)")) == 1


_DESK = """\
from flask import Flask, request
from flask_login import login_required

from books.models import Invoice, db

app = Flask(__name__)


@app.post("/ROUTE")
@login_required
def write_invoice():
    data = request.get_json()
    invoice = Invoice(OWNER, total=data["total"], status="open")
    db.session.add(invoice)
    db.session.commit()
    return {"id": invoice.id}


@app.post("/ROUTE/<int:number>/paid")
@login_required
def note_payment(number):
    data = request.get_json()
    invoice = Invoice.query.get(number)
    CHECKED
    invoice.status = "paid"
    db.session.commit()
    return {}
"""


def test_who_names_the_customer_for_whom_he_acts_may_be_the_shop(tmp_path: Path) -> None:
    def outcomes(route: str, owner: str, checked: str) -> set[str]:
        root = tmp_path / f"{route}-{owner[:9]}".replace("/", "-")
        code = _DESK.replace("ROUTE", route).replace("OWNER", owner).replace("CHECKED", checked)
        files = {"requirements.txt": "flask\nflask-login\n", "books/desk.py": code}
        totals = ruled(root, "payment/client-amount", files)
        return {r for r, *_ in totals} | {r for r, *_ in ruled(root, "payment/fulfil-on-redirect", files)}

    named = 'customer_id=data["customer_id"]', 'note(data["customer_id"])'
    own = "user_id=current_user.id", "pass"
    assert outcomes("invoices", *named) == {"unknown"}
    assert outcomes("invoices", *own) == {"broken"}
    assert outcomes("checkout", *named) == {"broken"}
    assert outcomes("admin/invoices", *own) == {"unknown"}


_BILLING = """\
from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=80)
    LOGIN


class Invoice(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    state = models.CharField(max_length=20)
"""
_STATES = """\
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.models import Invoice


class InvoiceState(APIView):
    permission_classes = (IsAuthenticated,)

    def put(self, request, pk):
        invoice = Invoice.objects.get(pk=pk)
        invoice.state = "paid"
        invoice.save()
        return Response({})
"""


def test_where_customers_cannot_sign_in_whoever_has_may_keep_books_on_them(tmp_path: Path) -> None:
    def outcomes(name: str, login: str) -> set[str]:
        urls = "from django.urls import path\nfrom billing import views\n"
        files = {
            "manage.py": "",
            "requirements.txt": "Django\ndjangorestframework\n",
            "billing/models.py": _BILLING.replace("LOGIN", login),
            "billing/views.py": _STATES,
            "billing/urls.py": urls + "urlpatterns = [path('invoices/<int:pk>/state', views.InvoiceState.as_view())]\n",
        }
        return {r for r, *_ in ruled(tmp_path / name, "payment/fulfil-on-redirect", files)}

    assert outcomes("records", "phone = models.CharField(max_length=20)") == {"unknown"}
    assert outcomes("users", "user = models.OneToOneField('auth.User', on_delete=models.CASCADE)") == {"broken"}
