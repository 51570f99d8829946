"""A path that only one system has names it where the host stands in the configuration and the file speaks of that system."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_SYNC = """\
export async function GET() {
  const answer = await fetch(`https://${process.env.SHOP_HOST}/admin/api/2025-01/products.json?limit=250`, {
    headers: { 'HEADER': process.env.TOKEN },
  });
  return Response.json(await answer.json());
}
"""


@pytest.mark.parametrize(("header", "systems"), [("X-Shopify-Access-Token", ["shopify"]), ("X-Token", [])])
def test_a_long_path_and_the_name_of_a_header_tell_the_system(tmp_path: Path, header: str, systems: list[str]) -> None:
    package = '{"dependencies": {"next": "15"}}'
    write(tmp_path, {"package.json": package, "next.config.js": "", "app/api/sync/route.js": _SYNC.replace("HEADER", header)})
    report = review(tmp_path, Settings(use_cache=False))
    assert [b.system for b in report.boundaries] == systems
