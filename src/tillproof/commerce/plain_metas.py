"""What WordPress keeps beside posts, users and the site under names of the plugin's own, by plain functions: ``get_post_meta``,
``update_user_meta``, ``update_option``."""

import re
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.lexicon import snake
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, External, Result, Value, pattern
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_OF_ROW = re.compile(r"(?:wc_)?(get|update)_(post|user|term|comment|order_item|usermeta)_?meta")
_OF_SITE = re.compile(r"(get|update)_(?:site_)?option")
_OF_ENTRY = re.compile(r"gform_(get|update)_meta")  # of an entry of Gravity Forms
_GETS = "get"
OF_POST = "post_meta"
"""What is kept beside a post, which may be a product, a form or an event that is sold."""


class Meta(NamedTuple):
    """A call that reads or writes one. ``of``: the argument that says whose it is (-1: the site's), ``key``, ``value``: those of its name
    and of what it becomes."""

    reads: bool
    entity: str
    of: int
    key: int
    value: int


def meta_named(name: str) -> Meta | None:
    """What a plain function of that name does."""
    if told := _OF_ROW.fullmatch(name):
        return Meta(told[1] == _GETS, f"{told[2]}_meta", 0, 1, 2)
    if told := _OF_ENTRY.fullmatch(name):
        return Meta(told[1] == _GETS, "entry_meta", 0, 1, 2)
    if told := _OF_SITE.fullmatch(name):
        return Meta(told[1] == _GETS, "option", -1, 0, 1)
    return None


def meta_at(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> tuple[Meta, str, list[Value]] | None:
    """The call at an instruction, the name under which something is kept, and what the call is given; None where it is no such call, or
    its name says nothing."""
    body = model.program.body(fn)
    callee, arguments = body.call(i)
    meta = meta_named(body.name(callee)) if body.op[callee] == Op.NAME else None
    if meta is None or len(arguments) <= max(meta.of, meta.key) or any(k != "" for k, _ in arguments):
        return None
    if not isinstance(model.evaluator.value(fn, callee, ctx), External):
        return None
    given = [model.evaluator.value(fn, a, ctx) for _, a in arguments]
    key = _name(given[meta.key])
    return (meta, key, given) if key else None


def written_meta(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
    """What such a call writes."""
    found = meta_at(model, fn, i, ctx)
    if found is None or found[0].reads or len(found[2]) <= found[0].value:
        return None
    meta, key, given = found
    keys = {"id": given[meta.of]} if meta.of >= 0 else {}
    return Touch(
        "write", meta.entity, {key: given[meta.value]}, frozenset(), keys, frozenset(keys), False, None, fn, i, ctx, "record.write", "same"
    )  # fmt: skip


def meta_read(model: "Model", value: Value) -> str:
    """The name under which stands what a value is; empty where it is nothing of that kind."""
    if not isinstance(value, Result) or value.instr < 0:
        return ""
    found = meta_at(model, value.fn, value.instr, value.ctx)
    return found[1] if found is not None and found[0].reads else ""


def _name(value: Value) -> str:
    """The name under which something is kept, without what hides it from the editor; empty where it says too little."""
    text = pattern(value)
    return snake(text).strip("_") if text.replace("{}", "").strip("_-: ") else ""
