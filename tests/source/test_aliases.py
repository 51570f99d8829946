"""What project files say about imports."""

import json
from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.commerce.triggers import words
from tillproof.flow.indexing import index_tree
from tillproof.flow.modules import Modules
from tillproof.flow.program import Program
from tillproof.knowledge.loader import load
from tillproof.source.aliases import import_aliases
from tillproof.source.cache import Cache
from tillproof.source.discover import discover


@pytest.mark.parametrize("app", ["admin", "shop"])
def test_each_application_of_a_workspace_means_its_own_files(tmp_path: Path, app: str) -> None:
    files = {"package.json": "{}"}
    for name in ("admin", "shop"):
        files |= {
            f"apps/{name}/tsconfig.json": json.dumps({"compilerOptions": {"baseUrl": ".", "paths": {"@models": ["./src/models"]}}}),
            f"apps/{name}/src/models/index.ts": "export class Order {}\n",
            f"apps/{name}/src/checkout.ts": "import { Order } from '@models'\n",
        }
    modules = _modules(tmp_path, files)
    assert modules.find(f"apps/{app}/src/checkout.ts", "@models") == f"apps/{app}/src/models/index.ts"


def test_a_package_is_found_from_everywhere_and_a_root_alias_below_the_root(tmp_path: Path) -> None:
    files = {
        "package.json": "{}",
        "tsconfig.json": json.dumps({"compilerOptions": {"paths": {"~shared/*": ["packages/shared/*"]}}}),
        "packages/shared/package.json": json.dumps({"name": "@acme/shared"}),
        "packages/shared/money.ts": "export const cents = 1\n",
        "apps/shop/a.ts": "export const a = 1\n",
    }
    modules = _modules(tmp_path, files)
    assert modules.find("apps/shop/a.ts", "@acme/shared/money") == "packages/shared/money.ts"
    assert modules.find("apps/shop/a.ts", "~shared/money") == "packages/shared/money.ts"


def test_frameworks_and_import_maps_have_names_of_their_own(tmp_path: Path) -> None:
    files = {
        "shop/svelte.config.js": "export default { kit: { adapter: adapter(), alias: { $db: 'src/db', '$ui/*': './src/ui/*' } } };\n",
        "shop/src/lib/server/stripe.ts": "export const stripe = 1\n",
        "shop/src/db/index.ts": "export const db = 1\n",
        "shop/src/ui/till.ts": "export const till = 1\n",
        "shop/src/routes/+server.ts": "export const GET = 1\n",
        "edge/deno.json": json.dumps({"imports": {"stripe": "npm:stripe@14", "shared/": "./_shared/"}}),
        "edge/_shared/cors.ts": "export const cors = 1\n",
        "edge/pay/index.ts": "export const pay = 1\n",
    }
    modules = _modules(tmp_path, files)
    route = "shop/src/routes/+server.ts"
    assert modules.find(route, "$lib/server/stripe") == "shop/src/lib/server/stripe.ts"
    assert (modules.find(route, "$db"), modules.find(route, "$ui/till")) == ("shop/src/db/index.ts", "shop/src/ui/till.ts")
    assert modules.find("edge/pay/index.ts", "shared/cors.ts") == "edge/_shared/cors.ts"
    assert modules.find("edge/pay/index.ts", "stripe") is None


def _modules(root: Path, files: dict[str, str]) -> Modules:
    write(root, files)
    tree = discover(root)
    indexed = index_tree(tree.root, tree.files, words(load()), Cache(None, tree.root), lambda _: None)
    return Modules(Program({f.path: f for f in tree.files}, indexed.indices, indexed.sources), import_aliases(tree))
