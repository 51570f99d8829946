"""What a language allows and its grammar does not know is read all the same."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commerce.small_models import model_of
from tillproof.languages import mending, spec_of
from tillproof.languages.base import index_file, parse

_PAGE = """\
export default function Terms({{ open }}) {{
  const both = open & 1;
  async function agree() {{
    await fetch("/api/agree", {{ method: "POST" }});
  }}
  return (
    <main onClick={{agree}}>
      <a href="{href}">{text}</a>
      {{open && <b>{text}</b>}}
    </main>
  );
}}
"""


@pytest.mark.parametrize("language", ["javascript", "tsx"])
@pytest.mark.parametrize(
    ("href", "text"),
    [
        ("/terms", "Terms & Conditions"),
        ("/go?page=1&tab=general", "Go"),
        ("/go?a=1&b=2&c=3", "Research & Development, R&D, track & trace"),
        ("/", "Cards &amp; cash &#8212; &nbsp;"),
        ("/", "2 m&sup3;, &frac12; & more"),
    ],
)
def test_ampersands_in_the_text_of_a_page(language: str, href: str, text: str) -> None:
    source = _PAGE.format(href=href, text=text).encode()
    index = index_file(spec_of(language), "page.jsx", source, [])
    assert not index.broken
    assert [f.name for f in index.functions] == ["Terms", "agree"]


@pytest.mark.parametrize("language", ["typescript", "tsx"])
def test_every_type_of_a_module_is_handed_on(language: str) -> None:
    source = b'export type * from "./types";\nexport * from "./shop";\n'
    index = index_file(spec_of(language), "index.ts", source, [])
    assert not index.broken
    assert len(index.exports) == len(index_file(spec_of(language), "index.ts", source.replace(b"type * from", b"* from"), []).exports)


def test_what_is_wrong_stays_wrong() -> None:
    assert index_file(spec_of("tsx"), "page.tsx", b"type A = B & ;\nfunction f( {\n", []).broken


@given(st.text(alphabet="a&=<>{}(); \n'\"", max_size=80))
def test_a_mended_source_is_as_long(source: str) -> None:
    raw = source.encode()
    for language, mend in (("tsx", mending.typed), ("php", mending.php)):
        assert len(mend(raw, [(0, len(raw))])) == len(raw)
        assert parse(spec_of(language), raw).root_node.end_byte <= len(raw)


_PLUGIN = """\
<?php
class Hook {{
    {constant} = 'shop/v1';
    public function __construct({promoted}) {{ add_action('rest_api_init', [$this, 'register']); }}
    public function register() {{
        register_rest_route(self::{name}, '/paid', ['methods' => 'POST', 'callback' => [$this, 'paid']]);
    }}
    public function paid(WP_REST_Request $request) {{
        wc_get_order($request['order'])->payment_complete();
    }}
}}
new Hook(new Client());
"""


@pytest.mark.parametrize(
    ("name", "constant", "promoted"),
    [
        ("NAMESPACE", "const NAMESPACE", "$client"),
        ("NAMESPACE", "public const string NAMESPACE", "$client"),
        ("LIST", "private const string LIST", "$client"),
        ("BASE", "const BASE", "readonly private Client $client"),
    ],
)
def test_a_class_of_php_whose_words_the_grammar_keeps_for_itself(tmp_path: Path, name: str, constant: str, promoted: str) -> None:
    source = _PLUGIN.format(name=name, constant=constant, promoted=promoted)
    model, _ = model_of(tmp_path, {"shop.php": "<?php\n/* Plugin Name: Shop */\nrequire 'hook.php';\n", "hook.php": source})
    assert "/wp-json/shop/v1/paid" in {e.route for e in model.entries}
