"""What callers send to procedures, resolvers, server functions and actions, and to handlers with declared types."""

from pathlib import Path

import pytest

from tests.commerce.wired import wired

STYLES = {
    "trpc": (
        "api.ts",
        (
            "import { initTRPC } from '@trpc/server';\nconst t = initTRPC.create();\nconst open = t.procedure;\n"
            "export const router = t.router({ pay: open.input(shape).mutation(async ({ ctx, input }) => charge(input.sum)) });\n"
        ),
    ),
    "orpc": (
        "api.ts",
        "import { os } from '@orpc/server';\nexport const pay = os.input(shape).handler(async ({ input }) => charge(input.sum));\n",
    ),
    "tanstack": (
        "api.ts",
        (
            "import { createServerFn } from '@tanstack/react-start';\n"
            "export const pay = createServerFn({ method: 'POST' }).handler(async ({ data }) => charge(data.sum));\n"
        ),
    ),
    "safe action": (
        "api.ts",
        (
            "'use server';\nimport { createSafeActionClient } from 'next-safe-action';\nconst client = createSafeActionClient();\n"
            "export const pay = client.schema(shape).action(async ({ parsedInput, ctx }) => charge(parsedInput.sum));\n"
        ),
    ),
    "server action": ("api.ts", "'use server';\nimport 'next';\nexport const pay = async (cart: Cart) => charge(cart.sum);\n"),
    "elysia": (
        "api.ts",
        "import { Elysia, t } from 'elysia';\nnew Elysia().post('/pay', ({ body }) => charge(body.sum), { body: t.Any() });\n",
    ),
    "hapi": (
        "api.js",
        (
            "const Hapi = require('@hapi/hapi');\nconst server = Hapi.server({ port: 1 });\n"
            "server.route({ method: 'POST', path: '/pay', handler: (request, h) => charge(request.payload.sum) });\n"
        ),
    ),
    "apollo": (
        "api.ts",
        (
            "import { ApolloServer } from '@apollo/server';\nconst carts = { Mutation: { pay: (_, args, ctx) => charge(args.sum) } };\n"
            "new ApolloServer({ typeDefs, resolvers: { Query: {}, Mutation: { ...carts.Mutation } } });\n"
        ),
    ),
    "nitro": (
        "server/api/pay.post.ts",
        (
            "import { defineEventHandler, readBody } from 'h3';\n"
            "export default defineEventHandler(async (event) => {\n  const body = await readBody(event);\n  return charge(body.sum);\n});\n"
        ),
    ),
    "form action": (
        "src/routes/cart/+page.server.ts",
        (
            "import { fail } from '@sveltejs/kit';\n"
            "export const actions = { pay: async ({ request, locals }) => charge((await request.formData()).get('sum')) };\n"
        ),
    ),
}


@pytest.mark.parametrize("style", STYLES)
def test_what_a_caller_sends(tmp_path: Path, style: str) -> None:
    file, code = STYLES[style]
    assert wired(tmp_path, {file: code}).pieces("charge") == ["body:sum"]


def test_what_a_wrapper_of_ours_adds_is_not_sent(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "actions.ts": """\
'use server';
import 'next';
import { withTeam } from './with-team';
export const pay = withTeam(async (formData, team) => {
  charge(formData.get('price'));
  book(team.customer);
});
""",
            "with-team.ts": """\
import { teamOf } from './session';
export function withTeam(action) {
  return async (formData: FormData) => action(formData, await teamOf());
}
""",
        },
    )
    assert shop.pieces("charge") == ["body:price"]
    assert shop.pieces("book") == []


@pytest.mark.parametrize(
    "line",
    [
        "const { sum } = req.body as Cart;",
        "const cart = req.body as Cart; const sum = cart.sum;",
        "const cart: Cart = req.body; const sum = cart.sum;",
    ],
)
@pytest.mark.parametrize("kind", ["interface", "class"])
def test_a_type_that_is_asserted_says_nothing_of_where_a_value_comes_from(tmp_path: Path, kind: str, line: str) -> None:
    shop = wired(
        tmp_path,
        {
            "cart.ts": f"export {kind} Cart {{ sum: number }}\n",
            "server.ts": f"""\
import express, {{ Request, Response }} from 'express';
import {{ Cart }} from './cart';
const app = express();
app.post('/pay', (req: Request, res: Response) => {{
  {line}
  charge(sum);
}});
""",
        },
    )
    assert shop.pieces("charge") == ["body:sum"]
