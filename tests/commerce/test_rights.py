"""Rights by their names: who holds them, and where a handler's way asks for one."""

from pathlib import Path

import pytest

from tests.commerce.wired import wired
from tillproof.commerce.role_rights import held_by


@pytest.mark.parametrize(
    ("right", "holder"),
    [
        (("orders.update",), "staff"),
        (("shop.update.orders",), "staff"),
        (("edit-invoice",), "staff"),
        (("can_change_orders",), "staff"),
        (("manageOrders",), "staff"),
        (("update", "order"), "staff"),
        (("invoice.create",), "staff"),
        (("orders.create",), "customer"),
        (("orders:update:own",), "customer"),
        (("cart:write",), "customer"),
        (("billing.manage",), None),
        (("update the order that was sent to us by mail last week",), None),
    ],
)
def test_a_right_over_the_shops_books_is_staffs(right: tuple[str, ...], holder: str | None) -> None:
    assert held_by(*right) == holder


_DESK = """\
<?php
namespace App\\Http\\Controllers;
use App\\Http\\Requests\\PayRequest;
use App\\Models\\Event;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
class Desk extends Controller {
  public function pay(REQUEST $request, Order $order) { HEAD $order->status = 'paid'; $order->save(); }
  protected function checkPermission($right) { if (! auth()->user()->can($right)) { abort(403); } }
}
"""
_ROUTES = """\
<?php
use App\\Http\\Controllers\\Desk;
use App\\Http\\Middleware\\Restrict;
use Illuminate\\Support\\Facades\\Route;
Route::middleware('auth')->group(function () { Route::post('orders/{order}/pay', [Desk::class, 'pay'])GUARD; });
"""
_RESTRICT = """\
<?php
namespace App\\Http\\Middleware;
class Restrict {
  public static function to($right) { return self::class . ':' . $right; }
  public function handle($request, $next, $right) { if (may($right)) { return $next($request); } throw new No($right); }
}
"""
_POLICY = """\
<?php
namespace App\\Policies;
class OrderPolicy {
  public function update($user, $order) { VERDICT }
}
"""
_FORM = """\
<?php
namespace App\\Http\\Requests;
use Illuminate\\Foundation\\Http\\FormRequest;
class PayRequest extends FormRequest { public function authorize() { FORM } }
"""


@pytest.mark.parametrize(
    ("told", "role"),
    [
        ({"GUARD": "->middleware(Restrict::to('shop.update.orders'))"}, "staff"),
        ({"GUARD": "->middleware(Restrict::class . ':orders.update')"}, "staff"),
        ({"GUARD": "->middleware(Restrict::class . ':orders.update.own')"}, "customer"),
        ({"HEAD": "$this->checkPermission('orders.update');"}, "staff"),
        ({"HEAD": "$this->checkPermission('orders.create');"}, "customer"),
        ({"HEAD": "abort_unless($request->user()->can('orders.update'), 403);"}, "staff"),
        ({"HEAD": "abort_if($request->user()->can('orders.update'), 403);"}, "customer"),
        ({"HEAD": "ns()->restrict(['shop.update.orders']);"}, "staff"),
        ({"HEAD": "$this->authorize('update', $order);", "VERDICT": "return $user->can('edit order');"}, "staff"),
        ({"HEAD": "$this->authorize('update', $order);", "VERDICT": "return $order->user_id === $user->id;"}, "customer"),
        (
            {
                "HEAD": "$this->authorize('update', $order);",
                "VERDICT": "if ($user->can('edit order')) { return true; } return $order->user_id === $user->id;",
            },
            "customer",
        ),
        ({"HEAD": "$this->authorize('update', $order->event);"}, "staff"),
        ({"HEAD": "$this->authorizeTo('see', Event::class);"}, "staff"),
        ({"REQUEST": "PayRequest", "FORM": "return $this->user()->can('orders.update');"}, "staff"),
        ({"REQUEST": "PayRequest", "FORM": "return true;"}, "customer"),
    ],
)
def test_a_way_is_for_whom_the_right_on_it_is(tmp_path: Path, told: dict[str, str], role: str) -> None:
    def filled(text: str) -> str:
        for hole, default in (("GUARD", ""), ("HEAD", ""), ("REQUEST", "Request"), ("VERDICT", ""), ("FORM", "return true;")):
            text = text.replace(hole, told.get(hole, default))
        return text

    files = {
        "composer.json": '{"require": {"laravel/framework": "^11"}}',
        "routes/web.php": filled(_ROUTES),
        "app/Http/Controllers/Desk.php": filled(_DESK),
        "app/Http/Middleware/Restrict.php": _RESTRICT,
        "app/Policies/OrderPolicy.php": filled(_POLICY),
        "app/Http/Requests/PayRequest.php": filled(_FORM.replace("FORM }", "FORM }")),
    }
    assert wired(tmp_path, files).entry("Desk.pay").role == role


_EXPRESS = """\
const express = require('express');
const { auth, demand, can } = require('./guards');
const app = express();
app.post('/orders/:id/pay', auth, GUARD, pay);
async function pay(req, res) { await Order.updateOne({ _id: req.params.id }, { status: 'paid' }); res.json({}); }
"""
_GUARDS = """\
exports.auth = (req, res, next) => { if (!req.user) return res.status(401).end(); next(); };
exports.demand = { permission: (right) => (req, res, next) => { if (!req.rights.has(right)) return res.status(403).end(); next(); } };
exports.can = (deed, what) => (req, res, next) => { if (!req.ability.can(deed, what)) return res.status(403).end(); next(); };
"""


@pytest.mark.parametrize(
    ("guard", "role"),
    [
        ("demand.permission('orders:update')", "staff"),
        ("demand.permission('orders:update:own')", "customer"),
        ("can('update', 'order')", "staff"),
        ("can('update', 'profile')", "customer"),
    ],
)
def test_a_middleware_that_is_told_a_right(tmp_path: Path, guard: str, role: str) -> None:
    files = {"package.json": '{"dependencies": {"express": "^4"}}', "app.js": _EXPRESS.replace("GUARD", guard), "guards.js": _GUARDS}
    assert wired(tmp_path, files).entry("pay").role == role


_VIEW = """\
from django.http import HttpResponse
from django.views import View


class EventPermissionRequiredMixin:
    permission = None


class Pay(EventPermissionRequiredMixin, View):
    permission = "RIGHT"

    def post(self, request, pk):
        return HttpResponse("paid")
"""


@pytest.mark.parametrize(("right", "role"), [("can_change_orders", "staff"), ("can_view_own_orders", "customer")])
def test_a_view_names_the_right_for_its_mix_in(tmp_path: Path, right: str, role: str) -> None:
    urls = "from django.urls import path\nfrom shop import views\nurlpatterns = [path('pay/<int:pk>', views.Pay.as_view())]\n"
    files = {"manage.py": "", "requirements.txt": "Django", "shop/urls.py": urls, "shop/views.py": _VIEW.replace("RIGHT", right)}
    assert wired(tmp_path, files).entry("Pay.post").role == role


_NEST = """\
import { Controller, Post, UseGuards } from '@nestjs/common';
import { PermissionsGuard, RequirePermissions } from './guards';
@Controller('orders')
@UseGuards(PermissionsGuard)
export class Desk {
  @Post('pay') @RequirePermissions('orders:update') pay() { return {}; }
  @Post('mine') mine() { return {}; }
}
"""
_NEST_GUARD = """\
import { CanActivate, ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
export const RequirePermissions = (...rights: string[]) => SetMetadata('permissions', rights);
@Injectable()
export class PermissionsGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}
  canActivate(context: ExecutionContext) {
    const rights = this.reflector.get('permissions', context.getHandler());
    return !rights || rights.every((r) => context.switchToHttp().getRequest().user.rights.includes(r));
  }
}
"""


def test_a_guard_that_reads_rights_lets_pass_where_none_are_named(tmp_path: Path) -> None:
    files = {
        "package.json": '{"dependencies": {"@nestjs/common": "^11"}}',
        "src/desk.controller.ts": _NEST,
        "src/guards.ts": _NEST_GUARD,
    }
    shop = wired(tmp_path, files)
    assert {shop.program.qualified(e.target.fn): e.role for e in shop.entries} == {"Desk.pay": "staff", "Desk.mine": "public"}


_SECOND_FACTOR = """\
<?php
namespace App\\Http\\Middleware;
class RequireSecondFactor {
  public function handle($request, $next) {
    $user = $request->user();
    if (! $user || $user->has_second_factor) { return $next($request); }
    if ($this->level === 'administrators' && ! $user->root_admin) { return $next($request); }
    throw new SecondFactorRequired();
  }
}
"""


def test_a_guard_that_is_harder_on_administrators_keeps_nobody_else_out(tmp_path: Path) -> None:
    routes = _ROUTES.replace("GUARD", "->middleware(\\App\\Http\\Middleware\\RequireSecondFactor::class)")
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11"}}',
        "routes/web.php": routes,
        "app/Http/Controllers/Desk.php": _DESK.replace("REQUEST", "Request").replace("HEAD", ""),
        "app/Http/Middleware/RequireSecondFactor.php": _SECOND_FACTOR,
    }
    assert wired(tmp_path, files).entry("Desk.pay").role == "customer"
