"""Whose a call is: a provider's, a record's, or that of somebody who has a method of the same name."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

SIGN_IN = """\
import jwt
from django.conf import settings


def told(id_token):
    payload = jwt.decode(id_token, settings.SIGN_IN_SECRET, algorithms=["HS256"])
    return repr(payload)
"""

VIEW = """\
import stripe
from rest_framework import mixins, viewsets


class AccountView(viewsets.GenericViewSet, mixins.UpdateModelMixin):
    def update(self, request, *args, **kwargs):
        stripe.Customer.modify(request.user.customer, email=request.data["email"])
        return super().update(request, *args, **kwargs)
"""

IDENTITY = """\
import { WorkOS } from '@workos-inc/node';
import Stripe from 'stripe';

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);

export async function POST(req: Request) {
  const workos = new WorkOS(process.env.WORKOS_API_KEY);
  const event = await workos.webhooks.constructEvent({ payload: await req.text() });
  return stripe.checkout.sessions.create({ mode: 'payment', success_url: event.data.url });
}
"""

GATEWAY = """\
<?php
namespace Braintree;
class SubscriptionGateway {
  public function create($fields) { return $this->post($this->path() . '/subscriptions', $fields); }
  private function post($path, $fields) {
    $curl = curl_init($this->base . $path);
    curl_setopt($curl, CURLOPT_POSTFIELDS, $fields);
    return curl_exec($curl);
  }
}
"""

SUBSCRIBE = """\
<?php
use Stripe\\StripeClient;
$stripe = new StripeClient(get_option('stripe_key'));
$customer = $stripe->customers->create(['email' => $_POST['email']]);
"""


def call(model: Model, name: str) -> tuple[Fn, int]:
    """The one call of a name."""
    functions = [Fn(file, n) for file, index in model.program.indices.items() for n in range(len(index.functions))]
    found = [(fn, i) for fn in functions for i, op in enumerate(model.program.body(fn).op) if op == Op.CALL]
    return next((fn, i) for fn, i in found if model.program.body(fn).called(i) == name)


def test_what_a_key_opens_does_not_show_the_key(tmp_path: Path) -> None:
    model, _ = model_of(tmp_path, {"sign_in.py": SIGN_IN})
    fn, i = call(model, "decode")
    assert [piece.instr for piece in model.shown.of(fn, i).pieces] == [i]


def test_a_views_own_update_is_that_of_no_record(tmp_path: Path) -> None:
    model, _ = model_of(tmp_path, {"views.py": VIEW})
    assert model.recogniser.effect(*call(model, "update")) is None


def test_an_object_of_another_package_proves_no_message_of_this_provider(tmp_path: Path) -> None:
    model, _ = model_of(tmp_path, {"app/api/webhooks/workos/route.ts": IDENTITY})
    assert model.recogniser.known(*call(model, "constructEvent")) == []


def test_what_is_asked_of_a_provider_is_no_record_of_ours(tmp_path: Path) -> None:
    model, _ = model_of(tmp_path, {"app/api/webhooks/workos/route.ts": IDENTITY})
    asked = call(model, "create")
    assert [k.provider.id for k in model.recogniser.known(*asked)] == ["stripe"]
    assert model.records.touch(*asked, None) is None


def test_one_providers_sdk_in_the_tree_asks_no_other_provider(tmp_path: Path) -> None:
    files = {"lib/Braintree/SubscriptionGateway.php": GATEWAY, "subscribe.php": SUBSCRIBE}
    model, _ = model_of(tmp_path, files)
    assert {s.provider.id for s in model.operations.sites if s.fn.file.startswith("lib/")} <= {"braintree"}
    model, _ = model_of(tmp_path / "own", {"lib/SubscriptionGateway.php": GATEWAY, "subscribe.php": SUBSCRIBE})
    assert {s.provider.id for s in model.operations.sites if s.fn.file.startswith("lib/")} == {"stripe"}


_TORNADO = """\
import tornado.web


class Hook(tornado.web.RequestHandler):
    def post(self):
        self.write("ok")
        with open("journal") as kept:
            kept.write("ok")
"""


@pytest.mark.parametrize(
    ("name", "text", "line", "answers"),
    [
        ("hook.py", _TORNADO, 6, True),
        ("hook.py", _TORNADO, 8, False),
        ("keep.py", "def keep(path):\n    open(path).write('ok')\n", 2, False),
        ("hook.ts", "import { Elysia } from 'elysia'\nnew Elysia().post('/hook', ({ status }) =>\n  status(200, 'ok'))\n", 3, True),
        ("order.ts", "export const pay = (order) =>\n  order.status('paid')\n", 2, False),
        ("hook.ts", "export const POST = async () =>\n  new Response('ok')\n", 2, True),
        ("Hook.php", "<?php\nclass Hook {\n  function pay() { return $this->redirect('/done'); }\n}\n", 3, True),
        ("Rates.php", "<?php\nfunction rates($client) {\n  return $client->json('/rates');\n}\n", 3, False),
    ],
)
def test_a_name_alone_answers_where_its_framework_is_used(tmp_path: Path, name: str, text: str, line: int, answers: bool) -> None:
    model, _ = model_of(tmp_path, {name: text})
    program = model.program
    calls = [(fn, i) for fn in program.all_functions(name) for i, op in enumerate(program.body(fn).op) if op in (Op.CALL, Op.NEW)]
    said = [model.recogniser.is_("answers", fn, i) for fn, i in calls if program.body(fn).line[i] == line]
    assert said
    assert any(said) == answers
