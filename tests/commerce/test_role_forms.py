"""Who may take a way in, by the ways in which shops write their guards."""

from pathlib import Path

import pytest

from tests.commerce.test_roles import roles
from tests.commerce.wired import wired

_APP = """\
const express = require('express');
const { guard } = require('./guard');
const { ROLES } = require('./roles');
const app = express();
app.post('/paid/:id', CHAIN, (req, res) => res.json({}));
"""
_CATCH = (
    "const jwt = require('jsonwebtoken');\nconst catching = (fn) => (req, res, next) => Promise.resolve(fn(req, res, next)).catch(next);\n"
)
_TOLD = """\
exports.guard = (...roles) => catching(async (req, res, next) => {
  const token = req.headers.authorization;
  if (roles.includes('guest') && !token) return next();
  if (!token) throw new Error('no token');
  const known = jwt.verify(token, process.env.SECRET);
  if (!roles.includes(known.role)) throw new Error('forbidden');
  req.user = known;
  next();
});
"""
_ONE = """\
exports.guard = (role) => (req, res, next) => {
  const known = jwt.verify(req.cookies.token, process.env.SECRET);
  if (known.role !== role) return next(new Error('forbidden'));
  next();
};
"""


@pytest.mark.parametrize(
    ("chain", "guard", "role"),
    [
        ("guard('admin')", _TOLD, "staff"),
        ("guard(ROLES.ADMIN, ROLES.MANAGER)", _TOLD, "staff"),
        ("guard('user', 'admin')", _TOLD, "customer"),
        ("guard(ROLES.ADMIN)", _ONE, "staff"),
        ("guard(ROLES.USER)", _ONE, "customer"),
    ],
)
def test_a_guard_of_ones_own_that_is_told_roles(tmp_path: Path, chain: str, guard: str, role: str) -> None:
    files = {
        "package.json": "{}",
        "app.js": _APP.replace("CHAIN", chain),
        "guard.js": _CATCH + guard,
        "roles.js": "exports.ROLES = { ADMIN: 'admin', MANAGER: 'manager', USER: 'user' };\n",
    }
    assert list(roles(tmp_path, files).values()) == [role]


_DESK = """\
<?php
namespace App\\Http\\Controllers;
class Desk { function paid($id) { DEMANDS } }
"""
_KERNEL = """\
<?php
namespace App\\Http;
class Kernel {
    protected $routeMiddleware = [
        'desk' => Middleware\\Desk::class, 'role' => Middleware\\Desk::class, 'ceklevel' => Middleware\\Desk::class,
    ];
}
"""
_MIDDLEWARE = """\
<?php
namespace App\\Http\\Middleware;
use Closure;
use Illuminate\\Support\\Facades\\Auth;
class Desk { public function handle($request, Closure $next, ...$levels) { ASKS } }
"""
_LISTED = "if (in_array($request->user()->level, $levels)) { return $next($request); } return redirect('/');"


@pytest.mark.parametrize(
    ("guards", "asks", "demands", "role"),
    [
        ("'auth', 'desk'", "if (Auth::user()->is_admin == 1) { return $next($request); } return redirect('/');", "", "staff"),
        ("'auth', 'desk'", "if (Auth::user()->is_admin == 0) { return $next($request); } return redirect('/');", "", "customer"),
        ("'auth', 'desk'", "if (Auth::user()->usertype == 'admin') { return $next($request); } return redirect('/');", "", "staff"),
        ("'ceklevel:CEO'", _LISTED, "", "customer"),
        ("'ceklevel:ADMIN,CEO,STAFF'", _LISTED, "", "staff"),
        ("'ceklevel:pelanggan,admin'", _LISTED, "", "customer"),
        ("'role:user,admin'", _LISTED, "", "customer"),
        ("'role:admin,ceo'", _LISTED, "", "staff"),
        ("'auth:sanctum', 'ability:admin'", _LISTED, "", "staff"),
        ("'auth:sanctum', 'ability:customer'", _LISTED, "", "customer"),
        ("'auth'", _LISTED, "$this->authorize('admin');", "staff"),
        ("'auth'", _LISTED, "$this->authorize('view-orders');", "customer"),
    ],
)
def test_what_middleware_of_laravel_is_told(tmp_path: Path, guards: str, asks: str, demands: str, role: str) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^10"}}',
        "artisan": "",
        "routes/web.php": "<?php\nuse App\\Http\\Controllers\\Desk;\nuse Illuminate\\Support\\Facades\\Route;\n"
        f"Route::post('/paid/{{id}}', [Desk::class, 'paid'])->middleware([{guards}]);\n",
        "app/Http/Controllers/Desk.php": _DESK.replace("DEMANDS", demands),
        "app/Http/Kernel.php": _KERNEL,
        "app/Http/Middleware/Desk.php": _MIDDLEWARE.replace("ASKS", asks),
    }
    assert list(roles(tmp_path, files).values()) == [role]


_NEST = {
    "package.json": '{"dependencies": {"@nestjs/core": "10"}}',
    "src/guards.ts": """\
import { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { KEY } from './roles';
export class Session extends AuthGuard('jwt') {}
export class Rights implements CanActivate {
  constructor(private reflector: Reflector) {}
  canActivate(context: ExecutionContext) {
    const wanted = this.reflector.getAllAndOverride(KEY, [context.getHandler(), context.getClass()]);
    if (!wanted) return true;
    return wanted.includes(context.switchToHttp().getRequest().user.role);
  }
}
""",
}
_MADE = """\
import { Reflector } from '@nestjs/core';
export enum Role { User = 'user', Admin = 'admin' }
export const Roles = Reflector.createDecorator<Role[]>();
export const KEY = Roles;
"""
_JOINED = """\
import { SetMetadata, UseGuards, applyDecorators } from '@nestjs/common';
import { Rights, Session } from './guards';
export enum Role { User = 'user', Admin = 'admin' }
export const KEY = 'roles';
export const Allow = (...roles: Role[]) => SetMetadata(KEY, roles);
export const Roles = (roles: Role[]) => applyDecorators(Allow(...roles), UseGuards(Session, Rights));
"""


@pytest.mark.parametrize(("made", "guarded"), [(_MADE, "@UseGuards(Session, Rights) "), (_JOINED, "")])
@pytest.mark.parametrize(("told", "role"), [("[Role.Admin]", "staff"), ("[Role.Admin, Role.User]", "customer")])
def test_decorators_that_nest_makes_or_joins(tmp_path: Path, made: str, guarded: str, told: str, role: str) -> None:
    desk = f"""\
import {{ Controller, Post, UseGuards }} from '@nestjs/common';
import {{ Role, Roles }} from './roles';
import {{ Rights, Session }} from './guards';
@Controller('desk')
export class Desk {{
  @Post('paid/:id') @Roles({told}) {guarded}paid() {{ return {{}}; }}
}}
"""
    assert list(roles(tmp_path, {**_NEST, "src/roles.ts": made, "src/desk.controller.ts": desk}).values()) == [role]


@pytest.mark.parametrize(
    ("app", "role"),
    [
        (
            (
                "const f = require('fastify')();\n"
                "f.decorate('known', async (request, reply) => { try { await request.jwtVerify(); } catch (err) { reply.send(err); } });\n"
                "f.post('/paid/:id', { onRequest: [f.known] }, async () => ({}));\n"
            ),
            "customer",
        ),
        (
            (
                "const app = require('express')();\n"
                "const ours = (req, res, next) => {\n"
                "  if (req.headers['x-api-key'] !== process.env.DESK_API_KEY) return res.status(401).end();\n"
                "  next();\n};\n"
                "app.post('/paid/:id', ours, (req, res) => res.json({}));\n"
            ),
            "internal",
        ),
        (
            (
                "const app = require('express')();\n"
                "const ours = (req, res, next) => {\n"
                "  if (req.headers['x-signature'] !== sign(req.body, process.env.WEBHOOK_SECRET)) return res.status(401).end();\n"
                "  next();\n};\n"
                "app.post('/paid/:id', ours, (req, res) => res.json({}));\n"
            ),
            "public",
        ),
    ],
)
def test_what_a_guard_asks_of_whoever_is_no_visitor(tmp_path: Path, app: str, role: str) -> None:
    files = {"package.json": '{"dependencies": {"fastify": "4", "express": "4"}}', "app.js": app}
    assert list(roles(tmp_path, files).values()) == [role]


_PATHS = "\nexport const config = { matcher: ['/api/paid/:path*'] };\n"


@pytest.mark.parametrize(
    ("middleware", "role"),
    [
        ("export { default } from 'next-auth/middleware';", "customer"),
        (
            (
                "import { withAuth } from 'next-auth/middleware';\n"
                "export default withAuth({ callbacks: { authorized: ({ token }) => token?.role === 'admin' } });"
            ),
            "staff",
        ),
        (
            (
                "import { withAuth } from 'next-auth/middleware';\n"
                "export default withAuth({ callbacks: { authorized: ({ token }) => Boolean(token) } });"
            ),
            "customer",
        ),
        ("import { logged } from './logged';\nexport default logged({ level: 'info' });", "public"),
    ],
)
def test_what_stands_before_the_paths_of_next(tmp_path: Path, middleware: str, role: str) -> None:
    files = {
        "package.json": '{"dependencies": {"next": "14", "next-auth": "4"}}',
        "next.config.js": "",
        "middleware.ts": middleware + _PATHS,
        "app/api/paid/route.ts": "export async function POST(request: Request) { return Response.json({}); }\n",
    }
    assert [e.role for e in wired(tmp_path, files).entries] == [role]


_ROUTE = """\
import {{ NextResponse }} from 'next/server';
import {{ answering, checked, isAuthenticated, isAdmin, currentUser }} from '@/lib/guard';
import Order from '@/models/order';
const say = (me) => NextResponse.json({{ me }});
export async function POST(request) {{
  {work}
}}
"""
_NEXT_GUARD = """\
import jwt from 'jsonwebtoken';
export const isAuthenticated = async (req) => {
  const token = req.headers.get('authorization');
  if (!token) throw new Error('Not authenticated');
  return jwt.verify(token, process.env.JWT_SECRET);
};
export const currentUser = async (req) => {
  const token = req.headers.get('authorization');
  if (!token) return null;
  if (token.length > 4096) throw new Error('too long');
  return jwt.verify(token, process.env.JWT_SECRET);
};
export const isAdmin = async (req) => {
  const decoded = await isAuthenticated(req);
  if (!decoded.isAdmin) throw new Error('Not authorized as admin');
  return decoded;
};
export const answering = async (req, work) => {
  try { return await work(req); } catch (error) { return Response.json({ error: error.message }, { status: 500 }); }
};
export const checked = async (req, work) => {
  const user = await isAuthenticated(req).catch(() => null);
  if (!user) return Response.json({}, { status: 401 });
  return work(user);
};
"""


@pytest.mark.parametrize(
    ("work", "role"),
    [
        ("return answering(request, async () => { await isAdmin(request); return Response.json(await Order.find()); });", "staff"),
        ("return await answering(request, async () => { await isAdmin(request); return Response.json(await Order.find()); });", "staff"),
        ("return answering(request, async () => { const me = await isAuthenticated(request); return say(me); });", "customer"),
        ("const me = await isAuthenticated(request);\n  return Response.json({ me });", "customer"),
        ("const it = await answering(request, async () => { await isAdmin(request); return say(1); });\n  return it;", "staff"),
        ("return answering(request, async () => { const me = await currentUser(request); return say(me); });", "public"),
        ("return answering(request, async () => Response.json(await Order.find()));", "public"),
        ("return checked(request, async (me) => Response.json({ me }));", "customer"),
        ("answering(request, async () => { await isAdmin(request); });\n  return Response.json(await Order.find());", "public"),
    ],
)  # fmt: skip
def test_a_handler_that_hands_over_the_whole_of_its_work(tmp_path: Path, work: str, role: str) -> None:
    files = {
        "package.json": '{"dependencies": {"next": "15", "jsonwebtoken": "9"}}',
        "tsconfig.json": '{"compilerOptions": {"paths": {"@/*": ["./*"]}}}',
        "app/api/orders/route.js": _ROUTE.format(work=work),
        "lib/guard.js": _NEXT_GUARD,
        "models/order.js": "export default { find: async () => [] };\n",
    }
    assert list(roles(tmp_path, files).values()) == [role]


_FIREBASE = """\
const admin = require('./firebase');
const catching = (fn) => (req, res, next) => Promise.resolve(fn(req, res, next)).catch(next);
exports.known = catching(async (req, res, next) => {
  const token = (req.headers.authorization || '').replace('Bearer ', '');
  if (!token) return next(new Error('please log in'));
  req.user = await admin.auth().verifyIdToken(token);
  next();
});
exports.ours = catching(async (req, res, next) => {
  if (!req.user || req.user.role !== 'admin') return next(new Error('admins only'));
  next();
});
"""


@pytest.mark.parametrize(("chain", "role"), [("known", "customer"), ("known, ours", "staff")])
def test_firebases_admin_is_no_admin(tmp_path: Path, chain: str, role: str) -> None:
    files = {
        "package.json": "{}",
        "firebase.js": "const admin = require('firebase-admin');\nadmin.initializeApp();\nmodule.exports = admin;\n",
        "guard.js": _FIREBASE,
        "app.js": "const app = require('express')();\nconst { known, ours } = require('./guard');\n"
        f"app.get('/mine', {chain}, (req, res) => res.json({{}}));\n",
    }
    assert list(roles(tmp_path, files).values()) == [role]


@pytest.mark.parametrize(
    ("asks", "role"),
    [
        ("if (!req.body.userId || !req.body.orderId) throw 'No body params';", "public"),
        ("if (!req.body?.userId) return res.status(400).end();", "public"),
        ("if (!req.query.user) return res.status(400).end();", "public"),
        ("const { userId } = req.params;\n  if (!userId) return res.status(400).end();", "public"),
        ("if (!req.headers['user-id']) return res.status(401).end();", "public"),
        ("if (!req.userId) return res.status(401).end();", "customer"),
        ("if (!req.user) return res.status(401).end();", "customer"),
        ("if (!req.session.userId) return res.status(401).end();", "customer"),
    ],
)
def test_whom_the_sender_names_is_not_who_he_is(tmp_path: Path, asks: str, role: str) -> None:
    app = f"const app = require('express')();\napp.put('/orders', async (req, res) => {{\n  {asks}\n  res.json({{}});\n}});\n"
    assert list(roles(tmp_path, {"package.json": "{}", "app.js": app}).values()) == [role]


@pytest.mark.parametrize(
    ("demands", "role"),
    [
        ("return DB::transaction(function () use ($id) { abort_unless(auth()->user()->is_admin, 403); Order::find($id)->delete(); });",
         "staff"),
        ("DB::transaction(function () use ($id) { Order::find($id)->delete(); }); return back();", "public"),
    ],
)  # fmt: skip
def test_a_controller_whose_work_is_a_transaction(tmp_path: Path, demands: str, role: str) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11"}}',
        "artisan": "",
        "routes/api.php": "<?php\nuse App\\Http\\Controllers\\Desk;\nuse Illuminate\\Support\\Facades\\Route;\n"
        "Route::post('/paid/{id}', [Desk::class, 'paid']);\n",
        "app/Http/Controllers/Desk.php": _DESK.replace("DEMANDS", demands),
    }
    assert list(roles(tmp_path, files).values()) == [role]


@pytest.mark.parametrize(
    ("allows", "role"),
    [("return true;", "public"), ("return auth()->check();", "customer"), ("return $this->user()->is_admin;", "staff")],
)
def test_a_form_request_that_says_yes_to_everybody(tmp_path: Path, allows: str, role: str) -> None:
    request = (
        "<?php\nnamespace App\\Http\\Requests;\nuse Illuminate\\Foundation\\Http\\FormRequest;\n"
        f"class PayRequest extends FormRequest {{ public function authorize(): bool {{ {allows} }} }}\n"
    )
    desk = "<?php\nnamespace App\\Http\\Controllers;\nuse App\\Http\\Requests\\PayRequest;\n"
    desk += "class Desk { function paid(PayRequest $request) { return response()->json([]); } }\n"
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11"}}',
        "artisan": "",
        "routes/api.php": "<?php\nuse App\\Http\\Controllers\\Desk;\nuse Illuminate\\Support\\Facades\\Route;\n"
        "Route::post('/pay', [Desk::class, 'paid']);\n",
        "app/Http/Requests/PayRequest.php": request,
        "app/Http/Controllers/Desk.php": desk,
    }
    assert list(roles(tmp_path, files).values()) == [role]


@pytest.mark.parametrize(("name", "role"), [("_is_admin_session", "staff"), ("_has_session", "customer"), ("_is_logged_in", "customer")])
def test_a_question_of_ones_own_with_an_underscore(tmp_path: Path, name: str, role: str) -> None:
    app = f"""\
from flask import Flask, jsonify, session
app = Flask(__name__)


def {name}():
    return session.get("user") in ("boss", "boss@example.com")


@app.post("/stories")
def create_story():
    if not {name}():
        return jsonify({{"error": "Unauthorized"}}), 401
    return jsonify({{}})
"""
    assert list(roles(tmp_path, {"app.py": app, "requirements.txt": "flask\n"}).values()) == [role]


def test_the_control_panel_of_pretix_is_for_the_shops_people(tmp_path: Path) -> None:
    urls = "from django.urls import re_path\nfrom . import views\nurlpatterns = [\n"
    urls += "    re_path(r'^control/event/(?P<organizer>[^/]+)/(?P<event>[^/]+)/bank/capture/$', views.Capture.as_view()),\n"
    urls += "    re_path(r'^_bank/hook/$', views.hook),\n]\n"
    views = "from django.views import View\nfrom pretix.control.permissions import EventPermissionRequiredMixin\n\n\n"
    views += "class Capture(EventPermissionRequiredMixin, View):\n    permission = 'can_change_orders'\n\n"
    views += "    def post(self, request, *args, **kwargs):\n        return None\n\n\ndef hook(request):\n    return None\n"
    files = {"setup.py": "", "pretix_bank/__init__.py": "", "pretix_bank/urls.py": urls, "pretix_bank/views.py": views}
    assert sorted(roles(tmp_path, files).values()) == ["public", "staff"]
