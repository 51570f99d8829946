"""The built-in packs: whether they load, agree with themselves and say what checks build on."""

from collections import Counter
from pathlib import Path

import pytest

import tillproof.knowledge
from tillproof.knowledge.loader import Knowledge, load
from tillproof.knowledge.schema import Operation, Provider

_ROOT = Path(tillproof.knowledge.__file__).parent
_FILES = sorted(path for folder in ("providers", "platforms") for path in (_ROOT / folder).glob("*.yaml"))
_MONEY_OPS = {"payment.create", "payment.confirm", "payment.capture", "refund.create", "payout.create", "transfer.create"}


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load()


@pytest.fixture(params=[path.stem for path in _FILES])
def provider(request: pytest.FixtureRequest, knowledge: Knowledge) -> Provider:
    return knowledge.providers[request.param]


def _names(operation: Operation) -> list[str]:
    return [*operation.rest, *(f"{language} {name}" for language, names in operation.calls.items() for name in names)]


def test_every_pack_file_is_loaded_under_its_name(knowledge: Knowledge) -> None:
    assert set(knowledge.providers) == {path.stem for path in _FILES}
    assert knowledge.problems == []


def test_the_systems_of_the_mission_are_known(knowledge: Knowledge) -> None:
    wanted = (
        "stripe paypal adyen braintree avalara taxjar shopify woocommerce bigcommerce shippo easypost akeneo netsuite shipbob amazon-sp-api"
    )
    assert set(wanted.split()) <= set(knowledge.providers)


def test_a_name_means_one_operation(provider: Provider) -> None:
    names = Counter(name for operation in provider.operations if not operation.says for name in _names(operation))
    assert [name for name, count in names.items() if count > 1] == []


def test_a_word_that_says_what_one_call_for_all_does_means_one_operation(provider: Provider) -> None:
    words = Counter(word for operation in provider.operations for word in operation.says)
    assert [word for word, count in words.items() if count > 1] == []


def test_an_operation_can_be_recognised(provider: Provider) -> None:
    assert [operation.op for operation in provider.operations if not _names(operation)] == []


def test_leading_dot_names_have_a_client_to_hang_on(provider: Provider) -> None:
    for operation in provider.operations:
        for language, names in operation.calls.items():
            if any(name.startswith(".") for name in names):
                assert provider.clients.get(language) or provider.packages.get(language), (language, operation.op)


def test_operations_that_need_a_key_cite_a_source_and_name_the_key(provider: Provider) -> None:
    for operation in provider.operations:
        if operation.repeatable != "needs-key":
            continue
        assert operation.source, operation.op
        if operation.supports_key:
            assert operation.key_names or (provider.idempotency and provider.idempotency.names), operation.op
        else:
            assert operation.key_note, operation.op


def test_what_moves_money_is_not_called_repeatable(provider: Provider) -> None:
    assert [operation.op for operation in provider.operations if operation.moves_money and operation.repeatable == "natural"] == []


def test_payment_providers_can_be_asked_whether_money_moved(provider: Provider) -> None:
    if provider.kind == "payment" and not any(b.hands for b in provider.inbound):  # of those a platform takes the messages
        assert any(operation.op == "payment.retrieve" and operation.confirms for operation in provider.operations)
        moves = any(operation.moves_money and operation.op in _MONEY_OPS for operation in provider.operations)
        offered = {operation.op for operation in provider.operations} - {"payment.cancel"}
        assert moves or offered == {"checkout.create", "payment.retrieve"}  # the customer pays
        assert provider.money != "unknown"


def test_settling_events_are_events(provider: Provider) -> None:
    for inbound in provider.inbound:
        assert set(inbound.settles) <= set(inbound.events), inbound.kind


def test_sdk_defaults_cite_a_source(provider: Provider) -> None:
    known = {package for packages in provider.packages.values() for package in packages}
    for default in provider.defaults:
        assert default.source.startswith("https://"), default.package
        assert default.package in known


def test_words_bring_a_pack_into_play(provider: Provider) -> None:
    assert provider.words
    assert all(len(word) > 2 for word in provider.words)


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("python", "stripe.PaymentIntent.create"),
        ("python", ".payment_intents.create"),
        ("python", ".v1.payment_intents.create"),
        ("javascript", ".paymentIntents.create"),
        ("php", "Stripe.PaymentIntent.create"),
        ("php", ".paymentIntents.create"),
    ],
)
def test_stripe_payment_intents_are_known_however_they_are_written(knowledge: Knowledge, language: str, name: str) -> None:
    operation = next(each for each in knowledge.providers["stripe"].operations if f"{language} {name}" in _names(each))
    assert (operation.op, operation.repeatable, operation.amount) == ("payment.create", "needs-key", ("amount",))
    assert "POST /v1/payment_intents" in operation.rest


def test_no_stripe_library_refuses_an_empty_webhook_secret(knowledge: Knowledge) -> None:
    verifier = next(each for each in knowledge.providers["stripe"].verifiers if "stripe.Webhook.construct_event" in each.calls["python"])
    assert (verifier.proves, verifier.body, verifier.secret, verifier.raw_body) == ("value", 0, 2, True)
    assert verifier.empty_secret == {"python": "accepted", "javascript": "accepted", "php": "accepted"}


def test_stripe_defaults_follow_the_version(knowledge: Knowledge) -> None:
    retries = {(each.language, each.since): (each.retries, each.automatic_keys) for each in knowledge.providers["stripe"].defaults}
    assert retries["javascript", "13.0.0"] == (1, True)
    assert retries["javascript", "17.0.0"] == (2, True)
    assert retries["python", "11.0.0"] == (2, True)
    assert retries["php", "0"] == (0, False)


def test_no_host_is_both_live_and_sandbox(provider: Provider) -> None:
    assert set(provider.hosts).isdisjoint(provider.sandbox_hosts)


def test_a_shared_host_belongs_to_the_pack_that_comes_first(knowledge: Knowledge) -> None:
    owners = [provider.id for provider in knowledge.providers.values() if "api.stripe.com" in provider.hosts]
    assert owners == ["stripe", "stripe-tax"]
