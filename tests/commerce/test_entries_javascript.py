"""Ways into JavaScript programs: mounted routers, middleware, decorators, files."""

from pathlib import Path

import pytest

from tests.commerce.wired import wired

GUARD = (
    "exports.protect = (req, res, next) => {\n  if (!jwt.verify(req.headers.authorization)) return res.status(401).end();\n  next();\n};\n"
    "exports.onlyBoss = (req, res, next) => {\n  if (req.user.role !== 'admin') return res.status(403).end();\n  next();\n};\n"
)


def test_express_routers_of_other_files_are_mounted_behind_middleware(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "package.json": '{"dependencies": {"express": "4"}}',
            "server.js": """\
const express = require('express');
const orders = require('./routes/orders');
const { onlyBoss } = require('./guard');
const app = express();
app.post('/early', (req, res) => res.end());
app.use('/api/admin', onlyBoss, require('./routes/admin'));
app.use(express.json());
app.use('/api/orders', orders);
""",
            "guard.js": GUARD,
            "routes/orders.js": """\
const router = require('express').Router();
const asyncHandler = require('express-async-handler');
const { protect } = require('../guard');
const ctl = require('../controller');
router.route('/:id').get(protect, ctl.show).put(ctl.pay);
router.post('/', [protect], asyncHandler(ctl.create));
module.exports = router;
""",
            "routes/admin.js": """\
const { Router } = require('express');
const Boss = require('../boss');
const boss = new Boss();
const router = Router();
router.post('/ship', boss.ship.bind(boss));
module.exports = router;
""",
            "controller.js": """\
exports.show = (req, res) => 1;
const wrap = fn => (req, res, next) => fn(req, res, next).catch(next);
async function pay(req, res) {}
exports.pay = wrap(pay);
exports.create = async function create(req, res) {};
""",
            "boss.js": """\
class Boss { ship(req, res) { return 1; } }
module.exports = Boss;
""",
        },
    )
    assert {w for w in shop.ways() if "early" not in w} == {
        "GET /api/orders/:id show customer",
        "PUT /api/orders/:id pay public",
        "POST /api/orders create customer",
        "POST /api/admin/ship Boss.ship staff",
    }
    early = next(e for e in shop.entries if e.route == "/early")
    assert (early.chain, early.role) == ((), "public")


def test_a_router_handed_to_a_function_keeps_its_prefix(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "server.ts": """\
import express, { Router } from 'express';
import routes from './routes';
const app = express();
const api = Router();
app.use('/v1', api);
routes(api);
""",
            "routes.ts": """\
export default function routes(api) {
  api.post('/pay', pay);
}
function pay(req, res) {}
""",
            "client.ts": """\
import axios from 'axios';
export const go = () => axios.post('/v1/pay', done);
function done(r) {}
""",
        },
    )
    assert shop.ways() == {"POST /v1/pay pay public"}


def test_nest_joins_prefixes_and_takes_guards_from_class_and_method(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "main.ts": """\
import { NestFactory } from '@nestjs/core';
async function run() {
  const app = await NestFactory.create(M);
  app.setGlobalPrefix('api');
}
""",
            "pay.controller.ts": """\
import { Body, Controller, Get, Post, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { AdminGuard } from './admin.guard';
@Controller('pay')
@UseGuards(AuthGuard('jwt'))
export class PayController {
  @Post('refund/:id')
  @UseGuards(AdminGuard)
  refund(@Body() dto: Dto) { return 1; }
  @Get()
  list() { return 1; }
}
""",
            "hook.controller.ts": """\
import { Controller, Post } from '@nestjs/common';
@Controller({ path: 'hook' })
export class Hook {
  @Post()
  take() {}
}
""",
            "admin.guard.ts": """\
export class AdminGuard { canActivate(context) { return context.switchToHttp().getRequest().user.isAdmin; } }
""",
        },
    )
    assert shop.ways() == {
        "POST /api/pay/refund/:id PayController.refund staff",
        "GET /api/pay PayController.list customer",
        "POST /api/hook Hook.take public",
    }


def test_a_global_guard_asks_what_the_route_says_of_itself(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "module.ts": """\
import { APP_GUARD } from '@nestjs/core';
import { JwtGuard } from './guard';
export const providers = [{ provide: APP_GUARD, useClass: JwtGuard }];
""",
            "guard.ts": """\
import { SetMetadata } from '@nestjs/common';
export const Public = () => SetMetadata('isPublic', true);
export class JwtGuard {
  canActivate(context) {
    if (this.reflector.getAllAndOverride('isPublic', [])) return true;
    return this.jwt.verify(context.token);
  }
}
""",
            "c.ts": """\
import { Controller, Post } from '@nestjs/common';
import { Public } from './guard';
@Controller('c')
export class C {
  @Post('a')
  a() {}
  @Public()
  @Post('b')
  b() {}
}
""",
        },
    )
    assert shop.ways() == {"POST /c/a C.a customer", "POST /c/b C.b public"}


def test_next_routes_follow_from_files(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "package.json": '{"dependencies": {"next": "14"}}',
            "next.config.js": "module.exports = {};\n",
            "src/app/(shop)/api/orders/[id]/route.ts": """\
export async function POST(req: Request) { return 1; }
const GET = wrap(async (req) => 1);
export { GET };
""",
            "src/pages/api/hook/index.ts": """\
export default async function hook(req, res) {}
export const config = { api: { bodyParser: false } };
""",
            "src/app/thanks/page.tsx": """\
export default async function Thanks({ searchParams }) { return null; }
""",
            "src/app/cart/page.tsx": """\
'use client';
export default function Cart() { return null; }
""",
            "src/actions.ts": """\
'use server';
export async function buy(data: FormData) {}
""",
            "src/lib/helper.ts": """\
export async function POST() {}
export default function helper() {}
""",
        },
    )
    assert {w for w in shop.ways() if "anonymous" not in w} == {
        "POST /api/orders/[id] POST public",
        "ANY /api/hook hook public",
        "GET /thanks Thanks public",
        "POST None buy public",
    }
    assert "/api/orders/[id]" in [e.route for e in shop.entries if e.methods == ("GET",)]


def test_a_route_file_beside_its_handlers_orders_them_by_their_brackets(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "api/capture/route.json": '{"methods": ["POST"], "path": "/payments/capture", "access": "private"}',
            "api/capture/[parse]capture.js": """\
export default async function capture(request, response) {}
""",
            "api/capture/parse[auth].js": """\
export default function parse(request, response, next) {}
""",
            "api/hook/route.json": '{"method": "post", "route": "hook", "access": "public"}',
            "api/hook/hook.ts": "export default function hook(request, response) {}\n",
            "api/broken/route.json": '{"methods": 3',
            "api/broken/x.js": "export default function x() {}\n",
        },
    )
    assert shop.ways() == {"POST /payments/capture capture staff", "POST /hook hook public"}
    before = [shop.program.name(v.fn) for v in shop.entry("capture").chain if hasattr(v, "fn")]
    assert before == ["parse"]


def test_a_plugin_that_only_declares_a_guard_guards_no_route(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "app.ts": """\
import Fastify from 'fastify';
import roles from './roles';
import closed from './closed';
import orders from './orders';
const app = Fastify();
app.register(roles);
app.register(orders, { prefix: '/orders' });
app.register(closed);
app.post('/late', async (request, reply) => 1);
""",
            "roles.ts": """\
import fp from 'fastify-plugin';
export default fp(async (fastify) => {
  fastify.decorate('onlyStaff', async (request, reply) => {
    if (!request.user.isAdmin) return reply.code(403).send({ error: 'forbidden' });
  });
});
""",
            "closed.ts": """\
import fp from 'fastify-plugin';
export default fp(async (fastify) => {
  fastify.addHook('preHandler', async (request, reply) => {
    if (request.user.role !== 'admin') return reply.code(403).send();
  });
});
""",
            "orders.ts": "export default async (fastify) => {\n  fastify.post('/', async (request, reply) => 1);\n};\n",
        },
    )
    assert {e.route: e.role for e in shop.entries} == {"/orders": "public", "/late": "staff"}


def test_routes_whose_bodies_are_typed_where_they_are_declared(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "app.ts": """\
import Fastify from 'fastify';
import hooks from './hooks';
const app = Fastify();
app.register(hooks({ secret: process.env.SECRET }), { prefix: '/in' });
""",
            "hooks.ts": """\
import { FastifyInstance } from 'fastify';
export default function (settings: { secret?: string }) {
  return async function (server: FastifyInstance) {
    server.post<{ Body: Buffer }>('/events', async function told(request, reply) {});
    server.put<{
      Params: { id: string };
      Body: { lines: Array<{ sku: string; count: number }>; note?: string };
    }>('/orders/:id', { schema: {} }, async function changed(request, reply) {});
  };
}
""",
            "more.ts": """\
import { FastifyInstance } from 'fastify';
import { ended } from './ended';
export async function more(server: FastifyInstance) {
  server.route({
    method: 'POST',
    url: '/ended',
    handler: ended,
  });
}
""",
            "ended.ts": "export async function ended(request, reply) {}\n",
        },
    )
    assert shop.ways() == {"POST /in/events told public", "PUT /in/orders/:id changed public", "POST /ended ended public"}


def test_a_server_of_nodes_own_hands_requests_on_by_their_path(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "server.js": """\
const http = require('http');
const { shown, told, within } = require('./ways');
http.createServer(async (req, res) => {
  const at = new URL(req.url, 'http://shop').pathname;
  if (await within(req, res, at)) return;
  switch (at) {
    case '/orders':
      return shown(req, res);
    case '/hooks/payments':
      if (req.method !== 'POST') return res.end();
      return told(req, res);
  }
  res.writeHead(404);
  res.end();
}).listen(80);
""",
            "ways.js": """\
exports.shown = function shown(req, res) { res.end(); };
exports.told = async function told(req, res) { res.end(); };
async function bytes(req) { return req; }
exports.within = async function within(req, res, at) {
  if (at.startsWith('/files/')) {
    const sent = await bytes(req);
    res.end(sent);
    return true;
  }
  return false;
};
""",
            "app/server.js": "const { createServer } = require('http');\ncreateServer(require('express')()).listen(81);\n",
        },
    )
    assert shop.ways() == {"ANY /orders shown public", "POST /hooks/payments told public", "ANY None within public"}


def test_functions_of_deno_are_served_below_the_folder_in_which_they_lie(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "supabase/config.toml": "",
            "supabase/functions/pay/index.ts": """\
import { serve } from 'https://deno.land/std@0.177.0/http/server.ts';
import { createClient } from 'https://esm.sh/@supabase/supabase-js@2';
serve(async (req) => new Response('ok'));
""",
            "supabase/functions/refund/index.ts": """\
import { answer } from '../_shared/answer.ts';
declare global { interface Deno { serve(handler: (req: Request) => Promise<Response>): void } }
Deno.serve(async (req: Request) => answer(req));
""",
            "supabase/functions/_shared/answer.ts": "export const answer = (req: Request) => new Response('ok');\n",
        },
    )
    assert {(e.route, e.target.fn.file) for e in shop.entries} == {
        ("/functions/v1/pay", "supabase/functions/pay/index.ts"),
        ("/functions/v1/refund", "supabase/functions/_shared/answer.ts"),
    }


def test_resolvers_are_found_by_the_record_that_a_file_exports_however_they_are_merged(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "server.ts": """\
import { ApolloServer } from '@apollo/server';
import { loadFilesSync } from '@graphql-tools/load-files';
import { mergeResolvers } from '@graphql-tools/merge';
import { guests } from './guests';
new ApolloServer({ typeDefs, resolvers: mergeResolvers([guests, ...loadFilesSync('./resolvers')]) });
""",
            "guests.ts": "export const guests = { Query: { guest: (_, { id }) => id }, Guest: { name: (guest) => guest.name } };\n",
            "resolvers/orders.ts": "const orders = { Mutation: { async placeOrder(_, { order }) {} } };\nexport default orders;\n",
            "resolvers/refunds.js": "module.exports = { Mutation: { refund: (parent, args, ctx) => args.id } };\n",
        },
    )
    assert shop.ways() == {"GET None guest public", "POST None placeOrder public", "POST None refund public"}


def test_a_worker_exports_a_record_of_handlers(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "wrangler.toml": 'name = "till"\n',
            "src/index.ts": "export default { async fetch(request, env, ctx) {}, async queue(batch, env) {} };\n",
            "functions/api/pay.ts": "export const onRequestPost = async ({ request, env }) => new Response('ok');\n",
        },
    )
    assert shop.ways() == {"ANY None fetch public", "NONE None queue public", "POST /api/pay onRequestPost public"}


def test_endpoints_and_actions_of_sites_that_are_built_from_pages(tmp_path: Path) -> None:
    kit = wired(
        tmp_path / "kit",
        {
            "svelte.config.js": "",
            "src/routes/(shop)/cart/+page.server.ts": "export const actions = { default: async (event) => {}, empty: async () => {} };\n",
            "src/routes/api/hook/+server.ts": "export const POST = async ({ request }) => new Response('ok');\n",
        },
    )
    assert kit.ways() == {"POST /cart default public", "POST /cart empty public", "POST /api/hook POST public"}
    astro = wired(
        tmp_path / "astro",
        {
            "astro.config.mjs": "",
            "src/pages/api/pay.ts": "export const POST = async ({ request }) => new Response('ok');\n",
        },
    )
    assert astro.ways() == {"POST /api/pay POST public"}


@pytest.mark.parametrize(
    ("line", "called"),
    [
        ("import * as functions from 'firebase-functions';", "functions.https.onCall"),
        ("import functions from 'firebase-functions';", "functions.https.onCall"),
        ("const functions = require('firebase-functions');", "functions.https.onCall"),
        ("import * as functions from 'firebase-functions/v1';", "functions.https.onCall"),
        ("import { https } from 'firebase-functions/v1';", "https.onCall"),
        ("import { onCall } from 'firebase-functions/v2/https';", "onCall"),
    ],
)
def test_a_function_of_firebase_is_a_way_in_however_the_package_is_imported(tmp_path: Path, line: str, called: str) -> None:
    code = f"{line}\nexport const pay = {called}(async (data) => data.amount);\n"
    assert len(wired(tmp_path, {"functions/src/index.ts": code}).entries) == 1


def test_a_router_in_the_place_of_a_handler_is_handed_that_method_and_path_alone(tmp_path: Path) -> None:
    routes = "const router = require('express').Router();\n"
    routes += "router.get('/orders', function list(req, res) {}); router.put('/orders', function change(req, res) {});\n"
    app = "const app = require('express')(); const orders = require('./orders'); const staff = require('express').Router();\n"
    app += "staff.use(require('passport').authenticate('jwt')); staff.put('/orders', orders);\n"
    app += "app.get('/orders', orders); app.use('/staff', staff);\n"
    files = {"package.json": '{"dependencies": {"express": "4"}}', "app.js": app, "orders.js": routes + "module.exports = router;\n"}
    assert wired(tmp_path, files).ways() == {"GET /orders list public", "PUT /staff/orders change customer"}


def test_routes_of_strapi_name_a_controllers_file_and_method(tmp_path: Path) -> None:
    routes = """\
module.exports = { routes: [
  { method: 'POST', path: '/orders/hook', handler: 'order.hook', config: { auth: false } },
  { method: 'PUT', path: '/orders/:id', handler: 'api::order.plain.change' },
] };
"""
    made = "const { createCoreController } = require('@strapi/strapi').factories;\n"
    made += "module.exports = createCoreController('api::order.order', ({ strapi }) => ({ async hook(ctx) { return {}; } }));\n"
    shop = wired(
        tmp_path,
        {
            "package.json": '{"dependencies": {"@strapi/strapi": "4"}}',
            "src/api/order/routes/custom.js": routes,
            "src/api/order/controllers/order.js": made,
            "src/api/order/controllers/plain.js": "module.exports = { async change(ctx) { return ctx.params.id; } };\n",
        },
    )
    assert shop.ways() == {"POST /orders/hook hook public", "PUT /orders/:id change public"}


def test_handlers_of_next_connect_stand_in_the_file_of_their_route(tmp_path: Path) -> None:
    page = """\
import nc from 'next-connect';
const signedIn = (req, res, next) => { if (!req.session.user) return res.status(401).end(); next(); };
const handler = nc();
handler.use(signedIn);
handler.post(async (req, res) => { res.json({}); });
export default handler;
"""
    package = '{"dependencies": {"next": "13", "next-connect": "0.13"}}'
    shop = wired(tmp_path, {"package.json": package, "pages/api/orders/index.js": page})
    assert {(e.methods, e.route, e.role) for e in shop.entries} == {(("POST",), "/api/orders", "customer")}
