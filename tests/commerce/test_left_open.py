"""A method that a base class has written but for one step is a way in for each class that fills the step in, and what that does is seen."""

from pathlib import Path

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_BASES = """\
import graphene
from django.db import transaction


class Signed(graphene.Mutation):
    @classmethod
    def mutate(cls, root, info, **sent):
        if not info.context.user.is_authenticated:
            raise PermissionError
        return super().mutate(root, info, **sent)


class Safe(graphene.Mutation):
    @classmethod
    def mutate(cls, root, info, **sent):
        try:
            with transaction.atomic():
                return cls.resolve_mutation(root, info, **sent)
        except LookupError:
            return None
"""
_MUTATIONS = """\
import graphene
import stripe
from .bases import Safe, Signed
from .models import Order


class PayOrder(Signed, Safe):
    class Arguments:
        id = graphene.ID(required=True)
        price = graphene.Int(required=True)

    @classmethod
    def resolve_mutation(cls, _, info, id, price):
        order = Order.objects.get(id=id, user=info.context.user)
        stripe.PaymentIntent.create(amount=price, currency="eur", idempotency_key=f"order-{order.id}")


class CloseOrder(Signed, Safe):
    class Arguments:
        id = graphene.ID(required=True)

    @classmethod
    def resolve_mutation(cls, _, info, id):
        Order.objects.filter(id=id, user=info.context.user).update(status="cancelled")
"""
_MODELS = """\
from django.db import models


class Order(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    status = models.CharField(max_length=16)
"""
_ABSTRACT = """\
<?php
namespace Kel\\Pay\\Controller\\Payment;
use Magento\\Framework\\App\\Action\\Action;
abstract class AbstractPayment extends Action {
    abstract protected function settle(string $id);
    public function execute() {
        return $this->settle((string) $this->getRequest()->getParam('order'));
    }
}
"""
_FAIL = """\
<?php
namespace Kel\\Pay\\Controller\\Payment;
use Magento\\Sales\\Api\\OrderRepositoryInterface;
class Fail extends AbstractPayment {
    private OrderRepositoryInterface $orders;
    protected function settle(string $id) {
        $order = $this->orders->get($id);
        $order->setState('canceled')->setStatus('canceled');
        $this->orders->save($order);
    }
}
"""


def test_each_mutation_that_completes_a_base_is_judged_where_it_is_written(tmp_path: Path) -> None:
    write(tmp_path, {"shop/bases.py": _BASES, "shop/mutations.py": _MUTATIONS, "shop/models.py": _MODELS, "requirements.txt": "django\n"})
    report = review(tmp_path, Settings(checks=("payment/client-amount", "order/unguarded-transition"), use_cache=False))
    assert [(f.check, f.file, f.start_line) for f in report.findings] == [
        ("payment/client-amount", "shop/mutations.py", 15),
        ("order/unguarded-transition", "shop/mutations.py", 24),
    ]


def test_a_controller_that_completes_an_abstract_one_has_its_own_address(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "Controller/Payment/AbstractPayment.php": _ABSTRACT,
            "Controller/Payment/Fail.php": _FAIL,
            "etc/frontend/routes.xml": '<config><router id="standard"><route id="kel" frontName="kelpay"/></router></config>',
            "registration.php": "<?php\n",
            "composer.json": '{"name": "kel/pay", "type": "magento2-module", "autoload": {"psr-4": {"Kel\\\\Pay\\\\": ""}}}',
        },
    )
    report = review(tmp_path, Settings(checks=("order/unguarded-transition",), use_cache=False))
    (found,) = report.findings
    assert (found.file, found.start_line) == ("Controller/Payment/Fail.php", 8)
    assert any(
        "/kelpay/payment/fail" in ruled.site.file or "fail" in (e.note or "") for ruled in report.obligations for e in ruled.evidence
    )
