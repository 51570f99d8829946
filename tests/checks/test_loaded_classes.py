"""A view whose base class a platform's own loader gives is one of the platform's, and what it asks a payment system may be chosen from a
table of requests, or be a word of a form that is written out."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_VIEWS = """\
from django.urls import path
from oscar.apps.payment.exceptions import UnableToTakePayment
from oscar.core.loading import get_class, get_classes, get_model

from shop.gateway import paid

LOAD
Source = get_model("payment", "Source")


class ReturnView(PaymentDetailsView):
    def post(self, request, *args, **kwargs):
        self.token = request.POST["token"]
        return self.submit(**self.build_submission())

    def handle_payment(self, order_number, total, **kwargs):
        if not paid(self.token):
            raise UnableToTakePayment()
        self.add_payment_source(Source(amount_debited=total.incl_tax))


urlpatterns = [path("paypal/return/", ReturnView.as_view())]
"""
_ONE = 'PaymentDetailsView = get_class("checkout.views", "PaymentDetailsView")'
_SEVERAL = '(IndexView, PaymentDetailsView) = get_classes("checkout.views", ["IndexView", "PaymentDetailsView"])'
_NOBODY = """\
from paypalcheckoutsdk.orders import OrdersCreateRequest


def begin(client, body):
    beginning = OrdersCreateRequest()
    beginning.request_body(body)
    return client.execute(beginning).result


def paid(token):
    return bool(token)
"""
_TABLE = """\
from django.conf import settings
from paypalcheckoutsdk.core import LiveEnvironment, PayPalHttpClient
from paypalcheckoutsdk.orders import OrdersCaptureRequest
from paypalcheckoutsdk.payments import AuthorizationsCaptureRequest

REQUESTS = {
    "AUTHORIZE": AuthorizationsCaptureRequest,
    "CAPTURE": OrdersCaptureRequest,
}


def paid(token):
    client = PayPalHttpClient(LiveEnvironment(client_id=settings.CLIENT, client_secret=settings.SECRET))
    finishing = REQUESTS[settings.INTENT]
    answer = client.execute(finishing(token))
    return answer.result.status == "COMPLETED"
"""
_FORM = """\
import requests
from django.conf import settings
from django.utils.http import urlencode


def _ask(method, more):
    form = {"METHOD": method, "USER": settings.NVP_USER, "PWD": settings.NVP_PASSWORD}
    form.update(more)
    answer = requests.post("https://api-3t.paypal.com/nvp", urlencode(form), timeout=20)
    return dict(pair.split("=") for pair in answer.text.split("&"))


def paid(token):
    answer = _ask("WORD", {"TOKEN": token, "PAYERID": settings.PAYER})
    return answer["PAYMENTINFO_0_PAYMENTSTATUS"] == "Completed"
"""


@pytest.mark.parametrize("load", [_ONE, _SEVERAL])
@pytest.mark.parametrize(
    ("gateway", "ruling"),
    [(_NOBODY, "broken"), (_TABLE, "held"), (_FORM.replace("WORD", "DoExpressCheckoutPayment"), "held")],
)
def test_a_view_of_the_platform_is_asked_whether_money_came(tmp_path: Path, load: str, gateway: str, ruling: str) -> None:
    files = {
        "requirements.txt": "django\ndjango-oscar\npaypal-checkout-serversdk\nrequests\n",
        "manage.py": "",
        "shop/views.py": _VIEWS.replace("LOAD", load),
        "shop/gateway.py": gateway,
    }
    assert [said for said, _, _ in ruled(tmp_path, "payment/fulfil-on-redirect", files)] == [ruling]
