"""What a statement says: on real statements, on values of code, and on whatever else a text may be."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.commerce.small_models import model_of
from tillproof.commerce import sql
from tillproof.commerce.schema.readers import ddl
from tillproof.commerce.sql.statement import Operand, Statement, Write
from tillproof.commerce.sql.tokens import tokens
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op
from tillproof.source.kinds import words


def said(statement: Statement) -> str:
    """A statement as one line: verb, table, writes, conditions, and what else it does."""
    writes = ", ".join(map(_write, statement.writes))
    where = " & ".join(f"{c.column} {c.operator} {_operand(c.value)}" for c in statement.where)
    conflict = f"conflict:{statement.conflict}({','.join(statement.conflict_columns)})" if statement.conflict else ""
    flags = [
        flag * there
        for flag, there in (
            ("locks", statement.locks), ("skips", statement.skip_locked), ("nowait", statement.nowait), ("returning", statement.returning),
            ("part", not statement.whole), ("words", not statement.parsed), (f"in {statement.routine}", bool(statement.routine)),
        )
    ]  # fmt: skip
    parts = [statement.verb, statement.table, f"[{writes}]" if writes else "", f"where {where}" if where else "", conflict, *flags]
    return " ".join(p for p in parts if p)


def _write(write: Write) -> str:
    step = f"({write.step}{_operand(write.by)})" if write.step else ""
    return f"{write.column}{'~' if write.relative else ''}={_operand(write.value)}{step}"


def _operand(operand: Operand | None) -> str:
    if operand is None:
        return "?"
    if operand.hole is not None:
        return f"hole{operand.hole}"
    if operand.param is not None:
        return f"param {operand.param}"
    return repr(operand.const) if operand.const is not None else operand.column or operand.text


_SAID = {
    "UPDATE stock SET qty = qty - ? WHERE id = ? AND qty >= ?":
        "update stock [qty~=qty - __p0__(-param 0)] where id = param 1 & qty >= param 2",
    'UPDATE `shop`.`stock` SET `qty`=`qty`-1 WHERE `id`="a" LIMIT 1': "update stock [qty~=qty - 1(-'1')] where id = 'a'",
    "update s set q = greatest(q - :n, 0) where $1 <= q": "update s [q~=GREATEST(q - __p0__, 0)(-param n)] where q >= param 0",
    "UPDATE s SET q = 5, paid = TRUE WHERE a = 1 OR b = 2": "update s [q='5', paid='true'] part",
    "UPDATE p SET status = COALESCE($1, status), note = IFNULL(:note, note), q = COALESCE(q, 0) + 1 WHERE id = $2":
        "update p [status=param 0, note=param note, q~=COALESCE(q, 0) + 1(+'1')] where id = param 1",
    "UPDATE orders o JOIN stock s ON s.id = o.s SET s.q = s.q + o.n WHERE NOT o.paid":
        "update stock [q~=s.q + o.n(+n)] where paid = 'false'",
    "UPDATE t SET (a, b) = (1, c) WHERE id IN (%s)": "update t [a='1', b=c] where id in param 0",
    "UPDATE t SET q = (SELECT q - 1 FROM u) WHERE id IS NOT NULL": "update t [q=(SELECT q - 1 FROM u)] where id is not 'null'",
    "UPDATE t SET a = 1 WHERE WHERE a = 2": "update t [a='1'] part words",
    "SELECT * FROM events WHERE id = %(id)s FOR UPDATE OF events SKIP LOCKED": "select events where id = param id locks skips",
    "select a from t where b between 1 and 2 for no key update nowait": "select t where b between '1' locks nowait",
    "SELECT a FROM t WITH (UPDLOCK, ROWLOCK) WHERE id = @id": "select t where id = param id locks",
    "SELECT 1 FROM t WHERE a = 1 LOCK IN SHARE MODE": "select t where a = '1'",
    "INSERT IGNORE INTO events (id, at) VALUES (?, NOW())": "insert events [id=param 0, at=CURRENT_TIMESTAMP] conflict:ignore()",
    "INSERT OR IGNORE INTO events (id) VALUES (1)": "insert events [id='1'] conflict:ignore()",
    "REPLACE INTO events (id) VALUES (1)": "insert events [id='1'] conflict:replace()",
    'INSERT INTO "events" ("id") VALUES ($1) ON CONFLICT ("id") DO NOTHING RETURNING id':
        "insert events [id=param 0] conflict:ignore(id) returning",
    "INSERT INTO s (id, n) VALUES (1, 2) ON DUPLICATE KEY UPDATE n = n + VALUES(n)": "insert s [id='1', n='2'] conflict:update()",
    "INSERT INTO s SET id = 1, n = 2": "insert s [id='1', n='2']",
    "INSERT INTO s (id) SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM s)": "insert s [id=id]",
    "DELETE FROM carts WHERE id = ?": "delete carts where id = param 0",
    "DELETE c FROM customers AS o JOIN carts AS c ON c.owner = o.id WHERE o.id = ?": "delete carts where id = param 0",
    "WITH due AS (SELECT id FROM jobs FOR UPDATE SKIP LOCKED) UPDATE jobs SET s = 1 FROM due WHERE jobs.id = due.id":
        "update jobs [s='1'] where id = id locks skips",
    "MERGE INTO s USING d ON s.id = d.id WHEN MATCHED THEN UPDATE SET q = s.q - d.q": "merge s [q~=s.q - d.q(-q)] conflict:update() part",
    "BEGIN": "begin part words",
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), _SAID.items())
def test_what_a_statement_says(text: str, expected: str) -> None:
    statement = sql.statement(text)
    assert statement is not None
    assert said(statement) == expected


def test_upserts_keep_what_they_do_on_conflict() -> None:
    statement = sql.statement("INSERT INTO s (id, n) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET n = s.n + EXCLUDED.n, m = EXCLUDED.n")
    assert statement is not None
    assert [(w.column, w.relative, w.step) for w in statement.on_conflict] == [("n", True, "+"), ("m", False, "")]


@pytest.mark.parametrize(
    "text", ["Update your order now", "Select a size", "delete", "", "   ", "((", "SELECT", "Call us", "with love", "créer"]
)
def test_english_is_no_statement_with_a_table(text: str) -> None:
    assert [s.table for s in sql.statements(text) if s.table] == []


def test_bodies_of_routines_are_cut_open() -> None:
    text = """CREATE OR REPLACE FUNCTION take_stock() RETURNS TRIGGER LANGUAGE plpgsql AS $body$
DECLARE left_over integer;
BEGIN
  SELECT qty INTO left_over FROM stock WHERE id = NEW.stock_id FOR UPDATE;
  IF left_over < NEW.qty THEN
    RAISE EXCEPTION 'not enough; sorry';
  ELSE
    UPDATE stock SET qty = qty - NEW.qty WHERE id = NEW.stock_id;
  END IF;
  FOR row IN SELECT id FROM waiting LOOP DELETE FROM waiting WHERE id = row.id; END LOOP;
  RETURN NEW;
END;
$body$;
CREATE TRIGGER t AFTER INSERT ON item FOR EACH ROW EXECUTE PROCEDURE take_stock();
DO $$ BEGIN PERFORM 1 FROM checks; END $$;
CREATE TRIGGER m AFTER INSERT ON item FOR EACH ROW BEGIN
  IF (SELECT qty FROM stock WHERE id = NEW.id) > 0 THEN UPDATE stock SET qty = qty - 1; END IF;
END;
UPDATE after SET done = 1;"""
    found = [(s.line, said(s)) for s in sql.statements(text) if s.verb not in ("create", "other")]
    assert found == [
        (3, "select stock where id = stock_id locks in take_stock"),
        (7, "update stock [qty~=qty - NEW.qty(-qty)] where id = stock_id in take_stock"),
        (9, "select waiting in take_stock"),
        (9, "delete waiting where id = id in take_stock"),
        (14, "select checks in do"),
        (16, "select stock where id = id in m"),
        (16, "update stock [qty~=qty - 1(-'1')] in m"),
        (18, "update after [done='1']"),
    ]


def test_another_delimiter_and_quoted_bodies() -> None:
    text = "DELIMITER //\nCREATE PROCEDURE p()\nBEGIN\n  UPDATE a SET n = n + 1;\nEND//\nDELIMITER ;\nUPDATE b SET n = 2;"
    assert [(s.line, s.table, s.routine) for s in sql.statements(text) if s.verb == "update"] == [(3, "a", "p"), (6, "b", "")]
    quoted = "CREATE FUNCTION f() RETURNS void AS 'UPDATE c SET n = ''x''' LANGUAGE sql"
    assert [(s.table, s.writes) for s in sql.statements(quoted) if s.verb == "update"] == [("c", (Write("n", Operand("'x'", const="x")),))]


# --- values of code


def statements_in(root: Path, name: str, code: str) -> list[tuple[str, int]]:
    """What the first argument of every call says as SQL, with the number of holes."""
    model, _ = model_of(root, {name: code})
    out: list[tuple[str, int]] = []
    for fn in model.program.all_functions(name):
        body = model.program.body(Fn(name, fn.number))
        for i, op in enumerate(body.op):
            arguments = body.call(i)[1] if op == Op.CALL else []
            if arguments and body.name(body.args(i)[0]).lower() in ("execute", "query", "run"):
                value = model.evaluator.value(fn, arguments[0][1])
                out += [(said(a.statement), len(a.holes)) for a in sql.of_value(value, model.evaluator)]
    return out


def test_values_of_python(tmp_path: Path) -> None:
    code = """from sqlalchemy import text
TABLE = "stock"

def f(db, cursor, n, ids):
    db.execute(text(f"UPDATE {TABLE} SET qty = qty - {n} WHERE id = :id"))
    cursor.execute("SELECT qty FROM %s WHERE id = %%s" % n, (1,))
    cursor.execute("DELETE FROM {} WHERE id IN ({})".format("carts", ids))
    query = "SELECT * FROM orders "
    query += "WHERE id = %s FOR UPDATE"
    cursor.execute(query, [n])
    cursor.execute("UPDATE orders SET note = '" + n + "', total = %s WHERE id = %s", (1, 2))
    db.execute("Hello %s" % n)
"""
    assert statements_in(tmp_path, "a.py", code) == [
        ("update stock [qty~=qty - __h0__(-hole0)] where id = param id", 1),
        ("select where id = param 0", 1),
        ("delete carts where id in hole0", 1),
        ("select orders where id = param 0 locks", 0),
        ("update orders [note=hole0, total=param 0] where id = param 1", 1),
    ]


def test_values_of_javascript(tmp_path: Path) -> None:
    code = """const prefix = process.env.PREFIX;
module.exports = async (db, id, where, sql) => {
  await db.query(`UPDATE ${prefix}stock SET qty = qty - 1 WHERE id = ${id} ${where} RETURNING qty`);
  await db.query(sql`INSERT INTO events (id, kind) VALUES (${id}, 'paid') ON CONFLICT DO NOTHING`);
  await db.query('SELECT * FROM ' + where + ' WHERE id = $1', [id]);
  await db.execute(db.raw('UPDATE t SET a = ? WHERE b = ?', [id, where]));
};
"""
    assert statements_in(tmp_path, "a.js", code) == [
        ("update stock [qty~=qty - 1(-'1')] where id = hole1 returning part", 3),
        ("insert events [id=hole0, kind='paid'] conflict:ignore()", 1),
        ("select where id = param 0", 1),
        ("update t [a=param 0] where b = param 1", 0),
    ]


def test_values_of_php(tmp_path: Path) -> None:
    code = """<?php
function f($wpdb, $pdo, $id) {
    $wpdb->query($wpdb->prepare("UPDATE {$wpdb->prefix}stock SET qty = qty - %d WHERE id = $id", 1));
    $pdo->query(sprintf('DELETE FROM %s WHERE id = %d', 'carts', $id));
    $sql = "SELECT * FROM `orders` "; $sql .= "WHERE id = '" . $id . "'";
    $pdo->query($sql);
    $pdo->query(<<<SQL
        UPDATE orders SET status = 'paid' WHERE id = $id AND status = 'open'
    SQL);
}
"""
    assert statements_in(tmp_path, "a.php", code) == [
        ("update stock [qty~=qty - __p0__(-param 0)] where id = hole1", 2),
        ("delete carts where id = hole0", 1),
        ("select orders where id = hole0", 1),
        ("update orders [status='paid'] where id = hole0 & status = 'open'", 1),
    ]


# --- anything

_NAMES = st.from_regex(r"c_[a-z]{2,6}", fullmatch=True)  # never a word of the grammar
_HOLES = st.integers(0, 9).map(lambda n: f"__h{n}__")
_SPLICED = st.tuples(_NAMES, st.one_of(_HOLES, st.sampled_from(["?", "$1", ":id", "%s", "'x'", "1", "NULL", "NOW()", "'__h3__'"])))


@given(_NAMES, st.lists(_SPLICED, min_size=1, max_size=4, unique_by=lambda p: p[0]), st.lists(_SPLICED, max_size=3))
@settings(max_examples=100, deadline=None)
def test_holes_and_placeholders_keep_their_places(table: str, sets: list[tuple[str, str]], where: list[tuple[str, str]]) -> None:
    text = f"UPDATE {table} SET " + ", ".join(f"{c} = {v}" for c, v in sets)
    text += " WHERE " + " AND ".join(f"{c} = {v}" for c, v in where) if where else ""
    statement = sql.statement(text)
    assert statement is not None
    assert statement.table == table
    assert [w.column for w in statement.writes] == [c for c, _ in sets]
    assert [c.column for c in statement.where] == [c for c, _ in where]
    operands = [*(w.value for w in statement.writes), *(c.value for c in statement.where)]
    for operand, (_, spliced) in zip(operands, [*sets, *where], strict=True):
        if "__h" in spliced:
            assert operand.hole == int(spliced.strip("'_h"))
        elif spliced in ("?", "$1", "%s"):
            assert isinstance(operand.param, int)


_WORDS = (
    "SELECT FROM WHERE UPDATE SET INSERT INTO VALUES ( ) , ; = ' \" ` $$ BEGIN END IF THEN AS CREATE FUNCTION TRIGGER DELIMITER -- /* */ "
    "[ ] :: ? $1 %s ON CONFLICT DO FOR LOCK WITH TABLE ALTER ADD"
)


@given(st.lists(st.one_of(_HOLES, _NAMES, st.sampled_from(sorted(words(_WORDS)))), max_size=25))
@settings(max_examples=100, deadline=None)
def test_nothing_raises(parts: list[str]) -> None:
    text = " ".join(parts)
    for prefix in ("", "SELECT ", "CREATE TABLE t (", "UPDATE t SET a = "):
        for statement in sql.statements(prefix + text):
            assert statement.line >= 0
        list(ddl.read(prefix + text, "a.sql"))


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_text_at_all_raises(text: str) -> None:
    assert all(0 <= t.at < len(text) for t in tokens(text))
    for prefix in ("", "SELECT * FROM t WHERE ", "DO $$ "):
        sql.statements(prefix + text)
    list(ddl.read("ALTER TABLE " + text, "a.sql"))


# --- generated definitions

_TYPES = st.sampled_from(["INT", "INTEGER", "BIGINT", "DECIMAL(10, 2)", "VARCHAR(20)", "TEXT", "BOOLEAN", "TIMESTAMP", "ENUM('a, b', 'c')"])
_COLUMN = st.tuples(_NAMES, _TYPES, st.booleans(), st.booleans(), st.sampled_from(["", "INLINE", "TABLE"]))


@given(_NAMES, st.lists(_COLUMN, min_size=1, max_size=6, unique_by=lambda c: c[0]), st.sampled_from(["`{}`", '"{}"', "{}"]))
@settings(max_examples=100, deadline=None)
def test_a_definition_is_read_as_it_was_written(table: str, columns: list[tuple[str, str, bool, bool, str]], quote: str) -> None:
    rows = [
        f"{quote.format(n)} {t}{' UNSIGNED' * (u and 'INT' in t)}{' NOT NULL' * required}{f' CHECK ({n} >= 0)' * (c == 'INLINE')}"
        for n, t, u, required, c in columns
    ]
    rows += [f"CONSTRAINT c_{n} CHECK ({quote.format(n)} >= 0)" for n, _, _, _, c in columns if c == "TABLE"]
    text = f"-- first\nCREATE TABLE {quote.format(table)} (\n  " + ",\n  ".join(rows) + "\n) ENGINE=InnoDB;\nSELECT 1;"
    ((_, change),) = ddl.read(text, "a.sql")
    assert change.table == table
    assert [(c.name, c.line, c.unsigned, c.nullable, bool(c.checks)) for c in change.columns] == [
        (n, 3 + at, u and "INT" in t, not required, c == "INLINE") for at, (n, t, u, required, c) in enumerate(columns)
    ]
    assert [c.name for c in change.checks] == [f"c_{n}" for n, _, _, _, c in columns if c == "TABLE"]
