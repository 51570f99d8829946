"""What JavaScript, TypeScript and JSX are lowered to: values, control flow, declarations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.declarations import Class, Export, FileIndex, Import
from tillproof.ir.ops import NAMES, Kind, Op
from tillproof.ir.show import show
from tillproof.languages.base import Spec, index_file, lower, parse
from tillproof.languages.javascript import JAVASCRIPT, TSX, TYPESCRIPT

SPECS = [JAVASCRIPT, TYPESCRIPT, TSX]


def index(source: str, spec: Spec = TYPESCRIPT) -> FileIndex:
    return index_file(spec, "shop.ts", source.encode(), [])


def body(source: str, function: str = "", spec: Spec = TYPESCRIPT) -> Body:
    """The body of the function with this name, or of the top level."""
    found = index(source, spec)
    number = [f.name for f in found.functions].index(function) if function else -1
    return lower(spec, found, source.encode(), parse(spec, source.encode()), number)


def shown(source: str, function: str = "", spec: Spec = TYPESCRIPT) -> list[str]:
    """The instructions alone, without their numbers' indentation."""
    return [line.strip() for line in show(body(source, function, spec)).splitlines()]


def instructions(source: str, function: str = "", spec: Spec = TYPESCRIPT) -> list[str]:
    return [line.partition(" ")[2] for line in shown(source, function, spec) if line[0].isdigit()]


def names_called(lowered: Body, blocks: set[int]) -> list[str]:
    """Callees by name of the calls in these blocks, in the order of the source."""
    rows = sorted(i for b in blocks for i in range(lowered.blocks[b].start, lowered.blocks[b].end))
    return [lowered.name(lowered.call(i)[0]) for i in rows if lowered.op[i] == Op.CALL]


def reached(lowered: Body, start: int) -> set[int]:
    """The blocks that run after ``start``, itself included."""
    seen, pending = set(), [start]
    while pending:
        block = pending.pop()
        if block not in seen:
            seen.add(block)
            pending += [target for _, target in lowered.blocks[block].next]
    return seen


def after_branch(lowered: Body, number: int, edge: int) -> list[str]:
    """What is called when the nth branch of the source goes this way."""
    row = [i for i in range(len(lowered.op)) if lowered.op[i] == Op.BRANCH][number]
    block = next(b for b in lowered.blocks if b.start <= row < b.end)
    return names_called(lowered, reached(lowered, next(target for kind, target in block.next if kind == edge)))


# --- declarations


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import Stripe from 'stripe'", [("Stripe", "stripe", "default")]),
        ("import { a, b as c } from './m'", [("a", "./m", "a"), ("c", "./m", "b")]),
        ('import d, * as n from "m"', [("d", "m", "default"), ("n", "m", "*")]),
        ("import type { T } from 'm'", [("T", "m", "T")]),
        ("import 'side-effect'", [("", "side-effect", "*")]),
        ("import Stripe from 'npm:stripe@^14.1'", [("Stripe", "stripe", "default")]),
        ("import { createClient } from 'jsr:@supabase/supabase-js@2'", [("createClient", "@supabase/supabase-js", "createClient")]),
        ("import Stripe from 'https://esm.sh/stripe@14?target=denonext'", [("Stripe", "stripe", "default")]),
        ("import { serve } from 'https://deno.land/std@0.177.0/http/server.ts'", [("serve", "@std/http/server", "serve")]),
        ("import { z } from 'https://deno.land/x/zod@v3.22.4/mod.ts'", [("z", "zod", "z")]),
        ("import Chart from 'https://esm.sh/chart.js@4'", [("Chart", "chart.js", "default")]),
        ("import x = require('m')", [("x", "m", "*")]),
        ("const x = require('m')", [("x", "m", "*")]),
        ("const { a: b, c } = require('m')", [("b", "m", "a"), ("c", "m", "c")]),
        ("const x = require('m').y", [("x", "m", "y")]),
        ("const m = await import('./m')", [("m", "./m", "*")]),
        ("const S = (await import('stripe')).default", [("S", "stripe", "default")]),
        ("const s = require('stripe')(key)", []),
        ("const { a: { b } } = require('m')", []),
        ("const x = load('m')", []),
    ],
)
def test_imports(source: str, expected: list[tuple[str, str, str]]) -> None:
    assert index(source).imports == [Import(*i, 1) for i in expected]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("export const a = 1, { b, c: [d], ...e } = o", [("a", "a", ""), ("b", "b", ""), ("d", "d", ""), ("e", "e", "")]),
        ("export async function pay() {}", [("pay", "pay", "")]),
        ("export class Shop {}", [("Shop", "Shop", "")]),
        ("export { a as b, c }", [("b", "a", ""), ("c", "c", "")]),
        ("export { a as b } from './m'", [("b", "a", "./m")]),
        ("export * from './m'", [("*", "*", "./m")]),
        ("export * as ns from './m'", [("ns", "*", "./m")]),
        ("export default pay", [("default", "pay", "")]),
        ("export default function pay() {}", [("default", "pay", "")]),
        ("export default async () => 1", [("default", "default", "")]),
        ("module.exports = pay", [("default", "pay", "")]),
        ("module.exports = { a, b: c, d() {}, e: f() }", [("a", "a", ""), ("b", "c", ""), ("d", "d", ""), ("e", "e", "")]),
        ("module.exports = { ...require('./m'), k: require('./n').l }", [("*", "*", "./m"), ("k", "l", "./n")]),
        ("module.exports = require('./m')", [("*", "*", "./m"), ("default", "default", "./m")]),
        ("exports.f = g", [("f", "g", "")]),
        ("module.exports.f = () => 1", [("f", "f", "")]),
        ("namespace N { export const a = 1 }", []),
        ("modules.exported = a", []),
    ],
)
def test_exports(source: str, expected: list[tuple[str, str, str]]) -> None:
    assert index(source).exports == [Export(*e) for e in expected]


def test_what_is_exported_without_a_name_is_stored_under_the_exported_one() -> None:
    assert "STORE default 0" in instructions("export default async () => 1")
    assert instructions("exports.pay = wrap(f)")[-1] == "STORE pay 2"
    assert [i for i in instructions("module.exports = { a, b: make() }") if i.startswith("STORE")] == ["STORE b 4"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("function a() {} function* b() {}", ["a", "b"]),
        ("const a = () => 1, b = async function () {}", ["a", "b"]),
        ("x.y.handler = () => 1; exports.go = function () {}", ["handler", "go"]),
        ("const o = { pay: () => 1, 'a b': function () {}, m() {} }", ["pay", "a b", "m"]),
        ("class A { f = () => 1; get g() { return 1 } #h() {} }", ["f", "g", "#h"]),
        ("export default () => 1", ["default"]),
        ("module.exports = () => 1", ["default"]),
        ("const a = (() => 1) as Handler", ["a"]),
        ("use(() => 1)", [""]),
    ],
)
def test_function_names(source: str, names: list[str]) -> None:
    assert [f.name for f in index(source).functions] == names


def test_classes_and_their_bases() -> None:
    found = index("class A extends m.B<T> implements I, J<K> {}\nconst C = class extends mix(A) {}\ninterface D extends E {}\nenum F { G }")
    assert [(c.name, c.bases) for c in found.classes] == [("A", ["m.B", "I", "J"]), ("C", ["mix", "A"]), ("D", ["E"]), ("F", [])]
    plain = index("class A extends B {}", JAVASCRIPT).classes
    assert plain == [Class("A", ["B"], 0, 20, 1, 1)]


def test_a_method_belongs_to_its_class_and_a_closure_to_its_function() -> None:
    found = index("class A { m() { return () => 1 } }").functions
    assert [(f.owner, f.parent) for f in found] == [(0, -1), (-1, 0)]


SERVICE = """\
@Injectable() export class Shop {
  static readonly limit: number = 3;
  client?: Stripe;
  constructor(private readonly orders: Orders, @Body('id') id: string, @Req request, ...rest: any[]) {}
  @Post('pay') async pay(): Promise<void> {}
}
"""


def test_class_members_are_stored_under_the_class_with_their_types() -> None:
    got = instructions(SERVICE)
    assert got[:4] == ["NAME Injectable", "CALL 0 ()", "DECORATE 1 0 1", "CLASS 0"]
    assert [i.rpartition(" ")[0] for i in got if i.startswith("STORE")] == [
        "STORE Shop", "STORE Shop.limit", "STORE Shop.client", "STORE Shop.constructor", "STORE Shop.orders", "STORE Shop.pay",
    ]  # fmt: skip
    assert [i.split()[1] for i in got if i.startswith("CAST")] == ["number", "Stripe", "Orders"]
    assert [i.split()[:3] for i in got if i.startswith("DECORATE")] == [["DECORATE", "1", "0"], ["DECORATE", "0", "1"]]


def test_parameters_keep_types_kinds_and_decorators() -> None:
    lowered = body(SERVICE, "constructor")
    assert [(p.name, p.type, p.kind, p.decorators) for p in lowered.params] == [
        ("orders", "Orders", "", []),
        ("id", "string", "", [("Body", "id")]),
        ("request", "", "", [("Req", "")]),
        ("rest", "any[]", "rest", []),
    ]
    assert instructions(SERVICE, "constructor")[2:4] == ["NAME this", "SET_FIELD 2 orders 0"]
    assert body(SERVICE, "pay").returns == "Promise<void>"


def test_decorators_of_plain_javascript() -> None:
    got = instructions("@d class A { @get m() {} }", spec=JAVASCRIPT)
    assert got == ["NAME d", "DECORATE 1 0 0", "CLASS 0", "STORE A 2", "NAME get", "DECORATE 0 0 4", "FUNCTION 0", "STORE A.m 6"]


def test_enum_members_are_constants() -> None:
    got = instructions("enum E { A, B = 'x', C = 5, D }")
    assert [i for i in got if i.startswith(("CONST", "STORE E."))] == [
        "CONST '0'", "STORE E.A 2", "CONST 'x'", "STORE E.B 4", "CONST '5'", "STORE E.C 6", "CONST '6'", "STORE E.D 8",
    ]  # fmt: skip


# --- patterns


def test_destructured_parameters() -> None:
    assert shown("const f = ({ a, b: { c }, d = 1, ['e']: k, ...r }: P = {}, [x, , y, ...z]) => 0", "f") == [
        "params ,", "b0:", "0 PARAM 0", "1 RECORD", "2 CHOICE default 0 1",
        "3 FIELD 2 a", "4 STORE a 3", "5 FIELD 2 b", "6 FIELD 5 c", "7 STORE c 6",
        "8 FIELD 2 d", "9 CONST '1'", "10 CHOICE default 8 9", "11 STORE d 10",
        "12 CONST 'e'", "13 INDEX 2 12", "14 STORE k 13", "15 REST 2 a b d", "16 STORE r 15",
        "17 PARAM 1", "18 CONST '0'", "19 INDEX 17 18", "20 STORE x 19", "21 CONST '2'", "22 INDEX 17 21", "23 STORE y 22",
        "24 REST 17", "25 STORE z 24", "26 CONST '0'", "27 RETURN 26",
    ]  # fmt: skip


def test_assignment_targets() -> None:
    assert instructions("a.b = c; a[k] = c; ({ p: a.q, r = 2 } = c)") == [
        "NAME c", "NAME a", "SET_FIELD 1 b 0", "NAME c", "NAME a", "NAME k", "SET_INDEX 4 5 3",
        "NAME c", "FIELD 7 p", "NAME a", "SET_FIELD 9 q 8", "FIELD 7 r", "CONST '2'", "CHOICE default 11 12", "STORE r 13",
    ]  # fmt: skip


def test_increments_give_the_old_or_the_new_value() -> None:
    assert instructions("a = i++") == ["NAME i", "CONST '1'", "BINARY + 0 1", "STORE i 2", "STORE a 0"]
    assert instructions("a = --i")[-1] == "STORE a 2"


def test_compound_assignment() -> None:
    assert instructions("t -= f")[-2:] == ["BINARY - 0 1", "STORE t 2"]
    lowered = body("t ??= f()")
    assert after_branch(lowered, 0, EDGE_FALSE) == ["f"]
    assert after_branch(lowered, 0, EDGE_TRUE) == []


# --- values


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("'a' + x", ["CONST 'a'", "NAME x", "TEXT 0 1"]),
        ("x + 100", ["NAME x", "CONST '100'", "BINARY + 0 1"]),
        ("`a${x}b`", ["CONST 'a'", "NAME x", "CONST 'b'", "TEXT 0 1 2"]),
        ("`plain`", ["CONST 'plain'"]),
        ("sql`a${x}`", ["NAME sql", "CONST 'a'", "NAME x", "CALL 0 (1, 2)"]),
        ("/a+/g", ["CONST '/a+/g'"]),
        ("-1", ["CONST '-1'"]),
        ("typeof x === 'a'", ["NAME x", "UNARY typeof 0", "CONST 'a'", "BINARY === 1 2"]),
        ("k in o", ["NAME k", "NAME o", "BINARY in 0 1"]),
        ("a?.b?.[c]?.(d)", ["NAME a", "FIELD 0 b", "NAME c", "INDEX 1 2", "NAME d", "CALL 3 (4)"]),
        ("f<T>(x, ...y)", ["NAME f", "NAME x", "NAME y", "CALL 0 (1, *2)"]),
        ("'a' + f<T>(x)", ["CONST 'a'", "NAME f", "NAME x", "CALL 1 (2)", "TEXT 0 3"]),
        ("!f<T>(x)", ["NAME f", "NAME x", "CALL 0 (1)", "UNARY not 2"]),
        ("2 * await f<T>(x)", ["CONST '2'", "NAME f", "NAME x", "CALL 1 (2)", "AWAIT 3", "BINARY * 0 4"]),
        ("new Stripe(key)", ["NAME Stripe", "NAME key", "NEW 0 (1)"]),
        ("(a, b)", ["NAME a", "NAME b"]),
        ("x as T<U>", ["NAME x", "CAST T<U> 0"]),
        ("x as A.B.C", ["NAME x", "CAST A.B.C 0"]),
        ("f(x as A.B.C)", ["NAME f", "NAME x", "CAST A.B.C 1", "CALL 0 (2)"]),
        ("x as A.B.C | null", ["NAME x", "CAST A.B.C 0"]),
        ("x satisfies A.B.C['d']", ["NAME x", "CAST A.B.C 0"]),
        ("(x as A.B.C).d", ["NAME x", "CAST A.B.C 0", "FIELD 1 d"]),
        ("x as const", ["NAME x"]),
        ("x!", ["NAME x"]),
        ("[1, , ...x]", ["CONST '1'", "CONST 'null'", "NAME x", "SPREAD 2", "LIST 0 1 3"]),
        ("import('./m')", ["NAME import", "CONST './m'", "CALL 0 (1)"]),
        ("require('m')(k)", ["NAME require", "CONST 'm'", "CALL 0 (1)", "NAME k", "CALL 2 (3)"]),
    ],
)
def test_expressions(source: str, expected: list[str]) -> None:
    assert instructions(source) == expected


def test_type_assertion() -> None:
    assert instructions("<Array<T>>x") == ["NAME x", "CAST Array<T> 0"]


def test_record() -> None:
    assert instructions("o = { a, 'b-c': 1, [k]: 2, ...d, m() {} }") == [
        "CONST 'a'", "NAME a", "CONST 'b-c'", "CONST '1'", "NAME k", "CONST '2'", "NAME d", "CONST 'm'", "FUNCTION 0",
        "RECORD 0 1 2 3 4 5 -1 6 7 8", "STORE o 9",
    ]  # fmt: skip


def test_literals_know_what_they_are() -> None:
    lowered = body("f('1', 1, true, null, undefined)")
    kinds = [lowered.const(value) for _, value in lowered.call(len(lowered.op) - 1)[1]]
    assert kinds == [(Kind.STRING, "1"), (Kind.NUMBER, "1"), (Kind.BOOL, "true"), (Kind.NULL, "null"), (Kind.NULL, "undefined")]


@pytest.mark.parametrize("spec", [JAVASCRIPT, TSX])
def test_jsx_is_a_call_of_its_tag(spec: Spec) -> None:
    assert instructions("v = <Pay a='x' onClick={() => go()} off {...p}>now {b}<br/></Pay>", spec=spec) == [
        "NAME Pay", "CONST 'a'", "CONST 'x'", "CONST 'onClick'", "FUNCTION 0", "CONST 'off'", "CONST 'true'", "NAME p",
        "RECORD 1 2 3 4 5 6 -1 7", "CONST 'now '", "NAME b", "NAME br", "RECORD", "CALL 11 (12)", "CALL 0 (8, 9, 10, 13)", "STORE v 14",
    ]  # fmt: skip


def test_generators() -> None:
    lowered = body("function* f() { const x = yield 1 }", "f")
    assert lowered.generator
    assert Op.YIELD in lowered.op


# --- control flow


def test_conditions_short_circuit() -> None:
    lowered = body("if (!a && (b || c)) { yes() } else { no() }")
    assert after_branch(lowered, 0, EDGE_TRUE) == ["no"]
    assert after_branch(lowered, 1, EDGE_TRUE) == ["yes"]
    assert after_branch(lowered, 2, EDGE_FALSE) == ["no"]


def test_else_if() -> None:
    lowered = body("if (a) x(); else if (b) y(); else z();")
    assert [after_branch(lowered, n, e) for n in (0, 1) for e in (EDGE_TRUE, EDGE_FALSE)] == [["x"], ["y", "z"], ["y"], ["z"]]


def test_switch_tests_in_order_falls_through_and_takes_the_default_last() -> None:
    lowered = body("switch (e.type) { case 'a': case 'b': one(); default: two(); break; case 'c': three() } end()")
    assert [instruction for instruction in instructions("switch (e) { case 'a': }") if "BINARY" in instruction] == ["BINARY == 0 1"]
    assert after_branch(lowered, 0, EDGE_TRUE) == ["one", "two", "end"]
    assert after_branch(lowered, 1, EDGE_TRUE) == ["one", "two", "end"]
    assert after_branch(lowered, 2, EDGE_TRUE) == ["three", "end"]
    assert after_branch(lowered, 2, EDGE_FALSE) == ["two", "end"]


def test_switch_true_has_conditions_as_cases() -> None:
    lowered = body("switch (true) { case a && b: x(); break; default: y() }")
    assert after_branch(lowered, 0, EDGE_FALSE) == ["y"]
    assert after_branch(lowered, 1, EDGE_TRUE) == ["x"]


def test_break_leaves_the_switch_and_continue_the_loop() -> None:
    lowered = body("function f() { while (m) { switch (k) { case 1: break; case 2: continue } rest() } }", "f")
    broken, continued = (
        next(target for kind, target in block.next if kind == EDGE_TRUE)
        for block in lowered.blocks
        if block.end > block.start and lowered.op[block.end - 2] == Op.BINARY
    )
    assert names_called(lowered, _straight(lowered, broken)) == ["rest"]
    assert names_called(lowered, _straight(lowered, continued)) == []


def _straight(lowered: Body, block: int) -> set[int]:
    """The blocks from here to the next branch."""
    seen: set[int] = set()
    while block not in seen and len(lowered.blocks[block].next) == 1:
        seen.add(block)
        block = lowered.blocks[block].next[0][1]
    return seen


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ("outer: for (;;) { for (;;) { if (a) break outer } inner() } end()", ["end"]),
        ("for (;;) { for (;;) { if (a) break } inner(); break } end()", ["inner", "end"]),
        ("blk: { if (a) break blk; skipped() } end()", ["end"]),
        ("for (;;) { blk: { if (a) break; skipped() } inner() } end()", ["end"]),
    ],
)
def test_labels(source: str, called: list[str]) -> None:
    assert after_branch(body(source), 0, EDGE_TRUE) == called


@pytest.mark.parametrize(("word", "op"), [("of", Op.ELEMENT), ("in", Op.KEY)])
def test_for_each(word: str, op: int) -> None:
    assert instructions("for (const [a] of rows) use(a)".replace("of", word))[3:7] == [
        f"{NAMES[op]} 0",
        "CONST '0'",
        "INDEX 3 4",
        "STORE a 5",
    ]


def test_for_runs_its_step_before_the_next_test() -> None:
    lowered = body("for (let i = 0; i < n; i++) { if (x) continue; go() }")
    assert names_called(lowered, reached(lowered, 0)) == ["go"]
    step = next(b for b in lowered.blocks if any(lowered.op[i] == Op.STORE and b.start > 0 for i in range(b.start, b.end)))
    assert sum(lowered.blocks.index(step) == target for b in lowered.blocks for _, target in b.next) >= 2


def test_do_runs_before_its_test() -> None:
    lowered = body("do { go() } while (more)")
    assert names_called(lowered, _straight(lowered, 0)) == ["go"]


def test_catch_is_reached_by_raise_edges_and_takes_the_error_apart() -> None:
    lowered = body("try { pay() } catch ({ message }) { log(message) } finally { done() }")
    handlers = {target for block in lowered.blocks for kind, target in block.next if kind == EDGE_RAISE}
    assert len(handlers) == 1
    assert names_called(lowered, reached(lowered, handlers.pop())) == ["log", "done"]
    assert "FIELD 2 message" in instructions("try { pay() } catch ({ message }) {}")


def test_throw_ends_the_path() -> None:
    lowered = body("function f() { if (a) { throw new Error('x') } go() }", "f")
    assert after_branch(lowered, 0, EDGE_TRUE) == []
    assert after_branch(lowered, 0, EDGE_FALSE) == ["go"]


# --- any text

FRAGMENTS = [
    "class A", "{", "}", "(", ")", "[", "]", "=>", "async ", "function ", "x", ".y", "=", "'s'", "`a${", "}`", "...", "export ", "default ",
    "import ", "from ", "require('m')", "module.exports", "switch ", "case 1:", "break ", "continue ", "l:", "for", "of ", "try ", "catch ",
    "<A b={", "/>", "</A>", "@d ", ": T", "?.", "??=", "!", "static ", "enum E", "interface I", ";", ",", "\n", "é", "\0",
]  # fmt: skip


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.id)
@given(source=st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=3)), max_size=30).map("".join))
def test_any_text_is_indexed_and_lowered(spec: Spec, source: str) -> None:
    data = source.encode("utf-8", "surrogatepass")
    found = index_file(spec, "x", data, [])
    tree = parse(spec, data)
    lines = data.count(b"\n") + 1
    spans = [(f.start, f.end) for f in found.functions] + [(c.start, c.end) for c in found.classes]
    assert all(0 <= start <= end <= len(data) for start, end in spans)
    for number in range(-1, len(found.functions)):
        lowered = lower(spec, found, data, tree, number)
        assert all(1 <= line <= end <= lines for line, end in zip(lowered.line, lowered.end_line, strict=True))
        assert all(0 <= b.start <= b.end <= len(lowered.op) for b in lowered.blocks)


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("const rows = await db.query<Row>(text);", "const rows = await db.query(text);"),
        ("const row = (await db.query<Row>(text)).first;", "const row = (await db.query(text)).first;"),
        ("const rows = await db.sql<Row[]>(text, 1);", "const rows = await db.sql(text, 1);"),
        ("const rows = await db.sql<Row>`SELECT ${id}`;", "const rows = await db.sql`SELECT ${id}`;"),
        ("const rows = await db.sql<Row[]>`SELECT ${id}`;", "const rows = await db.sql`SELECT ${id}`;"),
        ("const rows = await db.sql<[{ a: number }]>`SELECT ${id}`;", "const rows = await db.sql`SELECT ${id}`;"),
        ("const rows = await db.sql<Array<{ a: number }>>`SELECT ${id}`;", "const rows = await db.sql`SELECT ${id}`;"),
        ("const rows = db.sql<Row[]>`SELECT ${id}`;", "const rows = db.sql`SELECT ${id}`;"),
    ],
)
def test_type_arguments_of_an_awaited_call_change_nothing(source: str, plain: str) -> None:
    assert instructions(source) == instructions(plain)
