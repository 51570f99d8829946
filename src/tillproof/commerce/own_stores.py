"""Records in a database that is spoken to over HTTP: by a request to it, or by a function of ours that sends one and is told by a text of
what kind the record is: ``updateDocumentOnEdge('orders', id, { status: 'paid' })``, ``airtableCreate('Orders', row)``. And those that a
program keeps in a map for as long as it runs: ``orders.set(id, { status: 'paid' })``."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.entities import entity
from tillproof.commerce.record_names import TouchKind
from tillproof.commerce.touches import Touch
from tillproof.flow.maps import lasts
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Ctx, FunctionV, Overlay, Record, Result, Value, options, pattern
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

WRITES = re.compile(
    r"_?([a-z]+_?)??(update|patch|modify|upsert|merge|create|insert)(?=[A-Z_]|$)\w*|[a-z]+(Update|Patch|Upsert|Create|Insert)\w*"
)
"""What a function is called that writes a record."""
_CREATES = re.compile(r"create|insert", re.IGNORECASE)
_KIND = re.compile(r"([A-Za-z][\w-]*)(?:/.*)?")
_LEVELS = 2
_OF_STATES = re.compile(r"_(status|state)$")
# Databases that are spoken to over HTTP.
_DATABASES = re.compile(
    r"(firestore|datastore|sheets)\.googleapis\.com|.*\.(firebaseio|firebasedatabase)\.(com|app)|.*\.supabase\.(co|in)|api\.airtable\.com"
    r"|api\.notion\.com|.*\.upstash\.io|.*\.turso\.io|.*\.hasura\.app|.*\.api\.sanity\.io|.*\.neon\.tech|(\w+\.)*data\.mongodb-api\.com"
)
_TABLE = re.compile(r".*(?:/rest/v1/|/documents/|/v0/[^/]+/)([A-Za-z][\w-]*)(?:[/?].*)?")
_ASKED = {"GET": "read", "PATCH": "write", "PUT": "write", "POST": "create", "DELETE": "delete"}
_BODY = ("body", "data", "json")
_HELD = ("fields", "properties")
_PATHS = re.compile(r".*(/rest/v1/|\bdatabases/[^/]+/documents\b).*")


def is_database(host: str, path: str) -> bool:
    """Whether an address is a database's own: our records are kept there, and no payment system is asked."""
    return _DATABASES.fullmatch(host) is not None or _PATHS.fullmatch("/" + path) is not None


def stored(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
    """What a call does to the records of such a database, if it does anything."""
    body = model.program.body(fn)
    if body.op[body.args(i)[0]] not in (Op.NAME, Op.FIELD) or model.program.language(fn.file) != "javascript":
        return None
    if WRITES.fullmatch(body.called(i).rpartition(".")[2]):
        return kept_by_ours(model, fn, i, ctx)
    if body.called(i) == "set":
        return kept_in_map(model, fn, i, ctx)
    return asked_of_database(model, fn, i, ctx) if model.recogniser.is_("http", fn, i, ctx) is not None else None


def kept_in_map(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
    """What a call puts into a map of a module that is named after orders or payments, or after their states."""
    body = model.program.body(fn)
    callee, given = body.call(i)
    holder = body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
    if holder < 0 or body.op[holder] != Op.NAME or len(given) != 2:
        return None
    kind = _OF_STATES.sub("", entity(body.name(holder)))
    if not model.words.entity(kind) or not any(lasts(o) for o in options(model.evaluator.value(fn, holder, ctx))):
        return None
    key, row = (model.evaluator.value(fn, v, ctx) for _, v in given)
    if not any(isinstance(o, (Record, Overlay)) for o in options(row)):
        return None
    got = shape(model.evaluator, row)
    fields: dict[str, Value | None] = {**got.may, **got.must}
    return Touch("upsert", kind, fields, frozenset(), {"id": key}, frozenset(["id"]), False, None, fn, i, ctx, "record.write")


def kept_by_ours(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
    """What a call of such a function writes; None where it is no such call."""
    body = model.program.body(fn)
    callee, given = body.call(i)
    name = body.name(callee).rpartition(".")[2]
    if len(given) < 2:
        return None
    told = _KIND.fullmatch(pattern(model.evaluator.value(fn, given[0][1], ctx)))
    kind = entity(told[1]) if told is not None else ""
    row = model.evaluator.value(fn, given[-1][1], ctx)
    if not model.words.entity(kind) or not any(isinstance(o, (Record, Overlay)) for o in options(row)):
        return None
    if not any(isinstance(o, FunctionV) and _sends(model, o.fn, 0) for o in options(model.evaluator.value(fn, callee, ctx))):
        return None
    got = shape(model.evaluator, row)
    fields: dict[str, Value | None] = {**got.may, **got.must}
    keys = {"id": model.evaluator.value(fn, given[1][1], ctx)} if len(given) > 2 else {}
    creates = _CREATES.search(name) is not None
    did: TouchKind = "create" if creates else "write"
    effect = "record.create" if creates else "record.write"
    return Touch(did, kind, fields, frozenset(), keys, frozenset(keys), False, None, fn, i, ctx, effect)


def asked_of_database(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
    """What a request to a database does to its records: ``fetch(`${url}/rest/v1/orders?id=eq.${id}`, { method: 'PATCH', body })``."""
    request = model.http.request(fn, i, ctx)
    if request is None:
        return None
    host, _, path = request.url.partition("://")[2].partition("/") if "://" in request.url else ("", "", request.url.partition("/")[2])
    table, did = _TABLE.fullmatch("/" + path), _ASKED.get(request.method)
    if table is None or did is None or not is_database(host, path) or not model.words.entity(kind := entity(table[1])):
        return None
    fields = dict(_sent(model, request.arguments)) if did in ("write", "create") else {}
    effect = {"write": "record.write", "create": "record.create"}.get(did, "")
    return Touch(did, kind, fields, frozenset(), {}, frozenset(), False, None, fn, i, ctx, effect)  # type: ignore[arg-type]


def _sent(model: "Model", arguments: Iterable[Value]) -> Iterator[tuple[str, Value]]:
    """The fields of the record in the body of a request, as it is or under the key that a store wants them."""
    for argument in arguments:
        got = shape(model.evaluator, argument)
        for key, value in {**got.may, **got.must}.items():
            for row in model.requests.carried(value) if key in _BODY and isinstance(value, Result) else (value,) if key in _BODY else ():
                inner = shape(model.evaluator, row)
                held = {**inner.may, **inner.must}
                under = next((held[k] for k in _HELD if k in held), None)
                kept = shape(model.evaluator, under) if under is not None else inner
                yield from {**kept.may, **kept.must}.items()


def _sends(model: "Model", fn: Fn, depth: int) -> bool:
    """Whether a function sends a request to something that is no provider's, itself or by one that it calls."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op != Op.CALL:
            continue
        request = model.http.request(fn, i)
        if request is not None and model.http.provider(request) is None and not model.http.match(fn, request):
            return True
    return depth < _LEVELS and any(_sends(model, inner, depth + 1) for inner in model.reach.callees(fn) if inner != fn)
