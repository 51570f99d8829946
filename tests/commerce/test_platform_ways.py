"""Ways of PHP platforms that only tables and types tell: buses of messages, lists of services, observers, settings that keep states."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tests.commerce.small_models import model_of
from tillproof.checks.pages import Example

COMPOSER = '{"require": {"symfony/framework-bundle": "^7", "symfony/messenger": "^7", "stripe/stripe-php": "^13"}}'
CONTROLLER = """\
<?php
namespace App\\Controller;
use App\\Bus\\Courier;
use App\\Message\\Choosing;
use Stripe\\Webhook;
use Symfony\\Component\\HttpFoundation\\Request;
use Symfony\\Component\\HttpFoundation\\Response;
use Symfony\\Component\\Routing\\Attribute\\Route;
class HookController
{
    /** @param iterable<int, Choosing> $choices */
    public function __construct(private Courier $courier, private iterable $choices) {}
    #[Route('/stripe/webhook', methods: ['POST'])]
    public function __invoke(Request $request): Response
    {
        $event = Webhook::constructEvent($request->getContent(), $request->headers->get('Stripe-Signature'), $_ENV['SECRET']);
        if ($event->type === 'payment_intent.payment_failed') {
            foreach ($this->choices as $choice) {
                $this->courier->carry($choice->choose($event->data->object->id));
            }
        }
        return new Response('');
    }
}
"""
COURIER = """\
<?php
namespace App\\Bus;
use Symfony\\Component\\Messenger\\HandleTrait;
use Symfony\\Component\\Messenger\\MessageBusInterface;
class Courier
{
    use HandleTrait;
    public function __construct(MessageBusInterface $messageBus) { $this->messageBus = $messageBus; }
    public function carry(object $message): mixed
    {
        return $this->handle($message);
    }
}
"""
CHOOSING = "<?php\nnamespace App\\Message;\ninterface Choosing { public function choose(string $intent): object; }\n"
CHOICE = """\
<?php
namespace App\\Message;
class ByTable implements Choosing
{
    private const TABLE = ['failed' => OrderLost::class];
    private array $table;
    public function __construct(array $more = []) { $this->table = array_merge(self::TABLE, $more); }
    public function choose(string $intent): object
    {
        $class = (string) $this->table[$intent];
        return new $class($intent);
    }
}
"""
MESSAGE = "<?php\nnamespace App\\Message;\nclass OrderLost { public function __construct(public string $intent) {} }\n"
HANDLER = """\
<?php
namespace App\\Handler;
use App\\Entity\\Order;
use App\\Message\\OrderLost;
use Doctrine\\ORM\\EntityManagerInterface;
class OrderLostHandler
{
    public function __construct(private EntityManagerInterface $em) {}
    public function __invoke(OrderLost $message): void
    {
        $order = $this->em->getRepository(Order::class)->findOneBy(['intent' => $message->intent]);
        GUARD
        $order->status = 'failed';
        $this->em->flush();
    }
}
"""
ENTITY = """\
<?php
namespace App\\Entity;
class Order
{
    public string $status = 'new';
}
"""


def found(tmp_path: Path, files: dict[str, str], check: str) -> list[tuple[str, int]]:
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, check)
    return [(finding.file, finding.start_line) for finding in report.findings]


@pytest.mark.parametrize(
    ("guard", "lines"), [("", [("src/Handler/OrderLostHandler.php", 13)]), ("if ($order->status !== 'new') { return; }", [])]
)
def test_a_message_goes_through_a_bus_of_ours_to_the_handler_of_its_class(tmp_path: Path, guard: str, lines: list[tuple[str, int]]) -> None:
    files = {
        "composer.json": COMPOSER,
        "src/Controller/HookController.php": CONTROLLER,
        "src/Bus/Courier.php": COURIER,
        "src/Message/Choosing.php": CHOOSING,
        "src/Message/ByTable.php": CHOICE,
        "src/Message/OrderLost.php": MESSAGE,
        "src/Handler/OrderLostHandler.php": HANDLER.replace("GUARD", guard),
        "src/Entity/Order.php": ENTITY,
    }
    assert found(tmp_path, files, "order/unguarded-transition") == lines


EVENTS = """\
<?xml version="1.0"?>
<config>
    <event name="acme_hook_charge_failed"><observer name="acme" instance="Acme\\Pay\\Observer\\Lost"/></event>
</config>
"""
MAGENTO = """\
<?php
namespace Acme\\Pay\\Controller\\Hook;
use Magento\\Framework\\App\\Action\\Action;
class Index extends Action
{
    private $eventManager;
    public function execute()
    {
        $body = $this->getRequest()->getContent();
        $event = \\Stripe\\Webhook::constructEvent($body, $this->getRequest()->getHeader('Stripe-Signature'), getenv('SECRET'));
        $this->eventManager->dispatch('acme_hook_' . str_replace('.', '_', $event->type), ['order' => $event->data->object->id]);
    }
}
"""
OBSERVER = """\
<?php
namespace Acme\\Pay\\Observer;
use Magento\\Framework\\Event\\Observer;
use Magento\\Framework\\Event\\ObserverInterface;
use Magento\\Sales\\Model\\Order;
class Lost implements ObserverInterface
{
    public function __construct(private Order $order) {}
    public function execute(Observer $observer)
    {
        $order = $this->order->loadByIncrementId($observer->getData('order'));
        GUARD
        $order->setState(Order::STATE_CANCELED);
        $order->save();
    }
}
"""


@pytest.mark.parametrize(("guard", "lines"), [("", [("Observer/Lost.php", 13)]), ("if (!$order->isPaymentReview()) { return; }", [])])
def test_an_event_that_is_told_by_a_name_with_holes_runs_the_observers_of_the_table(
    tmp_path: Path, guard: str, lines: list[tuple[str, int]]
) -> None:
    files = {
        "composer.json": '{"require": {"magento/framework": "*", "stripe/stripe-php": "^13"}}',
        "registration.php": "<?php\n\\Magento\\Framework\\Component\\ComponentRegistrar::register('module', 'Acme_Pay', __DIR__);\n",
        "etc/module.xml": '<config><module name="Acme_Pay"/></config>\n',
        "etc/events.xml": EVENTS,
        "etc/frontend/routes.xml": '<config><router id="standard"><route id="acme" frontName="acme"/></router></config>\n',
        "Controller/Hook/Index.php": MAGENTO,
        "Observer/Lost.php": OBSERVER.replace("GUARD", guard),
    }
    assert found(tmp_path, files, "order/unguarded-transition") == lines


SHOP = """\
<?php
namespace Opencart\\Catalog\\Controller\\Extension\\Acme\\Payment;
class Acme extends \\Opencart\\System\\Engine\\Controller
{
    public function back(): void
    {
        $this->load->model('checkout/order');
        $this->model_checkout_order->addHistory(ORDER, $this->config->get('payment_acme_pending_status_id'), '', true);
    }
}
"""


@pytest.mark.parametrize(("order", "count"), [("$this->request->get['order_id']", 1), ("$this->session->data['order_id']", 0)])
def test_a_setting_tells_the_state_and_the_session_whose_order_it_is(tmp_path: Path, order: str, count: int) -> None:
    files = {"catalog/controller/payment/acme.php": SHOP.replace("ORDER", order)}
    assert len(found(tmp_path, files, "order/unguarded-transition")) == count


SWEEP = """\
<?php
namespace Opencart\\Catalog\\Controller\\Extension\\Acme\\Payment;
class Acme extends \\Opencart\\System\\Engine\\Controller
{
    public function sweep(): void
    {
        $this->load->model('checkout/order');
        $late = $this->db->query("SELECT order_id FROM acme_payment WHERE CHOICE");
        foreach ($late->rows as $one) {
            $this->model_checkout_order->addHistory($one['order_id'], $this->config->get('payment_acme_canceled_status_id'), '', true);
        }
    }
}
"""


@pytest.mark.parametrize(("choice", "count"), [("made < NOW()", 1), ("status = 'pending'", 0)])
def test_rows_that_are_chosen_by_their_state_need_no_second_look(tmp_path: Path, choice: str, count: int) -> None:
    files = {"catalog/controller/payment/acme.php": SWEEP.replace("CHOICE", choice)}
    assert len(found(tmp_path, files, "order/unguarded-transition")) == count


ANSWERED = """\
<?php
use Acme\\Gateway\\Client;
function settle(Client $client, Card $card)
{
    $response = $client->commit($_GET['token']);
    $row = new PaidRow();
    $row->card_number = VALUE;
    $row->save();
}
"""


@pytest.mark.parametrize(("value", "count"), [("$response->getCardNumber()", 0), ("$card->getCardNumber()", 1)])
def test_what_a_payment_system_answers_of_a_card_is_no_number_in_full(tmp_path: Path, value: str, count: int) -> None:
    assert len(found(tmp_path, {"settle.php": ANSWERED.replace("VALUE", value)}, "pci/card-data-on-server")) == count


OUTCOME = """\
<?php
namespace Acme\\Pay\\Controller\\Back;
use Acme\\Pay\\Model\\Charges;
use Acme\\Pay\\Model\\Failure;
use Magento\\Framework\\App\\Action\\Action;
class Index extends Action
{
    private $session;
    public function __construct(private Charges $charges) {}
    public function execute()
    {
        $order = $this->session->getLastRealOrder();
        $charge = $this->charges->find($order->getPayment()->getAdditionalInformation('charge_id'));
        TEST
        if ($charge->status === 'failed') {
            return $this->_redirect('checkout/cart');
        }
        $invoice = $order->prepareInvoice();
        $invoice->register();
        $invoice->pay()->save();
    }
}
"""
CHARGES = """\
<?php
namespace Acme\\Pay\\Model;
class Charges
{
    public $status;
    public function find($id)
    {
        try {
            $this->status = \\OmiseCharge::retrieve($id)['status'];
        } catch (\\Exception $e) {
            return new Failure($e->getMessage());
        }
        return $this;
    }
}
"""
FAILURE = "<?php\nnamespace Acme\\Pay\\Model;\nclass Failure { public function __construct(public $why) {} }\n"


@pytest.mark.parametrize(("test", "count"), [("", 1), ("if ($charge instanceof Failure) { return $this->_redirect('checkout/cart'); }", 0)])
def test_an_object_of_another_class_says_that_nothing_was_proven(tmp_path: Path, test: str, count: int) -> None:
    files = {
        "composer.json": '{"require": {"magento/framework": "*", "omise/omise-php": "^2"}}',
        "registration.php": "<?php\n\\Magento\\Framework\\Component\\ComponentRegistrar::register('module', 'Acme_Pay', __DIR__);\n",
        "etc/module.xml": '<config><module name="Acme_Pay"/></config>\n',
        "etc/frontend/routes.xml": '<config><router id="standard"><route id="acme" frontName="acme"/></router></config>\n',
        "Controller/Back/Index.php": OUTCOME.replace("TEST", test),
        "Model/Charges.php": CHARGES,
        "Model/Failure.php": FAILURE,
    }
    assert len(found(tmp_path, files, "payment/fulfil-on-redirect")) == count


ROUTES = """\
<?php
use App\\Http\\Controllers\\MollieController;
Route::post('/mollie/webhook', [MollieController::class, 'webhook']);
"""
MOLLIE = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use App\\Services\\Payments;
use Illuminate\\Http\\Request;
class MollieController extends Controller
{
    public function webhook(Request $request, Payments $payments)
    {
        $payment = $payments->find($request->input('id'));
        if (!$payment) {
            return LEAVES;
        }
        $order = Order::where('payment_id', $payment->id)->first();
        if ($payment->isPaid() && $order->status === 'open') {
            $order->update(['status' => 'paid']);
        }
        return response('');
    }
}
"""
PAYMENTS = """\
<?php
namespace App\\Services;
use Mollie\\Api\\MollieApiClient;
class Payments
{
    public function find(string $id)
    {
        try {
            $mollie = new MollieApiClient();
            return $mollie->payments->get($id);
        } catch (\\Exception $e) {
            return null;
        }
    }
}
"""


@pytest.mark.parametrize(("leaves", "lines"), [("response('')", [("app/Http/Controllers/MollieController.php", 10)]), ("abort(500)", [])])
def test_a_message_that_the_provider_could_not_be_asked_about_is_not_dropped(
    tmp_path: Path, leaves: str, lines: list[tuple[str, int]]
) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11", "mollie/mollie-api-php": "^2"}}',
        "routes/web.php": ROUTES,
        "app/Http/Controllers/MollieController.php": MOLLIE.replace("LEAVES", leaves),
        "app/Services/Payments.php": PAYMENTS,
        "app/Models/Order.php": "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\nclass Order extends Model {}\n",
    }
    assert found(tmp_path, files, "resilience/swallowed-failure") == lines


CHARGED = """\
<?php
namespace Acme\\Pay\\Controller\\Hook;
use Magento\\Framework\\App\\Action\\Action;
use Magento\\Sales\\Model\\Order;
class Webhook extends Action
{
    public function __construct(private Order $order) {}
    public function execute()
    {
        $told = json_decode($this->getRequest()->getContent());
        $charge = \\OmiseCharge::retrieve($told->data->id);
        $order = $this->order->loadByIncrementId($charge['metadata']['order_id']);
        if ($charge['status'] === 'successful' && $order->getState() === Order::STATE_PENDING_PAYMENT) {
            $order->setState(Order::STATE_PROCESSING);
            $order->save();
        }
    }
}
"""
CLIENT = """\
<?php
namespace Acme\\Pay\\Gateway;
use Magento\\Payment\\Gateway\\Http\\ClientInterface;
use Magento\\Payment\\Gateway\\Http\\TransferInterface;
class Client implements ClientInterface
{
    public function placeRequest(TransferInterface $transferObject)
    {
        return ['charge' => \\OmiseCharge::create($transferObject->getBody())];
    }
}
"""
BUILDER = """\
<?php
namespace Acme\\Pay\\Gateway;
use Magento\\Payment\\Gateway\\Helper\\SubjectReader;
use Magento\\Payment\\Gateway\\Request\\BuilderInterface;
class Builder implements BuilderInterface
{
    public function build(array $buildSubject)
    {
        $order = SubjectReader::readPayment($buildSubject)->getOrder();
        return ['amount' => (int) round($order->getGrandTotalAmount() * 100), 'currency' => $order->getCurrencyCode(), NOTES];
    }
}
"""


@pytest.mark.parametrize(
    ("notes", "count"), [("'metadata' => ['order_id' => $order->getOrderIncrementId()]", 0), ("'description' => 'A purchase'", 1)]
)
def test_a_platform_hands_its_client_what_builders_of_ours_made_of_the_order(tmp_path: Path, notes: str, count: int) -> None:
    files = {
        "composer.json": '{"require": {"magento/framework": "*", "omise/omise-php": "^2"}}',
        "registration.php": "<?php\n\\Magento\\Framework\\Component\\ComponentRegistrar::register('module', 'Acme_Pay', __DIR__);\n",
        "etc/module.xml": '<config><module name="Acme_Pay"/></config>\n',
        "etc/frontend/routes.xml": '<config><router id="standard"><route id="acme" frontName="acme"/></router></config>\n',
        "Controller/Hook/Webhook.php": CHARGED,
        "Gateway/Client.php": CLIENT,
        "Gateway/Builder.php": BUILDER.replace("NOTES", notes),
    }
    assert len(found(tmp_path, files, "payment/amount-not-reconciled")) == count


SIGNED = """\
<?php
namespace Acme\\Pay\\Controller\\Payment;
use Magento\\Framework\\App\\Action\\Action;
use Magento\\Sales\\Model\\Order;
use Razorpay\\Api\\Api;
class Validate extends Action
{
    private $checkoutSession;
    private $catalogSession;
    public function execute()
    {
        $order = $this->checkoutSession->getLastRealOrder();
        $api = new Api(getenv('KEY'), getenv('SECRET'));
        $api->utility->verifyPaymentSignature([
            'razorpay_payment_id' => $this->getRequest()->getParam('razorpay_payment_id'),
            'razorpay_order_id' => $this->catalogSession->getRazorpayOrderId(),
            'razorpay_signature' => $this->getRequest()->getParam('razorpay_signature'),
        ]);
        $order->setState(Order::STATE_PROCESSING);
        $order->save();
    }
}
"""


def test_a_signature_over_what_the_session_keeps_says_nothing_of_the_last_order(tmp_path: Path) -> None:
    files = {
        "composer.json": '{"require": {"magento/framework": "*", "razorpay/razorpay": "^2"}}',
        "registration.php": "<?php\n\\Magento\\Framework\\Component\\ComponentRegistrar::register('module', 'Acme_Pay', __DIR__);\n",
        "etc/module.xml": '<config><module name="Acme_Pay"/></config>\n',
        "etc/frontend/routes.xml": '<config><router id="standard"><route id="acme" frontName="acme"/></router></config>\n',
        "Controller/Payment/Validate.php": SIGNED,
    }
    assert len(found(tmp_path, files, "payment/amount-not-reconciled")) == 1


def test_an_order_stored_with_empty_fields_of_a_payment_is_no_return_from_one(tmp_path: Path) -> None:
    shop = """\
const express = require('express');
const Razorpay = require('razorpay');
const { Order } = require('./models');

const app = express();
const razorpay = new Razorpay({ key_id: process.env.RZP_ID, key_secret: process.env.RZP_SECRET });

app.post('/pay', async (req, res) => res.json(await razorpay.orders.create({ amount: 100, currency: 'INR' })));

app.post('/cash', async (req, res) => {
  const { items, customer } = req.body;
  const order = new Order({ items, customer, status: 'open', razorpay_order_id: null, razorpay_payment_id: FIELD });
  await order.save();
  res.json({ id: order._id });
});
"""
    found = {}
    for name, field in (("cash", "null"), ("back", "req.body.razorpay_payment_id, razorpay_signature: req.body.razorpay_signature")):
        model, _ = model_of(tmp_path / name, {"package.json": "{}", "server.js": shop.replace("FIELD", field)})
        found[name] = [h.entry.route for h in model.handlers.all if h.kind == "redirect-return"]
    assert found == {"cash": [], "back": ["/cash"]}


RETURNED = """\
<?php
namespace Acme\\Pay\\Controller;
use PLATFORM;
use Stripe\\StripeClient;
use Symfony\\Component\\HttpFoundation\\Request;
use Symfony\\Component\\Routing\\Annotation\\Route;
class ReturnController
{
    public function __construct(private NAME $platform, private StripeClient $stripe) {}

    #[Route('/acme/pay', methods: ['POST'])]
    public function pay(Request $request)
    {
        return $this->stripe->checkout->sessions->create(['mode' => 'payment']);
    }

    #[Route('/acme/return', methods: ['GET'])]
    public function done(Request $request)
    {
        return $this->platform->finalizeTransaction($request);
    }
}
"""


@pytest.mark.parametrize(
    ("platform", "count"),
    [("Shopware\\Core\\Checkout\\Payment\\Controller\\PaymentController", 0), ("Vendor\\Shop\\Payments", 1)],
)
def test_a_request_handed_to_a_route_of_the_platform_is_not_paid_by_its_name(tmp_path: Path, platform: str, count: int) -> None:
    controller = RETURNED.replace("PLATFORM", platform).replace("NAME", platform.rpartition("\\")[2])
    files = {
        "composer.json": '{"require": {"symfony/framework-bundle": "^6", "stripe/stripe-php": "^10"}}',
        "src/Controller/ReturnController.php": controller,
    }
    assert len(found(tmp_path, files, "payment/fulfil-on-redirect")) == count
