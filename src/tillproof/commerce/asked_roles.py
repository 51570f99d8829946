"""Conditions in the code itself that ask which role somebody has, or whether he is who sells what a record is about."""

import re

from tillproof.commerce.lexicon import snake
from tillproof.commerce.role_names import OTHERS_AT_THE_SHOP, STAFF_TEXT, STAFF_WORD
from tillproof.commerce.role_sessions import session_key
from tillproof.commerce.said_by_caller import said_by_caller
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, External, Member, Seq, Value, constant, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Role

_ROLE_WORD = re.compile(
    r"(\w+_)?(role|roles|user_?type|permission|permissions|type|scope|group|level|akses|jabatan|peran|perfil|nivel|cargo|rol)"
)
_ROLE = re.compile(r"(\w+_)?(roles?|akses|jabatan|peran|rol)|user_?type|user_?level")
_YES = re.compile(r"[1-9]\d*|true|t|yes|y", re.IGNORECASE)
_SELLS = re.compile(
    r"(partner|seller|vendor|merchant|supplier|organi[sz]er|host|instructor|restaurant_owner|shop_owner|store_owner)(_user)?_id"
)
_SAME = ("==", "===", "is")
_OTHER = ("!=", "!==", "is not")
_LISTED = ("includes", "has", "contains")
_DEMANDS = re.compile(
    r"(require|assert|ensure|check|verify|enforce|must_have|validate|authorize)(_\w+)?_(roles?|can|permissions?|capabilit(y|ies)|privileges?|access)(_\w+)?"
)
_MANAGES = re.compile(r"\w+[._:](manage|administer|admin|approve|refund)")
_DEEPEST = 4


def asked_role(evaluator: Evaluator, fn: Fn, i: int, depth: int = 0) -> Role | None:
    """What a condition demands that is true, whatever its operator where it compares: ``user.role === 'admin'``,
    ``['admin', 'manager'].includes(role)``, ``isSeller`` that was one of these before."""
    body = evaluator.program.body(fn)
    op = body.op[i]
    if op == Op.BINARY:
        return compares_role(evaluator, fn, i)
    if op == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.called(i) in _LISTED and len(body.call(i)[1]) == 1:
        listed = options(evaluator.value(fn, body.args(body.args(i)[0])[0]))
        told = [role_text(item) for one in listed if isinstance(one, Seq) for item in one.items]
        asked = [evaluator.value(fn, body.call(i)[1][0][1])]
        return "staff" if told and all(t is not None and _is_staff(evaluator, t, asked) for t in told) else None
    if op == Op.CHOICE and depth < _DEEPEST and (word := body.text(body.args(i)[0])) in ("or", "and"):
        sides = [asked_role(evaluator, fn, v, depth + 1) if _is_equality(evaluator, fn, v) else None for v in body.args(i)[1:]]
        return "staff" if (all(sides) if word == "or" else any(sides)) else None
    if op == Op.NAME and depth < _DEEPEST:
        reach = evaluator.defuse(fn).reaching(i, body.name(i))
        made = [body.args(s)[1] for s in reach.stores]
        return (
            asked_role(evaluator, fn, made[0], depth + 1)
            if len(made) == 1 and not reach.entry and _is_equality(evaluator, fn, made[0])
            else None
        )
    return None


def compares_role(evaluator: Evaluator, fn: Fn, i: int) -> Role | None:
    """``user.role === 'admin'``, whatever the operator; ``user._id === activity.partnerId``."""
    body = evaluator.program.body(fn)
    sides = [evaluator.value(fn, a) for a in body.args(i)[1:]]
    if any(said_by_caller(s) for s in sides):
        return None  # who calls says himself what he is
    if body.text(body.args(i)[0]) in (*_SAME, *_OTHER) and _is_flagged(sides):
        return "staff"
    texts = [t for s in sides if (t := role_text(s))]
    if any(_is_staff(evaluator, t, sides) for t in texts):
        return "staff"
    sells = [any(isinstance(o, Member) and _SELLS.fullmatch(snake(o.name)) for o in options(s)) for s in sides]
    others = [s for s, of_seller in zip(sides, sells, strict=True) if not of_seller]
    return "staff" if any(sells) and all(isinstance(o, Member) for s in others for o in options(s)) and others else None


def _is_flagged(sides: list[Value]) -> bool:
    """Whether somebody's flag is compared with yes: ``Auth::user()->is_admin == 1``."""
    flags = [any(isinstance(o, Member) and STAFF_WORD.fullmatch(snake(o.name)) for o in options(s)) for s in sides]
    told = [constant(s) for s, flag in zip(sides, flags, strict=True) if not flag]
    return any(flags) and len(told) == 1 and told[0] is not None and _YES.fullmatch(told[0]) is not None


def demanded_role(evaluator: Evaluator, fn: Fn, i: int, name: str) -> Role | None:
    """What a function of ours is told to demand: ``requireRole(ctx, ['admin', 'manager'])``."""
    if not _DEMANDS.fullmatch(snake(name)):
        return None
    given = [evaluator.value(fn, v) for _, v in evaluator.program.body(fn).call(i)[1]]
    told = [t for v in given for item in (v.items if isinstance(v, Seq) else (v,)) if constant(item) is not None and (t := role_text(item))]
    shops = (STAFF_TEXT, OTHERS_AT_THE_SHOP, _MANAGES)
    return "staff" if told and all(any(p.fullmatch(t) for p in shops) for t in told) else None


def _is_equality(evaluator: Evaluator, fn: Fn, i: int) -> bool:
    body = evaluator.program.body(fn)
    return body.op[i] != Op.BINARY or body.text(body.args(i)[0]) in _SAME


def _is_staff(evaluator: Evaluator, text: str, asked: list[Value]) -> bool:
    """Whether what somebody's role is compared with is one of the shop's side."""
    words = [snake(o.name) for value in asked for o in options(value) if isinstance(o, Member)]
    words += [key for value in asked for o in (value, *options(value)) if (key := session_key(evaluator, o))]
    plain, strict = (any(pattern.fullmatch(w) for w in words) for pattern in (_ROLE_WORD, _ROLE))
    return (plain and STAFF_TEXT.fullmatch(text) is not None) or (strict and OTHERS_AT_THE_SHOP.fullmatch(text) is not None)


def role_text(value: Value) -> str | None:
    """The role that a constant or a member of an enumeration names, also where it is kept as a number: ``Permission.ADMINISTER``."""
    text = (isinstance(value, Const) and value.name) or constant(value)
    if text is None and isinstance(value, (Member, External)):
        text = value.name.rpartition(".")[2]
    return snake(text) if text else None
