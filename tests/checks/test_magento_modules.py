"""What modules of a platform with factories, builders and repositories do, and what only looks like it: sound and broken forms."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found
from tests.checks.test_stock import ruled

_WEBHOOK = """\
<?php
namespace Acme\\Pay\\Controller\\Webhook;

use Magento\\Framework\\App\\Action\\HttpPostActionInterface;
use Magento\\Framework\\App\\CsrfAwareActionInterface;
use Magento\\Framework\\Api\\SearchCriteriaBuilder;
use Magento\\Quote\\Api\\CartManagementInterface;
use Magento\\Sales\\Api\\OrderRepositoryInterface;
use Mollie\\Api\\MollieApiClient;
use Mollie\\Api\\Factories\\GetPaymentRequestFactory;

class Index implements HttpPostActionInterface, CsrfAwareActionInterface
{
    public function __construct(
        private MollieApiClient $mollie,
        private OrderRepositoryInterface $orderRepository,
        private SearchCriteriaBuilder $searchCriteriaBuilder,
        private CartManagementInterface $cartManagement,
    ) {}

    public function execute()
    {
        $request = GetPaymentRequestFactory::new($this->request->getParam('id'))->withQuery([])->create();
        $request->query()->add('include', 'details');
        $payment = $this->mollie->send($request);
        if ($payment->status !== 'paid') {
            return;
        }
        $cart = $this->cartRepository->get($payment->metadata->quoteId);
        $this->searchCriteriaBuilder->addFilter('quote_id', $cart->getId());
        LOOK
        $this->cartManagement->submit($cart);
    }
}
"""
_FINDS = "$items = $this->orderRepository->getList($this->searchCriteriaBuilder->create())->getItems();"
_FILE = "Controller/Webhook/Index.php"


_ROUTES = """\
<config>
    <router id="standard">
        <route id="acme" frontName="acme"><module name="Acme_Pay"/></route>
    </router>
</config>
"""


def _outcomes(root: Path, check: str, files: dict[str, str]) -> list[str]:
    return [outcome for outcome, _, _ in ruled(root, check, files)]


def _webhook(look: str) -> dict[str, str]:
    return {_FILE: _WEBHOOK.replace("LOOK", look), "etc/frontend/routes.xml": _ROUTES}


@pytest.mark.parametrize("asked", ["$items !== []", "count($items) > 0", "!empty($items)", "$items"])
def test_an_order_that_is_looked_for_in_its_repository_is_placed_once(tmp_path: Path, asked: str) -> None:
    check = "idempotency/handler-not-idempotent"
    assert _outcomes(tmp_path / "sound", check, _webhook(f"{_FINDS} if ({asked}) {{ return; }}")) == ["held"]
    (broken,) = found(tmp_path / "broken", _webhook(_FINDS), check)
    assert "another order is created" in broken.message


def test_a_request_object_of_the_providers_sdk_that_is_sent_asks_it(tmp_path: Path) -> None:
    assert _outcomes(tmp_path, "payment/webhook-unverified", _webhook("")) == ["held"]


_FILTERS = """\
<?php
namespace Acme\\Pay\\Model;

class PaymentRepository
{
    public function byTransaction(string $id)
    {
        $filter = $this->filterBuilder->setField('cc_trans_id')->setConditionType('eq')->setValue($id)->create();
        $group = $this->filterGroupBuilder->setFilters([$filter])->create();
        return $this->getList($this->searchCriteriaBuilder->setFilterGroups([$group])->create())->getFirstItem();
    }
}
"""


def test_a_builder_that_makes_a_filter_stores_no_payment(tmp_path: Path) -> None:
    code = _webhook(_FINDS + " if ($items) { return; } $this->paymentRepository->byTransaction($payment->id);")
    files = {**code, "Model/PaymentRepository.php": _FILTERS}
    files[_FILE] = files[_FILE].replace(
        "private MollieApiClient",
        "private \\\\Acme\\\\Pay\\\\Model\\\\PaymentRepository $paymentRepository,\\n        private MollieApiClient".replace(
            "\\\\\\\\", "\\\\"
        ),
    )
    assert _outcomes(tmp_path, "idempotency/handler-not-idempotent", files) == ["held"]


_CAPTURE = """\
<?php
namespace Acme\\Pay\\Gateway\\Http;

use Adyen\\AdyenException;
use Adyen\\Service\\Checkout\\ModificationsApi;
use Magento\\Payment\\Gateway\\Http\\ClientInterface;
use Magento\\Payment\\Gateway\\Http\\TransferInterface;

class Capture implements ClientInterface
{
    public function placeRequest(TransferInterface $transferObject): array
    {
        $service = new ModificationsApi($this->client);
        $answers = [];
        foreach ($transferObject->getBody() as $request) {
            try {
                $answer = $service->captureAuthorisedPayment($request['reference'], $request, ['idempotencyKey' => $request['key']]);
                $answers[] = $answer->toArray();
            } catch (AdyenException $e) {
                $this->logger->error($e->getMessage());
                TOLD
            }
        }
        return $answers;
    }
}
"""


def test_a_capture_whose_failure_goes_into_the_answer_is_told(tmp_path: Path) -> None:
    def count(name: str, told: str) -> int:
        files = {
            "Gateway/Http/Capture.php": _CAPTURE.replace("TOLD", told),
            "composer.json": '{"require": {"adyen/php-api-library": "*", "magento/framework": "*"}}',
        }
        return len(found(tmp_path / name, files, "resilience/swallowed-failure"))

    assert count("list", "$failed = []; $failed['error'] = $e->getMessage(); $answers[] = $failed;") == 0
    assert count("broken", "$failed = []; $failed['seen'] = true; $answers[] = $failed;") == 1


_MODES = """\
<?php
namespace Acme\\Pay\\Helper;

use Adyen\\Client;
use Adyen\\Environment;

class Data
{
    public function client($store): Client
    {
        $client = new Client();
        CHOICE
        return $client;
    }
}
"""
_CHOSEN = """\
if ($this->isTryOut($store)) {
    $client->setEnvironment(Environment::TEST);
} else {
    $client->setEnvironment(Environment::LIVE, $this->prefix);
}
"""


def test_a_test_world_beside_the_live_one_is_chosen_whatever_is_asked(tmp_path: Path) -> None:
    def count(name: str, choice: str) -> int:
        return len(found(tmp_path / name, {"Helper/Data.php": _MODES.replace("CHOICE", choice)}, "payment/test-credentials-in-prod"))

    assert count("sound", _CHOSEN) == 0
    assert count("broken", "$client->setEnvironment(Environment::TEST);") == 1
    assert count("picture", "$this->icon = 'https://checkoutshopper-test.adyen.com/checkoutshopper/images/logos/visa.svg';") == 0
    assert count("host", "$client->setBase('https://checkout-test.adyen.com/v71');") == 1


_CARRIER = """\
<?php
namespace Acme\\Pay\\Gateway;

class Builder
{
    public function build($payment): array
    {
        $state = USED;
        return ['body' => $state];
    }
}
"""


def test_a_field_that_is_unpacked_as_a_message_is_no_card_number(tmp_path: Path) -> None:
    def count(name: str, used: str) -> int:
        return len(found(tmp_path / name, {"Gateway/Builder.php": _CARRIER.replace("USED", used)}, "pci/card-data-on-server"))

    assert count("sound", "json_decode((string) $payment->getCcNumber(), true)") == 0
    assert count("broken", "['number' => $payment->getCcNumber()]") == 1


_FORM = '<form action="/checkout/pay" method="post"><input name="payment[cc_number]" type="TYPE"></form>\\n'


def test_a_hidden_field_takes_no_number_that_somebody_types(tmp_path: Path) -> None:
    check = "pci/card-data-on-server"
    for kind, outcome in (("hidden", "unknown"), ("text", "broken")):
        assert _outcomes(tmp_path / kind, check, {"templates/pay.html": _FORM.replace("TYPE", kind)}) == [outcome]


_SIGNED = """\
<?php
class Paid_Hook
{
    private function secret()
    {
        if (defined('PAY_SECRET')) {
            return PAY_SECRET;
        }
        return '';
    }

    public function handle()
    {
        $secret = $this->secret();
        ASKED
        $body = file_get_contents('php://input');
        if (!hash_equals(hash_hmac('sha256', $body, $secret), $_SERVER['HTTP_X_PAYSTACK_SIGNATURE'])) {
            exit;
        }
        $event = json_decode($body);
        if ($event->event === 'charge.success') {
            $this->db->query("UPDATE orders SET status = 'paid' WHERE reference = '" . $event->data->reference . "'");
        }
    }
}
add_action('woocommerce_api_paid_hook', [new Paid_Hook(), 'handle']);
"""


@pytest.mark.parametrize("asked", ["if (empty($secret)) { return; }", "if ($secret === '') { exit; }", "if (!$secret) { exit; }"])
def test_a_secret_that_is_asked_for_before_is_not_empty(tmp_path: Path, asked: str) -> None:
    check = "payment/webhook-weak-verification"
    assert found(tmp_path / "sound", {"hook.php": _SIGNED.replace("ASKED", asked)}, check) == []
    assert len(found(tmp_path / "broken", {"hook.php": _SIGNED.replace("ASKED", "")}, check)) == 1
