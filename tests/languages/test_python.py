"""Python lowered to IR: each construct by a source that shows it, and hostile text."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.languages.lowered import Lowered
from tillproof.ir.ops import Op
from tillproof.ir.show import show
from tillproof.languages.python import PYTHON


def python(source: str) -> Lowered:
    return Lowered(PYTHON, dedent(source))


def test_imports() -> None:
    index = python("""\
        import a.b, c as d
        from .x import y as z, w
        from m import *
        """).index
    assert [(i.local, i.module, i.name, i.line) for i in index.imports] == [
        ("a", "a", "*", 1),
        ("d", "c", "*", 1),
        ("z", ".x", "y", 2),
        ("w", ".x", "w", 2),
        ("*", "m", "*", 3),
    ]


def test_declarations() -> None:
    index = python("""\
        class A(Base, x.Mixin, Generic[T], metaclass=M):
            def m(self):
                def inner(): pass
                return lambda: 1
        def f(): pass
        """).index
    assert [(c.name, c.bases) for c in index.classes] == [("A", ["Base", "x.Mixin", "Generic"])]
    assert [(f.name, f.owner, f.parent, f.line) for f in index.functions] == [
        ("m", 0, -1, 2),
        ("inner", -1, 0, 3),
        ("", -1, 0, 4),
        ("f", -1, -1, 5),
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a.b", "a.b"),
        ("a['k']", "a['k']"),
        ("a[1, b]", "a[['1', b]]"),
        ("a[1:]", "OPAQUE(a, '1')"),
        ("f(1, x=2, *r, **k)", "f('1', x='2', *r, **k)"),
        ("a.m()()", "a.m()()"),
        ("[1, *b]", "['1', *b]"),
        ("{'a': 1, **b}", "{'a': '1', **b}"),
        ("f'a{x.y} {z!r}'", "TEXT('a', x.y, ' ', z)"),
        ("f'{x:.2f} EUR'", "TEXT(format(x, '.2f'), ' EUR')"),
        ("'a' 'b'", "TEXT('a', 'b')"),
        ("'a' + b", "TEXT('a', b)"),
        ("'a%s' % b", "TEXT('a%s', b)"),
        ("amount * 100 + 5", "((amount * '100') + '5')"),
        ("n % 2 == 0", "((n % '2') == '0')"),
        ("a not in b", "(a not in b)"),
        ("not a", "not(a)"),
        ("-a", "-(a)"),
        ("(yield a)", "YIELD(a)"),
        ("await f()", "AWAIT(f())"),
        ("del a['x'], b", "del(a['x'], b)"),
        ("lambda: 1", "FUNCTION(0)"),
        ("None", "'null'"),
    ],
)
def test_expressions(written: str, expected: str) -> None:
    assert python(written).last() == expected


@pytest.mark.parametrize(
    ("written", "stores"),
    [
        ("a = b = 1", ["b = '1'", "a = '1'"]),
        ("a: int = 1", ["a = CAST(int, '1')"]),
        ("a.b = 1", ["a.b = '1'"]),
        ("a['k'] = 1", ["a['k'] = '1'"]),
        ("a, (b, *c) = d", ["a = d['0']", "b = d['1']['0']", "c = REST(d['1'])"]),
        ("a += 2", ["a = (a + '2')"]),
        ("a += 'x'", ["a = TEXT(a, 'x')"]),
        ("a //= 2", ["a = (a // '2')"]),
        ("f(a := 1)", ["a = '1'"]),
        ("for a, b in xs: pass", ["a = ELEMENT(xs)['0']", "b = ELEMENT(xs)['1']"]),
        ("with f() as a: pass", ["a = f()"]),
        ("x = [y for y in ys]", ["y = ELEMENT(ys)", "x = [y]"]),
        ("x = {k: v for k, v in ys}", ["k = ELEMENT(ys)['0']", "v = ELEMENT(ys)['1']", "x = {k: v}"]),
        ("def f(): pass", ["f = FUNCTION(0)"]),
    ],
)
def test_stores(written: str, stores: list[str]) -> None:
    assert python(written).stores() == stores


def test_members_are_stored_under_their_class() -> None:
    got = python("""\
        class Foo:
            a = 1
            b: Money
            class Meta:
                c = 2
            def m(self): pass
        d = 3
        """)
    assert got.stores() == [
        "Foo = CLASS(0)",
        "Foo.a = '1'",
        "Foo.b = CAST(Money, 'null')",
        "Meta = CLASS(1)",
        "Foo.Meta.c = '2'",
        "Foo.m = FUNCTION(0)",
        "d = '3'",
    ]


def test_parameters() -> None:
    body = python("def f(a, b: int = 1, *args: str, c=None, **rest) -> dict[str, int]: pass").body("f")
    assert [(p.name, p.type, p.kind) for p in body.params] == [
        ("a", "", ""),
        ("b", "int", ""),
        ("args", "str", "rest"),
        ("c", "", ""),
        ("rest", "", "named-rest"),
    ]
    assert body.returns == "dict[str, int]"


def test_decorators() -> None:
    got = python("""\
        @register
        class A:
            @app.post("/hook", tags=["x"])
            async def m(self): pass
        """)
    assert got.decorations() == ["class A: register", "m: app.post('/hook', tags=['x'])"]


@pytest.mark.parametrize(
    "source",
    [
        "if a:\n  f()\nelif b:\n  g()\nelse:\n  h()",
        "if a:\n  f()\nelse:\n  if b: g()\n  else: h()",
        "x = f() if a else g() if b else h()",
    ],
)
def test_branches(source: str) -> None:
    got = python(source)
    assert got.under("a") == {"f()": "true", "g()": "false", "h()": "false"}
    assert got.under("b") == {"g()": "true", "h()": "false"}


@pytest.mark.parametrize(
    ("condition", "under_a", "under_b"),
    [("a and b", "true", "true"), ("a and not b", "true", "false"), ("not (a or b)", "false", "false")],
)
def test_conditions_short_circuit(condition: str, under_a: str, under_b: str) -> None:
    got = python(f"if {condition}:\n  f()")
    assert got.under("a")["f()"] == under_a
    assert got.under("b")["f()"] == under_b


def test_an_assert_ends_the_path_that_fails_it() -> None:
    assert python("assert a\nf()").under("a") == {"f()": "true"}


def test_a_comprehension_filters() -> None:
    assert python("x = [f(y) for y in ys if y]").under("y") == {"f(y)": "true"}


def test_match() -> None:
    got = python("""\
        match event["type"]:
            case "a" | "b": f()
            case Paid(id=i, kind="x") if i: g(i)
            case {"type": t, **rest}: h(t)
            case [first, *others]: k(first)
            case Color.RED: m()
            case other: n(other)
        """)
    assert got.stores() == [
        "i = event['type'].id",
        "t = event['type']['type']",
        "rest = REST(event['type'])",
        "first = event['type']['0']",
        "others = REST(event['type'])",
        "other = event['type']",
    ]
    assert got.under("(event['type'] == 'b')")["f()"] == "true"
    assert got.under("isinstance(event['type'], Paid)") == {"g(i)": "true"}
    assert got.under("i") == {"g(i)": "true"} | dict.fromkeys(["h(t)", "k(first)", "m()", "n(other)"], "false")
    assert got.under("(event['type'] == Color.RED)") == {"m()": "true", "n(other)": "false"}
    assert got.reach("f()") == set()


@pytest.mark.parametrize("head", ["for a in b", "while a"])
def test_loops(head: str) -> None:
    assert python(f"{head}:\n  f()\n  g()\nz()").reach("g()") == {"f()", "g()", "z()"}
    assert python(f"{head}:\n  f()\n  break\nelse:\n  g()\nz()").reach("f()") >= {"z()"}
    assert "g()" in python(f"{head}:\n  f()\nelse:\n  g()\nz()").reach("f()")
    assert python(f"{head}:\n  f()\n  continue\n  g()\nz()").reach("f()") == {"f()", "z()"}


def test_try_catches_what_its_calls_raise() -> None:
    got = python("""\
        try:
            f()
            g()
        except (A, x.B) as e:
            h()
        except C:
            raise
        else:
            i()
        finally:
            k()
        z()
        """)
    assert got.all(Op.CAUGHT) == ["CAUGHT(A, x.B)", "CAUGHT(C)"]
    assert got.stores() == ["e = CAUGHT(A, x.B)"]
    assert got.reach("f()") == {"g()", "h()", "i()", "k()", "z()"}
    assert got.reach("h()") == {"k()", "z()"}
    assert got.raises_before("g()")
    assert not got.raises_before("i()")


def test_code_after_return_is_reached_by_nothing() -> None:
    got = python("def f():\n  if a:\n    g()\n    return 1\n  h()")
    assert got.reach("g()", "f") == set()


def test_generators() -> None:
    assert python("def f():\n  yield 1").body("f").generator
    assert not python("def f():\n  return 1").body("f").generator


def test_a_handler_in_full() -> None:
    source = """\
        def hook(request):
            try:
                event = verify(request.body)
            except ValueError:
                return 400
            pay(event["id"])
        """
    assert show(python(source).body("hook")) == dedent("""\
        params request
        b0: -> b3
          0 PARAM 0
          1 STORE request 0
        b1: -> b6
        b2:
          10 NAME pay
          11 NAME event
          12 CONST 'id'
          13 INDEX 11 12
          14 CALL 10 (13)
        b3: -> raise b1, b4
          2 NAME verify
          3 NAME request
          4 FIELD 3 body
        b4: -> raise b1, b5
          5 CALL 2 (4)
          6 STORE event 5
        b5: -> b2
        b6:
          7 CAUGHT ValueError
          8 CONST '400'
          9 RETURN 8""")


@pytest.mark.parametrize("nest", ["(", "[", "not ", "f(", "a if b else ", "lambda: ", "{1: ", "a = ", "-", "a.b[", "f'{"])
def test_deep_nesting_is_survived(nest: str) -> None:
    python("x = " + nest * 3000 + "1")


def test_long_chains_are_read_whole() -> None:
    assert len(python("if a: pass\n" + "elif b: f()\n" * 2000).all(Op.CALL)) == 2000


PIECES = st.lists(
    st.sampled_from(
        ["def f(", "class A", "(", ")", "[", "]", "{", "}", ":", "\n", "    ", "match x", "case ", "_", "|", "if ", "elif ", "else",
         "for a in ", "while ",
         "try", "except ", "finally", "with ", " as ", "=", "*", "**", ",", ".", "f'", "'", '"""', "{a", "lambda ", "yield ",
         "del ", "@", "import ", "from ."]
    )
).map("".join)  # fmt: skip


@given(st.one_of(st.text(), PIECES))
def test_any_text_is_indexed_and_lowered(source: str) -> None:
    Lowered(PYTHON, source).check_all()
