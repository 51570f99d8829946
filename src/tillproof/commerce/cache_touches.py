"""What calls do to values that are kept in a cache."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.names import written
from tillproof.commerce.record_names import TouchKind
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, FunctionV, Record, Value, names, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_CACHE = re.compile(r"cache|redis|transient|memcache|kv\b")
CACHES: dict[str, TouchKind] = {
    "get": "read", "has": "read", "exists": "read", "get_transient": "read", "get_site_transient": "read", "wp_cache_get": "read",
    "set": "write", "setex": "write", "put": "write", "set_transient": "write", "set_site_transient": "write", "forever": "write",
    "wp_cache_set": "write", "add": "upsert", "setnx": "upsert", "wp_cache_add": "upsert", "delete_transient": "delete", "forget": "delete",
}  # fmt: skip
"""What calls of a cache are named, and what they do."""


def cached(model: "Model", fn: Fn, i: int, ctx: Ctx | None, name: str, ours: bool = False) -> Touch | None:
    """A value kept in a cache: ``cache.get(key)``, ``redis.set(key, 1, nx=True)``, ``set_transient($key, …)``. ``ours``: by a class of the
    shop's own, too, that is called a cache."""
    body = model.program.body(fn)
    arguments = body.call(i)[1]
    if not arguments or (not ours and model.recogniser.is_ours(fn, i, ctx) and not _only_declared(model, fn, i, ctx)):
        return None
    spelt = written(model.program, fn, body.args(i)[0]).lower()
    known = " ".join(names(model.evaluator.value(fn, body.args(i)[0], ctx))).lower()
    if not _CACHE.search(spelt.rpartition(".")[0] or spelt) and not _CACHE.search(known.rpartition(".")[0]):
        return None
    values = [(k, model.evaluator.value(fn, v, ctx)) for k, v in arguments]
    keys = {"key": values[0][1]}
    kind: TouchKind = CACHES[name]
    if kind == "write" and any(_is_nx(k, v) for k, v in values[1:]):
        kind = "upsert"
    fields: dict[str, Value | None] = {} if kind == "read" else dict(keys)
    return Touch(kind, "cache", fields, frozenset(), keys, frozenset(keys), False, None, fn, i, ctx, "cache")


def _only_declared(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a call lands in a method that does nothing: a protocol or interface of ours for something that is not."""
    targets = options(model.evaluator.value(fn, model.program.body(fn).args(i)[0], ctx))
    bodies = [model.program.body(o.fn) for o in targets if isinstance(o, FunctionV)]
    return bool(bodies) and all(op in (Op.PARAM, Op.STORE, Op.CONST, Op.CHOICE) for body in bodies for op in body.op)


def _is_nx(key: str, value: Value) -> bool:
    """Whether an argument of SET asks for "only if it is not there": ``nx=True``, ``'NX'``, ``{ nx: true }``."""
    if key.lower() == "nx":
        return not (isinstance(value, Const) and value.falsy)
    if isinstance(value, Record):
        return any(k is not None and _is_nx(k, v) for k, v in value.entries)
    return isinstance(value, Const) and value.text.strip("'\"").upper() == "NX"
