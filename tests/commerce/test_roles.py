"""Who may take a way in: guards that a handler calls, and bases that restrict."""

from pathlib import Path

import pytest

from tests.commerce.wired import wired

PLUGIN = """\
<?php
class Transfers {{
  public function allow($nonce) {{
    if (current_user_can('{capability}') === false) {{ {refusal} }}
    wp_verify_nonce($nonce, 'transfer');
  }}
  public function run() {{ $this->allow($_POST['nonce']); wp_remote_post('https://bank.example', ['body' => $_POST]); }}
}}
add_action('admin_post_transfer', function () {{ $transfers = new Transfers(); $transfers->run(); }});
"""


def roles(tmp_path: Path, files: dict[str, str]) -> dict[str, str]:
    shop = wired(tmp_path, files)
    return {shop.program.qualified(e.target.fn): e.role for e in shop.entries}


def test_a_guard_that_the_handler_calls_counts_when_it_does_not_return(tmp_path: Path) -> None:
    def of(capability: str, refusal: str) -> str:
        root = tmp_path / f"{capability}{len(refusal)}"
        return roles(root, {"plugin.php": PLUGIN.format(capability=capability, refusal=refusal)})["<anonymous>"]

    assert of("manage_woocommerce", "wp_die('no');") == "staff"
    assert of("manage_woocommerce", "error_log('no'); return;") == "customer"
    assert of("read", "wp_die('no');") == "customer"


def test_a_call_that_refuses_by_itself_is_a_guard(tmp_path: Path) -> None:
    head = "<?php\nnamespace App;\nuse Symfony\\Component\\Routing\\Attribute\\Route;\nclass Refunds extends AbstractController {\n"
    body = """\
  #[Route('/a')] public function strict() { $this->denyAccessUnlessGranted('ROLE_ADMIN'); return $this->json([]); }
  #[Route('/b')] public function open() { $may = $this->isGranted('ROLE_ADMIN'); return $this->json(['may' => $may]); }
}
"""
    assert roles(tmp_path, {"src/Refunds.php": head + body}) == {"Refunds.strict": "staff", "Refunds.open": "public"}


def test_the_base_that_restricts_outweighs_the_interface_that_does_not(tmp_path: Path) -> None:
    controller = """\
<?php
namespace Shop\\Pay\\Controller\\Adminhtml;
use Magento\\Backend\\App\\Action;
use Magento\\Framework\\App\\Action\\HttpPostActionInterface;
class MarkPaid extends Action implements HttpPostActionInterface { public function execute() {} }
"""
    assert roles(tmp_path, {"Controller/Adminhtml/MarkPaid.php": controller}) == {"MarkPaid.execute": "staff"}


CRON = """\
import { Receiver } from '@upstash/qstash';
import { prisma } from './prisma';
const receiver = new Receiver();
async function fromQueue(req, body) {
  if (process.env.NODE_ENV !== 'production') { return; }
  const genuine = await receiver.verify({ signature: req.headers.get('Upstash-Signature'), body });
  if (!genuine) { throw new Error('forged'); }
}
export async function POST(req) { const body = await req.text(); await fromQueue(req, body); await prisma.payout.updateMany({}); }
export async function GET(req) {
  if (req.headers.get('authorization') !== `Bearer ${process.env.CRON_SECRET}`) { return new Response('no', { status: 401 }); }
  await prisma.payout.updateMany({});
}
export async function PUT(req) { await req.text(); await prisma.payout.updateMany({}); }
"""


def test_what_only_our_scheduler_can_call_is_internal(tmp_path: Path) -> None:
    files = {"next.config.js": "", "app/api/cron/route.ts": CRON}
    assert roles(tmp_path, files) == {"POST": "internal", "GET": "internal", "PUT": "public"}


ACTIONS = """\
'use server';
import { signedIn, anyone } from './clients';
export const archive = signedIn.schema({}).action(async function archived({ input }) { return input; });
export const greet = anyone.schema({}).action(async function greeted({ input }) { return input; });
"""
CLIENTS = """\
import { createSafeActionClient } from 'next-safe-action';
export const anyone = createSafeActionClient({});
export const signedIn = anyone.use(async ({ next }) => {
  const session = await getSession();
  if (!session?.user) { throw new Error('sign in'); }
  return next({ ctx: { user: session.user } });
});
"""


def test_what_a_chain_uses_before_its_action_guards_it(tmp_path: Path) -> None:
    files = {"next.config.js": "", "app/actions.ts": ACTIONS, "app/clients.ts": CLIENTS}
    assert roles(tmp_path, files) == {"archived": "customer", "greeted": "public"}


def test_a_wrapper_that_answers_with_its_handler_stands_for_it(tmp_path: Path) -> None:
    wrapper = """\
export function withUser(handler) {
  return async (request) => {
    const session = await getSession();
    if (!session?.user) { throw new Error('sign in'); }
    return await handler({ session });
  };
}
"""
    route = "import { withUser } from './with-user';\nexport const POST = withUser(async function save({ session }) { return session; });\n"
    files = {"next.config.js": "", "app/with-user.ts": wrapper, "app/api/save/route.ts": route}
    files["app/api/save/route.ts"] = route.replace("./with-user", "../../with-user")
    assert roles(tmp_path, files) == {"save": "customer"}


LARAVEL = """\
<?php
namespace App\\Http;
class Kernel { protected $routeMiddleware = ['locale' => Middleware\\Locale::class, 'member' => Middleware\\Member::class]; }
"""
MIDDLEWARE = """\
<?php
namespace App\\Http\\Middleware;
class {name} {{
  public function handle($request, $next) {{ {check} return $next($request); }}
  private function known($request) {{ if (auth()->check()) {{ return true; }} return false; }}
}}
"""
ROUTES = """\
<?php
use Illuminate\\Support\\Facades\\Route;
Route::post('/a', 'App\\Http\\Pay@a')->middleware('locale');
Route::post('/b', 'App\\Http\\Pay@b')->middleware('member');
"""


def test_a_middleware_that_only_looks_is_no_guard(tmp_path: Path) -> None:
    files = {
        "artisan": "",
        "app/Http/Kernel.php": LARAVEL,
        "app/Http/Middleware/Locale.php": MIDDLEWARE.format(name="Locale", check="$this->known($request);"),
        "app/Http/Middleware/Member.php": MIDDLEWARE.format(
            name="Member", check="if (!$this->known($request)) { return redirect('/login'); }"
        ),
        "app/Http/Pay.php": "<?php\nnamespace App\\Http;\nclass Pay { public function a() {} public function b() {} }\n",
        "routes/web.php": ROUTES,
    }
    assert roles(tmp_path, files) == {"Pay.a": "public", "Pay.b": "customer"}


def test_medusa_middleware_stands_before_the_paths_that_it_names(tmp_path: Path) -> None:
    middlewares = """\
import { authenticate, defineMiddlewares } from '@medusajs/framework/http';
export default defineMiddlewares({
  routes: [
    { matcher: '/store/wallet*', method: 'POST', middlewares: [authenticate('customer', ['session', 'bearer'])] },
    { matcher: '/vendor/:id', middlewares: [authenticate('user', ['session'])] },
  ],
});
"""
    route = "export const {verb} = async function {name}(req, res) {{ res.json({{}}); }};\n"
    files = {
        "medusa-config.ts": "",
        "src/api/middlewares.ts": middlewares,
        "src/api/store/wallet/top-up/route.ts": route.format(verb="POST", name="fill") + route.format(verb="GET", name="look"),
        "src/api/vendor/[id]/route.ts": route.format(verb="POST", name="sell"),
        "src/api/hooks/pay/route.ts": route.format(verb="POST", name="hook"),
    }
    assert roles(tmp_path, files) == {"fill": "customer", "look": "public", "sell": "staff", "hook": "public"}


def test_next_middleware_stands_before_what_its_matcher_names(tmp_path: Path) -> None:
    middleware = """\
import { getToken } from 'next-auth/jwt';
import { NextResponse } from 'next/server';
export async function middleware(request) {
  const user = await getToken({ req: request });
  if (!user) { return new NextResponse('no', { status: 401 }); }
  return NextResponse.next();
}
export const config = { matcher: ['/account/:path*', '/api/orders/:path*'] };
"""
    route = "export async function POST(request) { return Response.json({}); }\n"
    files = {"next.config.js": "", "middleware.ts": middleware, "app/api/orders/[id]/route.ts": route, "app/api/hook/route.ts": route}
    shop = wired(tmp_path, files)
    assert {e.route: e.role for e in shop.entries} == {"/api/orders/[id]": "customer", "/api/hook": "public"}


def test_a_member_of_a_list_of_middleware_may_have_a_key(tmp_path: Path) -> None:
    routes = """\
<?php
use Illuminate\\Support\\Facades\\Route;
use App\\Http\\Controllers\\Pay;
Route::middleware(['middleware' => 'auth', 'cart'])->group(function () { Route::get('/pay', [Pay::class, 'pay']); });
"""
    controller = "<?php\nnamespace App\\Http\\Controllers;\nclass Pay { public function pay() { return 1; } }\n"
    files = {"routes/web.php": routes, "app/Http/Controllers/Pay.php": controller}
    assert roles(tmp_path, files) == {"Pay.pay": "customer"}


KINDS = """\
import { SetMetadata } from '@nestjs/common';
export const Auth = (kinds, options) => SetMetadata('authType', { kinds, options: options ?? { condition: 'and' } });
"""
SHARED_KEY = """\
import { Controller, Post } from '@nestjs/common';
import { Auth } from './kinds';
@Controller('bank')
export class BankController {
  @Post('told') @Auth(['PaymentApiKey']) told() { return {}; }
  @Post('mine') mine() { return {}; }
  @Post('all') @Auth(['None']) all() { return {}; }
}
"""
KIND_GUARD = """\
import { CanActivate, ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(private readonly reflector: Reflector, private readonly ways: Record<string, CanActivate>) {}
  async canActivate(context: ExecutionContext) { return this.ways[this.kinds(context)[0]].canActivate(context); }
  private kinds(context: ExecutionContext) {
    return this.reflector.getAllAndOverride('authType', [context.getHandler(), context.getClass()])?.kinds ?? ['Bearer'];
  }
}
"""


def test_a_route_that_asks_for_a_key_of_ours_is_not_for_browsers(tmp_path: Path) -> None:
    module = """\
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuthenticationGuard } from './guard';
import { BankController } from './bank.controller';
@Module({ controllers: [BankController], providers: [{ provide: APP_GUARD, useClass: AuthenticationGuard }] })
export class AppModule {}
"""
    files = {"src/kinds.ts": KINDS, "src/bank.controller.ts": SHARED_KEY, "src/guard.ts": KIND_GUARD, "src/app.module.ts": module}
    found = roles(tmp_path, files | {"package.json": '{"dependencies": {"@nestjs/common": "^11.0.0"}}'})
    assert found == {"BankController.told": "internal", "BankController.mine": "customer", "BankController.all": "public"}


_VIEW = """\
from django.contrib.auth.mixins import UserPassesTestMixin
from django.http import Http404, HttpResponse
from django.views import View


class Refunds(BASES View):
    BEFORE

    def post(self, request):
        return HttpResponse("done")
"""
_TEST = "def test_func(self):\n        return self.request.user.FIELD"
_DISPATCH = (
    "def dispatch(self, request, *args, **kwargs):\n        if not request.user.FIELD:\n            raise Http404\n"
    "        return super().dispatch(request, *args, **kwargs)"
)


@pytest.mark.parametrize(
    ("bases", "before", "field", "role"),
    [
        ("UserPassesTestMixin,", _TEST, "is_staff", "staff"),
        ("UserPassesTestMixin,", _TEST, "is_active", "customer"),
        ("", _DISPATCH, "is_superuser", "staff"),
        ("", _DISPATCH, "is_authenticated", "customer"),
        ("", "", "", "public"),
    ],
)
def test_what_a_view_asks_before_its_handlers_run_guards_them(tmp_path: Path, bases: str, before: str, field: str, role: str) -> None:
    urls = "from django.urls import path\nfrom shop.views import Refunds\nurlpatterns = [path('refunds', Refunds.as_view())]\n"
    view = _VIEW.replace("BASES", bases).replace("BEFORE", before).replace("FIELD", field)
    found = roles(tmp_path, {"manage.py": "", "requirements.txt": "Django", "shop/urls.py": urls, "shop/views.py": view})
    assert found["Refunds.post"] == role


@pytest.mark.parametrize(
    ("verdict", "role"),
    [
        ("obj.buyer == request.user or request.user.is_staff", "customer"),
        ("request.user.id == obj.buyer.id or request.user.is_staff", "customer"),
        ("obj.buyer is not None and request.user.is_staff", "staff"),
    ],
)
def test_a_guard_that_lets_the_owner_pass_does_not_keep_customers_out(tmp_path: Path, verdict: str, role: str) -> None:
    view = f"""\
from django.urls import path
from rest_framework.permissions import BasePermission
from rest_framework.views import APIView


class BuyerOrStaff(BasePermission):
    def has_permission(self, request, view):
        obj = view.get_parcel()
        return {verdict}


class ParcelView(APIView):
    permission_classes = [BuyerOrStaff]

    def post(self, request):
        return None


urlpatterns = [path("parcel/", ParcelView.as_view())]
"""
    assert roles(tmp_path, {"shop/urls.py": view, "manage.py": ""}) == {"ParcelView.post": role}


@pytest.mark.parametrize(
    ("guard", "role"),
    [
        ("if (!isset($_SESSION['admin_login'])) { header('location: login.php'); exit(); }", "staff"),
        ("if (empty($_SESSION['staff_id'])) { header('Location: login.php'); exit; }", "staff"),
        ("if ($_SESSION['role'] != 'admin') { header('location: login.php'); die(); }", "staff"),
        ("if (!isset($_SESSION['user_id'])) { header('location: login.php'); exit; }", "customer"),
        ("if (!isset($_SESSION['cart'])) { header('location: shop.php'); exit; }", "public"),
        ("if (!isset($_SESSION['admin_login'])) header('location: login.php');", "public"),
        ("include 'guard.php';", "staff"),
    ],
)
def test_a_page_asks_its_session_who_calls(tmp_path: Path, guard: str, role: str) -> None:
    shop = wired(
        tmp_path,
        {
            "db.php": "<?php\n$db = mysqli_connect(getenv('HOST'), 'shop', getenv('PASS'), 'shop');\n",
            "guard.php": "<?php\nif (!isset($_SESSION['admin'])) { header('location: login.php'); exit; }\n",
            "ship.php": f"<?php\nsession_start();\ninclude 'db.php';\n{guard}\n$id = (int) $_GET['id'];\n"
            "mysqli_query($db, \"UPDATE orders SET status = 'shipped' WHERE id = $id\");\n",
        },
    )
    (entry,) = [e for e in shop.entries if e.route == "/ship.php"]
    assert entry.role == role


OWN_SESSIONS = """\
'use server';
import { headers } from 'next/headers';
import { auth } from './auth';
import { prisma } from './db';

async function getCurrentUser() {
  try {
    const session = await auth.api.getSession({ headers: await headers() });
    if (!session?.user?.id) return null;
    return await prisma.user.findUnique({ where: { id: session.user.id }, select: { id: true, role: true } });
  } catch (error) {
    return null;
  }
}

export async function ship(id) {
  try {
    const user = await getCurrentUser();
    if (!user) return { error: 'sign in' };
    if (user?.role !== 'admin') return { error: 'staff only' };
    await prisma.order.update({ where: { id }, data: { status: 'shipped' } });
  } catch (error) {
    return { error: 'failed' };
  }
}

export async function refund(id) {
  const user = await getCurrentUser();
  if (!user || !user.id || user.role !== 'admin') {
    return { error: 'staff only' };
  }
  await prisma.order.update({ where: { id }, data: { status: 'refunded' } });
}

export async function rename(name) {
  const user = await getCurrentUser();
  if (!user?.id) return null;
  await prisma.user.update({ where: { id: user.id }, data: { name } });
}

export async function greet(user) {
  const order = await prisma.order.findFirst({ where: { role: user.role } });
  if (!order || user.role !== 'admin') {
    console.log('a guest');
  }
  return order;
}
"""


def test_actions_are_for_whom_their_heads_let_pass(tmp_path: Path) -> None:
    found = roles(tmp_path, {"next.config.js": "", "actions.ts": OWN_SESSIONS})
    assert found == {"ship": "staff", "refund": "staff", "rename": "customer", "greet": "public"}


EDGE = """\
import { createClient } from 'jsr:@supabase/supabase-js@2';

const supabase = createClient(Deno.env.get('URL'), Deno.env.get('KEY'));

Deno.serve(async (req) => {
  if (req.method === 'OPTIONS') {
    return new Response('ok');
  }
  try {
    const { id, status } = await req.json();
    const header = req.headers.get('authorization');
    if (!header) throw new Error('no header');
    const { data: { user }, error } = await supabase.auth.getUser(header.replace('Bearer ', ''));
    if (error || !user) throw new Error('who?');
    const { data: profile } = await supabase.from('profiles').select('role').eq('id', user.id).single();
    if (profile?.role !== 'admin') throw new Error('staff only');
    await supabase.from('orders').update({ status }).eq('id', id);
    return new Response('ok');
  } catch (error) {
    return new Response(error.message, { status: 400 });
  }
});
"""


def test_the_answer_to_a_preflight_is_not_what_a_function_is_for(tmp_path: Path) -> None:
    assert set(roles(tmp_path, {"supabase/config.toml": "", "supabase/functions/ship/index.ts": EDGE}).values()) == {"staff"}


PAGES = {
    "admin/sales.php": """\
<?php
if (!function_exists('current_user_can') || (!current_user_can('manage_options') && !current_user_can('club_sales'))) {
  die('no');
}
if (isset($_REQUEST['save'])) { include_once __DIR__ . '/sales/keep.php'; }
""",
    "admin/sales/keep.php": "<?php\n$sale = new Sale($_REQUEST['id']);\n$sale->total = $_POST['total'];\n$sale->save();\n",
    "admin/open.php": """\
<?php
if (!current_user_can('club_sales') && !current_user_can('read')) { die('no'); }
$sale = new Sale($_REQUEST['id']);
$sale->save();
""",
    "club.php": """\
<?php
class Api {
  public function routes() {
    register_rest_route('club/v1', '/leave', [
      'methods' => 'POST', 'callback' => [$this, 'leave'], 'permission_callback' => [$this, 'may'],
    ]);
  }
  public function may($request) { $may = current_user_can('club_members'); return apply_filters('club_may', $may, $request); }
  public function leave($request) { Sale::find($request['id'])->delete(); }
}
add_action('rest_api_init', function () { $api = new Api(); $api->routes(); });
""",
}


def test_either_of_two_capabilities_is_asked_and_the_including_page_has_asked_it_for_the_included_one(tmp_path: Path) -> None:
    shop = wired(tmp_path, PAGES)
    assert {e.target.fn.file: e.role for e in shop.entries if e.route and e.route.startswith("/admin")} == {
        "admin/sales.php": "staff",
        "admin/sales/keep.php": "staff",
        "admin/open.php": "customer",
    }
    assert {e.role for e in shop.entries if e.route and e.route.endswith("/leave")} == {"staff"}


def test_a_page_that_one_includer_shows_to_everybody_is_open(tmp_path: Path) -> None:
    shop = wired(tmp_path, {**PAGES, "shop.php": "<?php\nif (isset($_GET['keep'])) { include 'admin/sales/keep.php'; }\n"})
    assert {e.role for e in shop.entries if e.target.fn.file == "admin/sales/keep.php"} == {"public"}


DESK_ROUTES = """\
<?php
use App\\Http\\Controllers\\OrderController;
use Illuminate\\Support\\Facades\\Route;
Route::middleware(['desk'])->group(function () { Route::post('/desk/orders/{id}/status', [OrderController::class, 'move']); });
Route::get('/login', [OrderController::class, 'form'])->middleware('away');
"""
DESK_ORDERS = """\
<?php
namespace App\\Http\\Controllers;
use Illuminate\\Http\\Request;
class OrderController { public function move(Request $request, $id) { return $id; } public function form() { return view('login'); } }
"""
DESK_KERNEL = """\
<?php
namespace App\\Http;
class Kernel extends \\Illuminate\\Foundation\\Http\\Kernel {
  protected $routeMiddleware = ['desk' => \\App\\Http\\Middleware\\Desk::class, 'away' => \\App\\Http\\Middleware\\Away::class];
}
"""
DESK_GUARD = """\
<?php
namespace App\\Http\\Middleware;
use Closure;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\Auth;
class {name} {{
  public function handle(Request $request, Closure $next) {{
    if ({asked}) {{ return redirect()->route('home')->with('error', 'Not here.'); }}
    return $next($request);
  }}
}}
"""


def test_a_middleware_that_sends_away_whoever_is_not_signed_in_at_a_desk_of_staff(tmp_path: Path) -> None:
    files = {
        "routes/web.php": DESK_ROUTES,
        "app/Http/Kernel.php": DESK_KERNEL,
        "app/Http/Controllers/OrderController.php": DESK_ORDERS,
        "app/Http/Middleware/Desk.php": DESK_GUARD.format(name="Desk", asked="!Auth::guard('admin')->check()"),
        "app/Http/Middleware/Away.php": DESK_GUARD.format(name="Away", asked="Auth::guard('admin')->check()"),
    }
    assert roles(tmp_path, files) == {"OrderController.move": "staff", "OrderController.form": "public"}


@pytest.mark.parametrize(
    ("guard", "role"),
    [
        ("if (event.url.pathname.startsWith('/admin') && !(await isAdmin(event))) redirect(302, '/login');", "staff"),
        ("if (!event.url.pathname.startsWith('/admin')) return resolve(event);\n  if (!(await isAdmin(event))) error(403);", "staff"),
        (
            "const kept = ['/admin'].some((part) => event.url.pathname.startsWith(part));\n  if (kept && !isAdmin(event)) error(403);",
            "staff",
        ),
        ("if (event.url.pathname.startsWith('/admin')) event.setHeaders({ 'x-admin': '1' });", "public"),
        ("if (event.url.pathname.startsWith('/shop') && !(await isAdmin(event))) error(403);", "public"),
    ],
)
def test_a_part_of_the_site_that_its_hook_keeps_for_staff(tmp_path: Path, guard: str, role: str) -> None:
    hook = f"""\
import {{ error, redirect }} from '@sveltejs/kit';
import {{ isAdmin }} from '$lib/server/session';

export const handle = async ({{ event, resolve }}) => {{
  {guard}
  return resolve(event);
}};
"""
    action = "export const actions = { paid: async ({ request }) => { await request.formData(); } };\n"
    files = {"svelte.config.js": "export default {};\n", "src/hooks.server.ts": hook, "src/routes/admin/orders/+page.server.ts": action}
    entries = [e for e in wired(tmp_path, files).entries if e.route == "/admin/orders"]
    assert [e.role for e in entries] == [role]


def test_what_a_guard_only_notes_it_does_not_ask_and_a_permission_to_manage_is_for_staff(tmp_path: Path) -> None:
    app = """\
const express = require('express')
const hooks = require('some-hooks')
const app = express()

function guard(req, res, next) {
  const user = lookUp(req.cookies.session)
  if (!user) return res.status(401).end()
  req.user = { id: user.id, isAdmin: user.isAdmin }
  next()
}

app.post('/mine', guard, (req, res) => res.end())
app.post('/theirs', hooks.authorize('manage_orders', 'manage_payments'), (req, res) => res.end())
app.post('/own', hooks.authorize('manage_my_orders'), (req, res) => res.end())
"""
    roles = {e.route: e.role for e in wired(tmp_path, {"package.json": "{}", "app.js": app}).entries}
    assert roles == {"/mine": "customer", "/theirs": "staff", "/own": "customer"}


SELLING = """\
const express = require('express');
const router = express.Router();
const { protect, restrictTo } = require('./guard');

router.post('/sent', protect, restrictTo('ROLE'), (req, res) => res.json({}));
module.exports = router;
"""
GUARD = """\
exports.protect = (req, res, next) => (req.user ? next() : res.status(401).end());
exports.restrictTo = (...roles) => (req, res, next) => (roles.includes(req.user.role) ? next() : res.status(403).end());
"""


@pytest.mark.parametrize(("role", "side"), [("seller", "staff"), ("vendor", "staff"), ("buyer", "customer")])
def test_who_sells_is_on_the_shops_side(tmp_path: Path, role: str, side: str) -> None:
    app = "const app = require('express')();\napp.use('/orders', require('./routes'));\n"
    files = {"app.js": app, "routes.js": SELLING.replace("ROLE", role), "guard.js": GUARD}
    assert list(roles(tmp_path, files).values()) == [side]


@pytest.mark.parametrize(
    ("guard", "side"),
    [("hasRole:cashier", "staff"), ("CheckRole:admin,cashier", "staff"), ("hasRole:user", "customer"), ("hasRole:cashier,user", "customer"),
     ("role:cashier", "staff"), ("role:buyer", "customer")],
)  # fmt: skip
def test_a_middleware_of_ones_own_that_is_told_roles(tmp_path: Path, guard: str, side: str) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11"}}',
        "artisan": "",
        "routes/web.php": "<?php\nuse App\\Http\\Controllers\\Desk;\nuse Illuminate\\Support\\Facades\\Route;\n"
        f"Route::middleware(['auth', '{guard}'])->group(function () {{ Route::post('/paid/{{id}}', [Desk::class, 'paid']); }});\n",
        "app/Http/Controllers/Desk.php": "<?php\nnamespace App\\Http\\Controllers;\nclass Desk { function paid($id) {} }\n",
    }
    assert list(roles(tmp_path, files).values()) == [side]


ASKED = {
    "staff": [
        "if (user.role !== 'admin' && user.role !== 'partner') throw new Error('no')",
        "if (!['master', 'employee'].includes(user.role)) throw new Error('no')",
        "const master = user.role === 'master'\n const sells = user._id === show.partnerId\n if (!master && !sells) throw new Error('no')",
        "const may = user.role === 'admin' || (user.role === 'partner' && show.partnerId === user._id)\n if (!may) throw new Error('no')",
        "requireRole(user, ['admin', 'manager'])",
        "const actor = requireCan(user, 'manage_orders')",
    ],
    "public": [
        "if (user.role !== 'admin' && user.role !== 'customer') throw new Error('no')",
        "if (!['master', 'buyer'].includes(user.role)) throw new Error('no')",
        "if (show.type !== 'master') throw new Error('no')",
        "const master = user.role === 'master'\n const bought = user._id === show.buyerId\n if (!master && !bought) throw new Error('no')",
        "requireRole(user, ['admin', 'customer'])",
        "const actor = requireCan(user, 'read_orders')",
    ],
}


@pytest.mark.parametrize(("role", "asked"), [(role, asked) for role, listed in ASKED.items() for asked in listed])
def test_who_may_is_asked_in_the_code_itself(tmp_path: Path, role: str, asked: str) -> None:
    code = f"""
const express = require('express')
const {{ User, Show }} = require('./models')
const app = express()

function requireRole(user, allowed) {{ if (!allowed.includes(user.role)) throw new Error('no') }}
function requireCan(user, right) {{ if (!user.rights.includes(right)) throw new Error('no')\n return user }}

app.post('/shows/:id/confirm', async function confirm(req, res) {{
  const user = await User.findById(req.session.userId)
  const show = await Show.findById(req.params.id)
  {asked}
  await show.updateOne({{ status: 'confirmed' }})
  res.json({{}})
}})
"""
    assert roles(tmp_path, {"shows.js": code})["confirm"] == role


def test_a_guard_is_the_function_that_its_module_gives(tmp_path: Path) -> None:
    routes = """\
const router = require('express').Router();
const signedIn = require('./signedIn');
const desk = require('./desk');
router.post('/mine', signedIn, async (req, res) => res.json({}));
router.post('/all', [signedIn, desk], function (req, res) { res.json({}); });
module.exports = router;
"""
    signed = """\
const jwt = require('jsonwebtoken');
const only = (req, res, next) => {
  try { req.user = jwt.verify(req.cookies.token, process.env.TOKEN_SECRET); next(); }
  catch (error) { res.status(401).json({ message: 'no' }); }
};
module.exports = only;
"""
    desk = "module.exports = (req, res, next) => { if (!req.user.isAdmin) return res.status(403).end(); next(); };\n"
    shop = wired(
        tmp_path,
        {
            "app.js": "const app = require('express')();\napp.use('/bookings', require('./routes'));\n",
            "routes.js": routes,
            "signedIn.js": signed,
            "desk.js": desk,
        },
    )
    assert {(e.route, e.role) for e in shop.entries} == {("/bookings/mine", "customer"), ("/bookings/all", "staff")}


def test_codeigniter_asks_its_session_and_turns_away(tmp_path: Path) -> None:
    def of(key: str, asks: str, away: str) -> str:
        page = f"<?php\nclass Orders extends CI_Controller {{\n  public function __construct() {{ if ({asks}) {{ {away} }} }}\n"
        page += "  public function paid($id) { $this->db->where('id', $id)->update('orders', ['status' => 'paid']); }\n}\n"
        return roles(tmp_path / key, {"application/controllers/Orders.php": page})["Orders.paid"]

    assert of("desk", "!$this->session->userdata('admin_id')", "redirect('admin/login');") == "staff"
    assert of("buyer", "!$this->session->userdata('logged_in')", "redirect('login');") == "customer"
    assert of("role", "$this->session->userdata('role') != 'admin'", "redirect('login');") == "staff"
    assert of("basket", "!$this->session->userdata('cart')", "redirect('cart');") == "public"
    assert of("nothing", "$this->session->userdata('user_id') == ''", "redirect('login');") == "customer"
    assert of("held to", "$this->session->userdata('login') != 'yes'", "redirect('login');") == "customer"


def test_a_base_controller_asks_under_the_key_that_it_is_told_and_is_named_for_whom_it_lets_pass(tmp_path: Path) -> None:
    base = """\
<?php
class Signed_Controller extends CI_Controller {
  public function __construct($key, $value) { parent::__construct(); if ($this->session->userdata($key) != $value) { redirect('login'); } }
}
class Admin_Controller extends Signed_Controller { public function __construct() { parent::__construct('user_type', 1); } }
class Guest_Controller extends Signed_Controller { public function __construct() { parent::__construct('user_type', 2); } }
class Cart_Controller extends Signed_Controller { public function __construct() { parent::__construct('cart', 1); } }
class Admin_Page extends CI_Controller { public function __construct() { parent::__construct(); $this->load->helper('url'); } }
"""

    def of(name: str, own: str = "") -> str:
        page = f"<?php\nclass Orders extends {name} {{\n  {own}\n"
        page += "  public function paid($id) { $this->db->where('id', $id)->update('orders', ['status' => 'paid']); }\n}\n"
        files = {"application/core/MY_Controller.php": base, "application/controllers/Orders.php": page}
        return roles(tmp_path / f"{name}{len(own)}", files)["Orders.paid"]

    assert of("Admin_Controller") == "staff"
    assert of("Admin_Controller", "public function __construct() { parent::__construct(); $this->load->model('orders'); }") == "staff"
    assert of("Guest_Controller") == "customer"
    assert of("Cart_Controller") == "public"
    assert of("Admin_Page") == "public"  # a name alone refuses nobody


def test_whoever_has_not_signed_in_sees_only_the_pages_where_one_signs_in(tmp_path: Path) -> None:
    def of(name: str, pages: str) -> str:
        base = "<?php\nclass Shop_Controller extends CI_Controller {\n  public function __construct() {\n    $here = uri_string();\n"
        base += f"    if (!isset($_SESSION['user_id']) && !in_array($here, {pages})) {{ redirect('login'); }}\n  }}\n}}\n"
        page = "<?php\nclass Orders extends Shop_Controller {\n"
        page += "  public function paid($id) { $this->db->where('id', $id)->update('orders', ['status' => 'paid']); }\n}\n"
        files = {"application/core/MY_Controller.php": base, "application/controllers/Orders.php": page}
        return roles(tmp_path / name, files)["Orders.paid"]

    assert of("signing in", "['shop/login', 'shop/register']") == "customer"
    assert of("more than that", "['shop/login', 'orders/paid']") == "public"


def test_a_permission_that_lets_staff_pass_at_once_may_let_others_pass_too(tmp_path: Path) -> None:
    def of(name: str, rest: str) -> str:
        view = f"""\
from rest_framework import permissions
from rest_framework.views import APIView
class Mine(permissions.BasePermission):
    def has_permission(self, request, view):
        if request.user.is_superuser:
            return True
        {rest}
class Orders(APIView):
    permission_classes = [Mine]
    def post(self, request):
        return None
"""
        urls = "from django.urls import path\nfrom .views import Orders\nurlpatterns = [path('orders/', Orders.as_view())]\n"
        return roles(tmp_path / name, {"shop/__init__.py": "", "shop/views.py": view, "shop/urls.py": urls})["Orders.post"]

    assert of("customers", 'return Profile.objects.get(user=request.user).role == "customer"') == "customer"
    assert of("sellers", 'return request.user.role == "seller"') == "staff"
    assert of("readers", "return request.method in permissions.SAFE_METHODS") == "staff"
    assert of("nobody", "return False") == "staff"


FLASK = """\
from functools import wraps
from flask import Blueprint, Flask, abort, g, redirect, session
app = Flask(__name__)
def seen(view):
    @wraps(view)
    def wrapped(**kwargs):
        if g.user is None:
            return redirect('/login')
        return view(**kwargs)
    return wrapped
@app.post('/seen')
@seen
def by_decorator():
    return ''
@app.post('/head')
def by_its_head():
    if 'user_id' not in session:
        return redirect('/login')
    return ''
@app.post('/desk')
def of_staff():
    if not session.get('admin_logged_in'):
        return redirect('/login')
    return ''
@app.post('/basket')
def open_to_all():
    if not session.get('cart'):
        return redirect('/shop')
    return ''
desk = Blueprint('desk', __name__, url_prefix='/d')
@desk.before_request
def only_staff():
    if not session.get('is_admin'):
        return redirect('/login')
@desk.post('/refund')
def below():
    return ''
app.register_blueprint(desk)
"""


def test_flask_asks_its_session(tmp_path: Path) -> None:
    found = roles(tmp_path, {"app.py": FLASK, "requirements.txt": "flask\n"})
    assert found == {
        "by_decorator": "customer",
        "by_its_head": "customer",
        "of_staff": "staff",
        "open_to_all": "public",
        "below": "staff",
    }


def test_settings_say_who_may_take_views_that_say_nothing(tmp_path: Path) -> None:
    views = """\
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny, IsAdminUser
from rest_framework.views import APIView
class Silent(APIView):
    def post(self, request): pass
class Open(APIView):
    permission_classes = []
    def post(self, request): pass
class Desk(APIView):
    permission_classes = [IsAdminUser]
    def post(self, request): pass
@api_view(['POST'])
def silent(request): pass
@api_view(['POST'])
@permission_classes([AllowAny])
def opened(request): pass
"""
    urls = "from django.urls import path\nfrom .views import *\nfrom . import views\n"
    urls += "urlpatterns = [path('a/', views.Silent.as_view()), path('b/', views.Open.as_view()), path('c/', views.Desk.as_view()),\n"
    urls += "    path('d/', views.silent), path('e/', views.opened)]\n"
    settings = "REST_FRAMEWORK = {'DEFAULT_PERMISSION_CLASSES': ['rest_framework.permissions.IsAuthenticated']}\n"
    shop = {"shop/__init__.py": "", "shop/views.py": views, "shop/urls.py": urls, "shop/settings.py": settings}
    assert roles(tmp_path, shop) == {
        "Silent.post": "customer",
        "Open.post": "public",
        "Desk.post": "staff",
        "silent": "customer",
        "opened": "public",
    }


def test_a_view_set_chooses_its_permissions_by_the_action(tmp_path: Path) -> None:
    views = """\
from rest_framework import viewsets
from rest_framework.permissions import AllowAny, IsAdminUser, IsAuthenticated
class Listed(viewsets.ModelViewSet):
    permission_classes = [IsAuthenticated]
    def get_permissions(self):
        if self.action in ['update', 'destroy']:
            return [IsAdminUser()]
        return super().get_permissions()
    def create(self, request): pass
    def update(self, request, pk=None): pass
class Told(viewsets.ModelViewSet):
    def get_permissions(self):
        if self.action == 'retrieve':
            permission_classes = [AllowAny]
        else:
            permission_classes = [IsAdminUser]
        return [permission() for permission in permission_classes]
    def retrieve(self, request, pk=None): pass
    def perform_create(self, serializer): serializer.save()
"""
    urls = "from django.urls import include, path\nfrom rest_framework.routers import DefaultRouter\nfrom . import views\n"
    urls += "router = DefaultRouter()\nrouter.register('listed', views.Listed)\nrouter.register('told', views.Told)\n"
    urls += "urlpatterns = [path('api/', include(router.urls))]\n"
    assert roles(tmp_path, {"shop/__init__.py": "", "shop/views.py": views, "shop/urls.py": urls}) == {
        "Listed.create": "customer",
        "Listed.update": "staff",
        "Told.retrieve": "public",
        "Told.perform_create": "staff",
    }


LOOKS_UP = """\
import jwt from 'jsonwebtoken';
import User from './user.js';
import Admin from './admin.js';
export const signedIn = async (req, res, next) => {
  const told = jwt.verify(req.cookies.token, process.env.JWT_SECRET);
  let who = null;
  if (told.role === 'admin') who = await Admin.findById(told.id);
  if (!who) who = await User.findById(told.id);
  if (!who) return res.status(401).json({ message: 'sign in' });
  req.user = who;
  return next();
};
export const staffOnly = async (req, res, next) => {
  const told = jwt.verify(req.cookies.token, process.env.JWT_SECRET);
  if (told.role !== 'admin') return res.status(403).end();
  req.user = await Admin.findById(told.id);
  next();
};
export const crew = (roles) => (req, res, next) => (roles.includes(req.user.role) ? next() : res.status(403).end());
"""


def test_a_guard_that_only_looks_up_by_role_lets_customers_pass(tmp_path: Path) -> None:
    app = """\
import express from 'express';
import { signedIn, staffOnly, crew } from './auth.js';
const app = express();
app.post('/pay', signedIn, function pay(req, res) { res.json({}); });
app.post('/refund', staffOnly, function refund(req, res) { res.json({}); });
app.post('/assign', signedIn, crew(['driver']), function assign(req, res) { res.json({}); });
"""
    models = dict.fromkeys(
        ("user.js", "admin.js"), "import mongoose from 'mongoose';\nexport default mongoose.model('X', new mongoose.Schema({}));\n"
    )
    found = roles(tmp_path, {"package.json": '{"dependencies": {"express": "4"}}', "auth.js": LOOKS_UP, "app.js": app, **models})
    assert {"pay": "customer", "refund": "staff"}.items() <= found.items()


def test_a_python_guard_that_only_looks_up_by_role_lets_customers_pass(tmp_path: Path) -> None:
    code = """\
from functools import wraps

import jwt
from flask import Flask, g, request, abort

from people import KEY, admins, users

app = Flask(__name__)


def signed_in(view):
    @wraps(view)
    def inner(*args, **kwargs):
        told, who = jwt.decode(request.headers["Authorization"], KEY, ["HS256"]), None
        if told["role"] == "admin":
            who = admins.get(told["id"])
        who = who or users.get(told["id"])
        if who is None:
            abort(401)
        g.user = who
        return view(*args, **kwargs)
    return inner


def staff_only(view):
    @wraps(view)
    def inner(*args, **kwargs):
        told = jwt.decode(request.headers["Authorization"], KEY, ["HS256"])
        if told["role"] != "admin":
            abort(403)
        return view(*args, **kwargs)
    return inner


@app.post("/pay")
@signed_in
def pay():
    return {}


@app.post("/refund")
@staff_only
def refund():
    return {}
"""
    found = roles(tmp_path, {"app.py": code, "requirements.txt": "flask\n", "people.py": "KEY = admins = users = {}\n"})
    assert found == {"pay": "customer", "refund": "staff"}


_METHODS = """\
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.http import require_http_methods

from shop.guards import access_log, allow_roles


@require_http_methods(["POST"])
def open_to_all(request):
    return HttpResponse("")


@access_log("short")
def logged(request):
    return HttpResponse("")


@allow_roles("admin")
def kept(request):
    return HttpResponse("")


urlpatterns = [path("open/", open_to_all), path("logged/", logged), path("kept/", kept)]
"""


def test_methods_of_requests_are_no_roles(tmp_path: Path) -> None:
    files = {"manage.py": "", "requirements.txt": "django\n", "shop/views.py": _METHODS}
    assert roles(tmp_path, files) == {"open_to_all": "public", "logged": "public", "kept": "staff"}


_GUESTS = """\
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.generic import CreateView, TemplateView


class Register(CreateView):
    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            return redirect("home")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form):
        return super().form_valid(form)


class Mine(TemplateView):
    def dispatch(self, request, *args, **kwargs):
        if not request.user.is_authenticated:
            return redirect("login")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request):
        return HttpResponse("")


urlpatterns = [path("register/", Register.as_view()), path("mine/", Mine.as_view())]
"""


def test_a_page_that_sends_on_who_has_signed_in_is_for_strangers(tmp_path: Path) -> None:
    files = {"manage.py": "", "requirements.txt": "django\n", "shop/views.py": _GUESTS}
    assert roles(tmp_path, files) == {"Register.form_valid": "public", "Mine.get": "customer"}
