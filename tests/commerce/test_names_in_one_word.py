"""Names that are written as one word mean what those with a stroke or a hump between mean."""

import pytest

from tillproof.commerce.lexicon import snake


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("totalprice", "total_price"),
        ("SHIPPINGCOST", "shipping_cost"),
        ("order_grandtotal", "order_grand_total"),
        ("orderstatus", "order_status"),
        ("productid", "product_id"),
        ("subtotal", "subtotal"),
        ("totalprices", "totalprices"),
        ("paidoff", "paidoff"),
        ("valid", "valid"),
        ("unitPrice", "unit_price"),
    ],
)
def test_one_word(name: str, meant: str) -> None:
    assert snake(name) == meant
