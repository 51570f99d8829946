"""The secret of a webhook as shops keep it among their settings: with a default that everybody knows, or read where it is null."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_CHECK = "payment/webhook-weak-verification"

_DJANGO = {
    "requirements.txt": "django\nstripe\n",
    "shop/models.py": "from django.db import models\n\n\nclass Order(models.Model):\n"
    "    session = models.CharField(max_length=80)\n    status = models.CharField(max_length=20)\n",
    "shop/urls.py": "from django.urls import path\n\nfrom shop import views\n\nurlpatterns = [path('hook/', views.hook)]\n",
    "shop/views.py": """\
import stripe
from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

from shop.models import Order


@csrf_exempt
def hook(request):
    try:
        event = stripe.Webhook.construct_event(request.body, request.META["HTTP_STRIPE_SIGNATURE"], settings.HOOK_SECRET)
    except stripe.error.SignatureVerificationError:
        return HttpResponse(status=400)
    if event["type"] == "checkout.session.completed":
        Order.objects.filter(session=event["data"]["object"]["id"]).update(status="paid")
    return HttpResponse()
""",
}


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ('os.getenv("HOOK_SECRET", "whsec_local")', ("broken", "shop/settings.py", 3)),
        ('os.environ.get("HOOK_SECRET") or "whsec_local"', ("broken", "shop/settings.py", 3)),
        ('os.environ.get("HOOK_SECRET") or ""', ("broken", "shop/views.py", 12)),
        ('os.environ["HOOK_SECRET"]', ("held", "shop/views.py", 10)),
    ],
)
def test_what_djangos_settings_fall_back_to(tmp_path: Path, kept: str, expected: tuple[str, str, int]) -> None:
    assert ruled(tmp_path, _CHECK, {**_DJANGO, "shop/settings.py": f"import os\n\nHOOK_SECRET = {kept}\n"}) == [expected]


_LARAVEL = {
    "composer.json": '{"require": {"laravel/framework": "^11.0", "stripe/stripe-php": "^13.0"}}',
    "routes/api.php": "<?php\nRoute::post('hook', [App\\Http\\Controllers\\HookController::class, 'handle']);\n",
    "app/Models/Order.php": "<?php\nnamespace App\\Models;\nclass Order extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
}
_HANDLE = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Stripe\\Webhook;
class HookController extends Controller {
    public function handle(Request $request) {
        $secret = SECRET;
        FIRST
        try {
            $event = Webhook::constructEvent($request->getContent(), $request->header('Stripe-Signature'), $secret);
        } catch (\\Exception $e) {
            return response('', 400);
        }
        if ($event->type === 'checkout.session.completed') {
            Order::where('session', $event->data->object->id)->update(['status' => 'paid']);
        }
        return response('');
    }
}
"""
_CONTROLLER = "app/Http/Controllers/HookController.php"


@pytest.mark.parametrize(
    ("secret", "kept", "first", "expected"),
    [
        ("env('HOOK_SECRET')", "env('HOOK_SECRET')", "", ("broken", _CONTROLLER, 11)),
        ("env('HOOK_SECRET')", "env('HOOK_SECRET')", "if (!$secret) { return response('', 500); }", ("held", _CONTROLLER, 7)),
        ("config('services.stripe.hook')", "env('HOOK_SECRET')", "", ("held", _CONTROLLER, 7)),
        ("config('services.stripe.hook')", "env('HOOK_SECRET', 'whsec_local')", "", ("broken", "config/services.php", 2)),
        ("config('services.stripe.hook')", "env('HOOK_SECRET', '')", "", ("broken", _CONTROLLER, 11)),
    ],
)
def test_what_laravels_settings_are_asked_for(tmp_path: Path, secret: str, kept: str, first: str, expected: tuple[str, str, int]) -> None:
    files = {
        **_LARAVEL,
        "config/services.php": f"<?php\nreturn ['stripe' => ['hook' => {kept}]];\n",
        _CONTROLLER: _HANDLE.replace("SECRET", secret, 1).replace("FIRST", first),
    }
    assert ruled(tmp_path, _CHECK, files) == [expected]


_NEST = {
    "package.json": '{"dependencies": {"@nestjs/core": "10", "@nestjs/config": "3", "stripe": "14"}}',
    "src/app.module.ts": """\
import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import settings from './settings';
import { HookController } from './hook.controller';

@Module({ imports: [ConfigModule.forRoot({ isGlobal: true, load: [settings] })], controllers: [HookController] })
export class AppModule {}
""",
    "src/order.entity.ts": "import { Column, Entity } from 'typeorm';\n"
    "@Entity()\nexport class Order {\n  @Column() session: string;\n  @Column() status: string;\n}\n",
    "src/hook.controller.ts": """\
import { Controller, Headers, Post, RawBodyRequest, Req } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { InjectRepository } from '@nestjs/typeorm';
import Stripe from 'stripe';
import { Repository } from 'typeorm';
import { Order } from './order.entity';

@Controller('hook')
export class HookController {
  private secret: string;
  private stripe: Stripe;

  constructor(private settings: ConfigService, @InjectRepository(Order) private orders: Repository<Order>) {
    this.stripe = new Stripe(settings.get('stripe.key'));
    this.secret = this.settings.get<string>('stripe.hook');
  }

  @Post()
  async hear(@Req() req: RawBodyRequest<Request>, @Headers('stripe-signature') signature: string) {
    const event: any = this.stripe.webhooks.constructEvent(req.rawBody, signature, this.secret);
    if (event.type === 'checkout.session.completed') {
      await this.orders.update({ session: event.data.object.id }, { status: 'paid' });
    }
  }
}
""",
}
_NAMED = "import { registerAs } from '@nestjs/config';\nexport default registerAs('stripe', () => ({ key: '', hook: KEPT }));\n"
_NESTED = "export default () => ({ stripe: { key: '', hook: KEPT } });\n"


@pytest.mark.parametrize(
    ("settings", "kept", "expected"),
    [
        (_NAMED, "process.env.HOOK_SECRET || 'hook_secret'", ("broken", "src/settings.ts", 2)),
        (_NESTED, "process.env.HOOK_SECRET ?? 'hook_secret'", ("broken", "src/settings.ts", 1)),
        (_NESTED, "process.env.HOOK_SECRET ?? ''", ("broken", "src/hook.controller.ts", 20)),
        (_NAMED, "process.env.HOOK_SECRET", ("held", "src/hook.controller.ts", 19)),
    ],
)
def test_what_functions_of_ours_make_for_nest(tmp_path: Path, settings: str, kept: str, expected: tuple[str, str, int]) -> None:
    assert ruled(tmp_path, _CHECK, {**_NEST, "src/settings.ts": settings.replace("KEPT", kept)}) == [expected]
