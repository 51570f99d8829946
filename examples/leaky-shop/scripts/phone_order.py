"""Places a phone order in a running shop, to see that it still works: ``python scripts/phone_order.py http://localhost:8000``."""

import os
import sys

import httpx

ORDER = {
    "email": "lena.hartwig@teapot-and-tray.de",
    "items": [{"product_id": 1, "quantity": 1, "unit_price_cents": 1450}],
    "card_number": "4761 9302 8846 1758",
    "exp_month": 11,
    "exp_year": 2029,
    "cvc": "318",
}

answer = httpx.post(
    f"{sys.argv[1]}/admin/phone-orders", json=ORDER, headers={"Authorization": f"Bearer {os.environ['STAFF_TOKEN']}"}, timeout=20
)
print(answer.status_code, answer.text)
