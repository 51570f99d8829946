"""A class whose methods a framework runs for requests is no record, whatever it is called."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_ACTION = """<?php
namespace Shop\\Pay\\Controller\\Payment;
use Magento\\Framework\\App\\Action\\Action;
use Magento\\Sales\\Model\\OrderFactory;
class FailOrder extends Action
{
    private $orderFactory;
    private $client;
    public function __construct(OrderFactory $orderFactory, $client) { $this->orderFactory = $orderFactory; $this->client = $client; }

    public function execute()
    {
        $number = $this->getRequest()->getParam('reference');
        $answer = $this->ask($number);
        $order = $this->orderFactory->create()->loadByIncrementId($number);
        if (ASKED) {
            $order->setState('canceled');
            $order->save();
        }
        return $this->_redirect('checkout/cart');
    }

    private function ask($number) { return $this->client->find($number); }
}
"""
_ROUTES = """<?xml version="1.0"?>
<config><router id="standard"><route id="pay" frontName="pay"><module name="Shop_Pay"/></route></router></config>
"""


@pytest.mark.parametrize(
    ("asked", "ruling"), [("$answer->getStatusCode() === 200", "broken"), ("$order->getState() === 'new'", "held"), ("$number", "broken")]
)
def test_what_an_action_asks_for_has_no_state_of_an_order(tmp_path: Path, asked: str, ruling: str) -> None:
    files = {
        "composer.json": '{"require": {"magento/framework": "*"}}',
        "etc/frontend/routes.xml": _ROUTES,
        "Controller/Payment/FailOrder.php": _ACTION.replace("ASKED", asked),
    }
    assert [r for r, _, _ in ruled(tmp_path, "order/unguarded-transition", files)] == [ruling]
