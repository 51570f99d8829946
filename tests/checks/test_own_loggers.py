"""What is written to a log through a class of ours that logs, and asks its own methods to: settings, and requests that are written out."""

from pathlib import Path

from tests.checks.test_stock import ruled

_LOGGER = """<?php
namespace Shop\\Pay\\Helper;
use Psr\\Log\\LoggerInterface;
class Logger
{
    private LoggerInterface $logger;
    private bool $more = false;

    public function __construct(LoggerInterface $logger) { $this->logger = $logger; }
    public function write($msg): void { $this->logger->debug('Pay: ', is_array($msg) ? $msg : [$msg]); }
    public function additional($msg): void { if ($this->more) { $this->write($msg); } }
}
"""
_CONFIG = """<?php
namespace Shop\\Pay\\Model;
use Magento\\Framework\\App\\Config\\ScopeConfigInterface;
use Shop\\Pay\\Helper\\Logger;
class Config
{
    private ScopeConfigInterface $scopeConfig;
    private Logger $logger;

    public function __construct(ScopeConfigInterface $scopeConfig, Logger $logger)
    {
        $this->scopeConfig = $scopeConfig;
        $this->logger = $logger;
    }

    public function isValid($key): bool
    {
        $shared = $this->scopeConfig->getValue('payment/pay/private_shared_key');
        $this->logger->additional('key: ' . %s);
        return hash_equals($shared, $key);
    }
}
"""
_CLIENT = """<?php
namespace Shop\\Pay\\Model;
use Magento\\Framework\\Serialize\\Serializer\\Json;
use Shop\\Pay\\Helper\\Logger;
use Stripe\\StripeClient;
class Client
{
    private Json $json;
    private Logger $logger;

    public function __construct(Json $json, Logger $logger) { $this->json = $json; $this->logger = $logger; }

    private function plain($object): array { return $this->json->unserialize($this->json->serialize($object)); }

    public function pay($order)
    {
        $stripe = new StripeClient(getenv('STRIPE_SECRET_KEY'));
        $request = ['amount' => $order->cents, 'currency' => 'eur', 'receipt_email' => $order->mail, 'shipping' => $order->address];
        $this->logger->additional(%s);
        return $stripe->paymentIntents->create($request);
    }
}
"""


def _shop(root: Path, check: str, key: str, told: str) -> list[tuple[str, str]]:
    files = {
        "composer.json": '{"require": {"magento/framework": "*", "stripe/stripe-php": "^13"}}',
        "Helper/Logger.php": _LOGGER,
        "Model/Config.php": _CONFIG % key,
        "Model/Client.php": _CLIENT % told,
    }
    return [(r, f) for r, f, _ in ruled(root, check, files) if r == "broken"]


def test_a_logger_of_ours_asks_itself_to_write_and_shows_a_setting(tmp_path: Path) -> None:
    assert [f for _, f in _shop(tmp_path / "shown", "boundary/secret-logged", "$shared", "'paid'")] == ["Model/Config.php"]
    assert _shop(tmp_path / "hashed", "boundary/secret-logged", "substr($shared, -4)", "'paid'") == []


def test_a_request_that_is_written_out_and_read_again_is_logged_whole(tmp_path: Path) -> None:
    assert len(_shop(tmp_path / "whole", "pci/card-data-logged", "'x'", "$this->plain($request)")) == 1
    assert _shop(tmp_path / "part", "pci/card-data-logged", "'x'", "$this->plain($order->id)") == []
