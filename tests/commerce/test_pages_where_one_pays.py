"""A page on which an order is still to be paid is none to which somebody comes back from paying."""

import pytest

from tillproof.commerce.browser_returns import says_return


@pytest.mark.parametrize(
    ("address", "back"), [("/checkout/order-pay/knot", False), ("/checkout/order-received/knot/success", True), ("/orders/pay", True)]
)
def test_an_order_that_is_still_to_be_paid(address: str, back: bool) -> None:
    assert says_return(address) is back
