"""PHP lowered to IR: each construct by a source that shows it, and hostile text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.languages.lowered import Lowered
from tillproof.flow.defuse import DefUse
from tillproof.ir.declarations import Import
from tillproof.ir.ops import Op
from tillproof.languages.php import PHP


def php(source: str) -> Lowered:
    return Lowered(PHP, "<?php " + source)


def test_use_statements_name_what_they_import() -> None:
    index = php(
        r"""use Stripe\PaymentIntent as PI, Foo\Bar; use function A\b as c; use const A\D; use \Solo;
use X\{B, C as E, Deep\F, function g};"""
    ).index
    assert [(i.local, i.module, i.name, i.line) for i in index.imports] == [
        ("PI", "Stripe", "PaymentIntent", 1),
        ("Bar", "Foo", "Bar", 1),
        ("c", "A", "b", 1),
        ("D", "A", "D", 1),
        ("Solo", "", "Solo", 1),
        ("B", "X", "B", 2),
        ("E", "X", "C", 2),
        ("F", "X.Deep", "F", 2),
        ("g", "X", "g", 2),
    ]


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("require_once __DIR__ . '/x.php';", "x.php"),
        ("include 'inc/a.php';", "inc/a.php"),
        ("require dirname(__FILE__) . \"/../lib/\" . 'b.php';", "../lib/b.php"),
        ('include_once ("$dir/c.php");', "c.php"),
        ("include PLUGIN_PATH . 'includes/d.php';", "includes/d.php"),
    ],
)
def test_an_include_names_its_file(written: str, path: str) -> None:
    assert php(written).index.imports == [Import("*", path, "*", 1)]


@pytest.mark.parametrize("written", ["include $file;", "include 'pages/' . $page . '.php';", "require f('x.php');"])
def test_an_include_of_an_unknown_file_names_none(written: str) -> None:
    assert php(written).index.imports == []


def test_declarations() -> None:
    index = php(
        r"""namespace App\Pay;
abstract class Foo extends \Bar\Baz implements I, J { use T1, T2 { a as b; } function m() { return function () { return fn() => 1; }; } }
interface K extends I, J {}
enum Suit: string implements I { use T; case A = 'a'; }
new class extends Foo { function n() {} };
function f() {}"""
    ).index
    assert index.namespace == "App.Pay"
    assert [(c.name, c.bases) for c in index.classes] == [
        ("Foo", ["Bar.Baz", "I", "J", "T1", "T2"]),
        ("K", ["I", "J"]),
        ("Suit", ["I", "T"]),
        ("class@5", ["Foo"]),
    ]
    assert [(f.name, f.owner, f.parent, f.line) for f in index.functions] == [
        ("m", 0, -1, 2),
        ("", -1, 0, 2),
        ("", -1, 1, 2),
        ("n", 3, -1, 5),
        ("f", -1, -1, 6),
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("$a->b;", "a.b"),
        ("$a?->b;", "a.b"),
        ("$this->b;", "this.b"),
        ("$a->$b;", "a[b]"),
        ("A::$b;", "A.b"),
        ("A::B;", "A.B"),
        ("static::B;", "static.B"),
        ("self::$b;", "self.b"),
        ("A::class;", "A.class"),
        (r"\Stripe\X::Y;", "Stripe.X.Y"),
        ("$a['k'][0];", "a['k']['0']"),
        ("$a->m(1, x: 2, ...$r);", "a.m('1', x='2', *r)"),
        ("$a?->m();", "a.m()"),
        ("$a->$m();", "a[m]()"),
        ("A::$f();", "A[f]()"),
        ("parent::__construct($x);", "parent.__construct(x)"),
        (r"\Stripe\PaymentIntent::create(['a' => 1]);", "Stripe.PaymentIntent.create({'a': '1'})"),
        (r"namespace\f();", "f()"),
        ("$f(1);", "f('1')"),
        ("f(...);", "f"),
        ("$this->m(...);", "this.m"),
        (r"new \A\B($x);", "new A.B(x)"),
        ("new static;", "new static()"),
        ("new ($c)(1);", "new c('1')"),
        ("[1, $b];", "['1', b]"),
        ("array(1, 'x' => 2, ...$s);", "{'0': '1', 'x': '2', **s}"),
        ("['k' => &$y];", "{'k': y}"),
        ("[...$a, 1];", "[*a, '1']"),
        ("$a . 'x' . f();", "TEXT(a, 'x', f())"),
        (r""""a{$x->y} $z[k] $w->v {$z['q']} ${n}\n";""", r"""TEXT('a', x.y, ' ', z['k'], ' ', w.v, ' ', z['q'], ' ', n, '\n')"""),
        ("<<<EOT\nhi $name\nEOT;", "TEXT('hi ', name)"),
        ("<<<'EOT'\nraw $x\nEOT;", "'raw $x'"),
        (r"'A\\B\'c';", '''"A\\\\B'c"'''),
        ("(int) $x;", "CAST((int), x)"),
        ("$a instanceof B;", "(a instanceof B)"),
        ("$a === 1;", "(a === '1')"),
        ("$a xor $b;", "(a xor b)"),
        ("-$a;", "-(a)"),
        ("!$a;", "not(a)"),
        ("@f();", "f()"),
        ("clone $a;", "clone(a)"),
        ("isset($a['x']);", "isset(a['x'])"),
        ("unset($a['x']);", "unset(a['x'])"),
        ("TRUE;", "'true'"),
        ("exit;", "exit()"),
        ("die('x');", "exit('x')"),
    ],
)
def test_expressions(written: str, expected: str) -> None:
    assert php(written).last() == expected


@pytest.mark.parametrize(
    ("written", "stores"),
    [
        ("$a = 1;", ["a = '1'"]),
        ("$a = &$b;", ["a = b"]),
        ("$a = $b = 1;", ["b = '1'", "a = '1'"]),
        ("$a->b = 1;", ["a.b = '1'"]),
        ("A::$b = 1;", ["A.b = '1'"]),
        ("$a['k']['l'] = 1;", ["a['k']['l'] = '1'"]),
        ("$a[] = 1;", ["a[] = '1'"]),
        ("$a .= 'x';", ["a = TEXT(a, 'x')"]),
        ("$a -= 2;", ["a = (a - '2')"]),
        ("$a++;", ["a = (a + '1')"]),
        ("list($a, , $b) = $c;", ["a = c['0']", "b = c['2']"]),
        ("['k' => $a, 'l' => [$this->b]] = $c;", ["a = c['k']", "this.b = c['l']['0']"]),
        ("static $x = 1;", ["x = '1'"]),
        ("global $x;", ["x = GLOBALS['x']"]),
        ("const A = 1, B = 2;", ["A = '1'", "B = '2'"]),
        ("define('A', 1);", ["A = '1'"]),
        ("foreach ($xs as $k => &$v) {}", ["k = KEY(xs)", "v = ELEMENT(xs)"]),
        ("foreach ($xs as [$a, $b]) {}", ["a = ELEMENT(xs)['0']", "b = ELEMENT(xs)['1']"]),
    ],
)
def test_stores(written: str, stores: list[str]) -> None:
    assert php(written).stores() == stores


def test_a_function_is_not_the_variable_of_its_name() -> None:
    body = php("function f($session) { session()->flash('a'); $session('b'); }").body("f")
    called = [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.CALL]
    names = [body.names_function(c) for c in called if body.op[c] == Op.NAME]
    flow = DefUse(body)
    reached = [flow.reaching(c, "session").stores for c in called if body.op[c] == Op.NAME]
    assert names == [True, False]
    assert [bool(stores) for stores in reached] == [False, True]


def test_members_are_stored_under_their_class() -> None:
    source = r"""class Foo {
  const A = 1;
  private static ?Money $x = null, $y;
  /** @var \App\Api|null the client */
  private $api;
  var $old = 2;
  function m() {}
}
enum Suit: string { case Hearts = 'h'; case Bare; const D = self::Hearts; }
function f() {}"""
    assert php(source).stores() == [
        "Foo = CLASS(0)",
        "Foo.A = '1'",
        "Foo.x = CAST(?Money, 'null')",
        "Foo.y = CAST(?Money, 'null')",
        "Foo.api = CAST(App.Api|null, 'null')",
        "Foo.old = '2'",
        "Foo.m = FUNCTION(0)",
        "Suit = CLASS(1)",
        "Suit.Hearts = 'h'",
        "Suit.Bare = 'Bare'",
        "Suit.D = self.Hearts",
        "f = FUNCTION(1)",
    ]


def test_parameters_and_their_attributes() -> None:
    got = php(r"""class A { function __construct(
        private readonly Foo|null $a = null, #[Autowire('%key%')] ?\X\B $b, #[Current] int &...$rest) {} }""")
    body = got.body("__construct")
    assert [(p.name, p.type, p.kind, p.decorators) for p in body.params] == [
        ("a", "Foo|null", "", []),
        ("b", "?X.B", "", [("Autowire", "%key%")]),
        ("rest", "int", "rest", [("Current", "")]),
    ]
    assert got.stores("__construct")[1] == "this.a = CHOICE(default, PARAM(0), 'null')"


def test_types_come_from_the_docblock_when_there_are_no_others() -> None:
    body = php(
        r"""/**
 * @param \Stripe\Event $event what came
 * @param string        $name
 * @return bool|null
 */
function f($event, int $name) { return true; }"""
    ).body("f")
    assert [(p.name, p.type) for p in body.params] == [("event", "Stripe.Event"), ("name", "int")]
    assert body.returns == "bool|null"


def test_attributes_and_annotations_decorate() -> None:
    got = php(r"""#[Controller]
class A {
  #[Route('/x', methods: ['POST']), Guard]
  function m() {}
  /** @ORM\Route("/y", name="n") @author me */
  function n() {}
}""")
    assert got.decorations() == [
        "class A: Controller",
        "m: Route('/x', methods=['POST'])",
        "m: Guard",
        "n: ORM.Route('/y')",
    ]


def test_html_is_written_to_the_answer() -> None:
    got = Lowered(
        PHP, "<h1>Till</h1>\n<?php if ($a): ?> yes <?= $x; ?> <?php else: ?> no <?php endif; echo 1, $y; print $z ?>\n" + "h" * 3000
    )
    echoes = got.all(Op.ECHO)
    assert echoes[:-1] == [r"ECHO('<h1>Till</h1>\n')", "ECHO('yes ')", "ECHO(x)", "ECHO('no ')", "ECHO('1', y)", "ECHO(z)"]
    assert len(echoes[-1]) == 2000 + len("ECHO('')")


def test_html_stays_in_the_arm_where_it_stands() -> None:
    for source in ("<?php if ($a): ?>x<?php else: ?>y<?php endif ?>", "<?php if ($a) { ?>x<?php } else { ?>y<?php } ?>"):
        assert Lowered(PHP, source).under("a") == {"ECHO('x')": "true", "ECHO('y')": "false"}


@pytest.mark.parametrize(
    "source",
    [
        "if ($a) { f(); } elseif ($b) { g(); } else { h(); }",
        "if ($a) { f(); } else if ($b) { g(); } else { h(); }",
        "if ($a): f(); elseif ($b): g(); else: h(); endif;",
        "match (true) { $a => f(), $b => g(), default => h() };",
        "switch (true) { case $a: f(); break; case $b: g(); break; default: h(); }",
    ],
)
def test_branches(source: str) -> None:
    got = php(source)
    assert got.under("a") == {"f()": "true", "g()": "false", "h()": "false"}
    assert got.under("b") == {"g()": "true", "h()": "false"}


@pytest.mark.parametrize(
    ("condition", "under_a", "under_b"),
    [("$a && $b", "true", "true"), ("$a and !$b", "true", "false"), ("!($a || $b)", "false", "false"), ("!$a && @$b", "false", "true")],
)
def test_conditions_short_circuit(condition: str, under_a: str, under_b: str) -> None:
    got = php(f"if ({condition}) {{ f(); }}")
    assert got.under("a")["f()"] == under_a
    assert got.under("b")["f()"] == under_b


def test_a_value_runs_its_second_side_on_one_branch_only() -> None:
    assert php("$x = $a ?? f();").under("a") == {"f()": "false"}
    assert php("$x = $a ?: f();").under("a") == {"f()": "false"}
    assert php("$a ??= f();").stores() == ["a = CHOICE(coalesce, a, f())"]
    assert php("$x = $a ? f() : g();").under("a") == {"f()": "true", "g()": "false"}
    assert php("$a and f();").under("a") == {"f()": "true"}


def test_switch_falls_through() -> None:
    got = php("switch ($s) { case 1: case 2: f(); case 3: g(); break; default: h(); } z();")
    assert got.reach("f()") == {"g()", "z()"}
    assert got.reach("g()") == {"z()"}
    assert got.reach("h()") == {"z()"}


def test_match_compares_strictly_and_raises_when_nothing_matches() -> None:
    got = php("$x = match ($s) { 1, 2 => f(), 3 => throw new E() };")
    assert got.all(Op.BINARY) == ["(s === '1')", "(s === '2')", "(s === '3')"]
    assert got.stores() == ["x = CHOICE(match, f())"]
    assert len(got.all(Op.RAISE)) == 2


@pytest.mark.parametrize(
    "source",
    [
        "for ($i = 0; $i < 3; $i++) { f(); } z();",
        "for ($i = 0; $i < 3; $i++): f(); endfor; z();",
        "while ($a) f(); z();",
        "do { f(); } while ($a); z();",
        "foreach ($a as $b): f(); endforeach; z();",
    ],
)
def test_loops_go_round(source: str) -> None:
    assert php(source).reach("f()") == {"f()", "z()"}


def test_an_endless_loop_ends_by_break_only() -> None:
    assert php("for (;;) { f(); } z();").reach("f()") == {"f()"}
    assert php("for (;;) { f(); break; } z();").reach("f()") == {"z()"}


def test_break_and_continue_count_levels() -> None:
    source = "while ($a) { while ($b) { f(); %s; } g(); } z();"
    assert php(source % "break").reach("f()") == {"f()", "g()", "z()"}
    assert php(source % "break 2").reach("f()") == {"z()"}
    assert "g()" in php("while ($a) { switch ($b) { case 1: f(); continue; } g(); }").reach("f()")
    assert "g()" not in php("for (;;) { switch ($b) { case 1: f(); break 2; } g(); }").reach("f()")


def test_exit_and_return_and_throw_end_the_path() -> None:
    for end in ("exit", "die('no')", "return", "throw new E()"):
        assert php(f"if ($a) {{ f(); {end}; }} z();").reach("f()") <= {"exit()", "exit('no')", "new E()"}
    assert php("$a or die('x'); z();").reach("exit('x')") == set()


def test_try_catches_what_its_calls_throw() -> None:
    got = php(r"try { f(); g(); } catch (A | \B\C $e) { h(); } catch (D) { i(); } finally { k(); } z();")
    assert got.all(Op.CAUGHT) == ["CAUGHT(A, B.C)", "CAUGHT(D)"]
    assert got.stores() == ["e = CAUGHT(A, B.C)"]
    assert got.reach("f()") == {"g()", "h()", "i()", "k()", "z()"}
    assert got.raises_before("g()")
    assert not got.raises_before("k()")


def test_closures_are_bodies_of_their_own() -> None:
    got = php("$f = function (int $a, $b = 1) use ($c, &$d): ?int { return $a; }; $g = static fn(int $x): int => $x + 1; f(function() {});")
    assert got.stores() == ["f = FUNCTION(0)", "g = FUNCTION(1)"]
    assert got.all(Op.CALL) == ["f(FUNCTION(2))"]
    assert [p.name for p in got.lower(0).params] == ["a", "b"]
    assert got.lower(0).returns == "?int"
    assert got.all(Op.RETURN, 1) == ["RETURN((x + '1'))"]


def test_generators() -> None:
    got = php("function f() { yield 'k' => 2; yield from g(); }")
    assert got.body("f").generator
    assert got.all(Op.YIELD, 0) == ["YIELD('2')", "YIELD(g())"]


def test_lines_are_those_of_the_source() -> None:
    got = Lowered(PHP, "<html>\n<?php\nf(\n  1\n);\n")
    assert [(body.line[i], body.end_line[i]) for body in [got.lower(-1)] for i in range(len(body.op)) if body.op[i] == Op.CALL] == [(3, 5)]


def test_a_syntax_error_leaves_the_rest_readable() -> None:
    got = php("function f() { $x = ; g(); } class A { function m( { h(); } }")
    assert got.index.broken
    assert "g()" in got.all(Op.CALL, 0)


@pytest.mark.parametrize("nest", ["(", "[", "!", "$a->f(", "if ($a) {", "$a ? (", "f(function () {", "$a = ", "[$b, [", '"{$a['])
def test_deep_nesting_is_survived(nest: str) -> None:
    php(nest * 3000)


def test_long_chains_are_read_whole() -> None:
    assert len(php("$x = " + " . ".join(["$a", "'b'"] * 2000) + ";").all(Op.NAME)) == 2000
    assert len(php("if ($a) {}" + " elseif ($b) { f(); }" * 2000).all(Op.CALL)) == 2000
    assert len(php("if ($a) {}" + " else if ($b) { f(); }" * 2000).all(Op.CALL)) == 2000


PIECES = st.lists(
    st.sampled_from(
        ["<?php ", "?>", "<?=", "class A {", "function f(", "$a", "->", "=>", "match(", "switch(", "case ", "if (", "):",
         "endif;", "else", "{", "}", "(",
         ")", "[", "]", ";", "use ", "\\", "'", '"', "<<<E\n", "\nE;", "#[",
         "/** @Route(\"", "*/", "fn", "namespace A;", "list(", ",", "=", "."]
    )
).map("".join)  # fmt: skip


@given(st.one_of(st.text(), PIECES, PIECES.map(lambda s: "<?php " + s)))
def test_any_text_is_indexed_and_lowered(source: str) -> None:
    Lowered(PHP, source).check_all()
