"""Defaults of settings that a Symfony bundle declares in a tree."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_TREE = """\
<?php
namespace Acme\\DependencyInjection;
use Symfony\\Component\\Config\\Definition\\Builder\\TreeBuilder;
use Symfony\\Component\\Config\\Definition\\ConfigurationInterface;
final class Configuration implements ConfigurationInterface {
    public function getConfigTreeBuilder(): TreeBuilder {
        $tree = new TreeBuilder('acme_payments');
        $tree->getRootNode()
            ->children()
                DECLARED
                ->booleanNode('logging')->defaultTrue()->end()
            ->end();
        return $tree;
    }
}
"""
_CLIENT = """\
<?php
namespace Acme;
use GuzzleHttp\\Client;
final class Orders {
    public function __construct(private Client $client, private string $base) {}
    public function begin(string $value, string $token) {
        return $this->client->post('https://api-m.paypal.com/v2/checkout/orders', [
            'timeout' => 10, 'headers' => ['Authorization' => 'Bearer ' . $token],
            'json' => ['intent' => 'CAPTURE', 'purchase_units' => [['amount' => ['value' => $value, 'currency_code' => 'EUR']]]],
        ]);
    }
}
"""


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ("->booleanNode('sandbox')->defaultTrue()->end()", 1),
        ("->scalarNode('environment')->info('Where to pay.')->defaultValue('sandbox')->end()", 1),
        ("->booleanNode('sandbox')->defaultFalse()->end()", 0),
        ("->booleanNode('sandbox')->isRequired()->end()", 0),
        ("->booleanNode('sandbox_notice')->defaultTrue()->end()", 0),
    ],
    ids=["switch", "mode", "live", "asked for", "something else"],
)
def test_a_default_that_says_the_test_world(tmp_path: Path, declared: str, told: int) -> None:
    files = {
        "composer.json": '{"require": {"symfony/config": "^7", "guzzlehttp/guzzle": "^7"}}',
        "src/DependencyInjection/Configuration.php": _TREE.replace("DECLARED", declared),
        "src/Orders.php": _CLIENT,
    }
    findings = found(tmp_path, files, "payment/test-credentials-in-prod")
    assert [f.start_line for f in findings] == [10] * told
