"""Ways to pay that a provider's test world alone knows, handed to it by code: ``payment_method="pm_card_visa"``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.given import given_at
from tillproof.flow.values import Const, options
from tillproof.ir.ops import Kind
from tillproof.knowledge.schema import Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


class TestToken(NamedTuple):
    """Where such a way to pay is written down that reaches the provider."""

    file: str
    line: int
    provider: Provider
    text: str


def test_tokens(model: "Model") -> Iterator[TestToken]:
    """Those of all operations, in their order; one that several calls hand over comes once for each."""
    for site in model.operations.sites:
        known = site.provider.test_tokens
        for path in site.provider.tokens if known else ():
            for _, value in given_at(model, site, path):
                for option in options(value):
                    if isinstance(option, Const) and option.kind == Kind.STRING and option.text.startswith(known):
                        yield TestToken(*option.at, site.provider, option.text)
