"""Who has signed in: by what a PHP page asks of its session, or by what a function of ours says of it."""

import re

from tillproof.commerce.entry_styles.wiring import plain_names
from tillproof.commerce.lexicon import snake
from tillproof.commerce.said_by_caller import BAGS, said_by_caller
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.values import Element, External, Member, Param, Result, Value, constant, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Role

SESSION = re.compile(r"(get_?)?(server_?|iron_?)?(session|auth|current_user|user_from_request)|user|get_user|current_user")
"""Calls and members that give whose session it is."""
_STAFF = re.compile(r"(^|_)(admin|staff|manager|superuser|employee)")
_SIGNED_IN = re.compile(r"(^|_)(user|login|logged|log_?in|customer|member|client|account|email|uid|auth|usr|usuario|id)")
_BACK_OFFICE = re.compile(r"(^|/)(admin\w*|back_?office|panel|dashboard)/", re.IGNORECASE)
_KEPT = re.compile(r"(^|[._])session\.(get|has|exists|userdata|read|check)$|^session$", re.IGNORECASE)
_SESSION = re.compile(r"(^|[._])session$")
_SENT = BAGS | {"headers"}
"""What a request has of its sender's own words."""
_ASKING = ("isset", "empty", "is_null")


def asked_of_session(evaluator: Evaluator, fn: Fn, i: int) -> Role | None:
    """What a condition asks of the caller: ``isset($_SESSION['admin'])``, ``'admin' in session``. In a back office's folder of pages
    whoever has signed in is staff."""
    body, language = evaluator.program.body(fn), evaluator.program.language(fn.file)
    if language == "javascript" or (body.op[i] == Op.BINARY and language != "php" and body.text(body.args(i)[0]) not in ("in", "not in")):
        return None
    if body.op[i] == Op.BINARY and language == "php":
        return _compared(evaluator, fn, i)
    if body.op[i] == Op.BINARY:
        key, held = (evaluator.value(fn, a) for a in body.args(i)[1:3])
        kept = any(_SESSION.search(n) for o in options(held) for n in plain_names(o))
        return signed_in(snake(constant(key) or ""), "") if kept else None
    if body.op[i] == Op.CALL and body.called(i) in _ASKING and body.call(i)[1]:
        i = body.call(i)[1][0][1]
    word = next((w for o in options(evaluator.value(fn, i)) if (w := session_key(evaluator, o))), "")
    return signed_in(word, fn.file if language == "php" else "")


def _compared(evaluator: Evaluator, fn: Fn, i: int) -> Role | None:
    """Who has signed in where the session holds what stands written in code: ``$_SESSION['login'] == 'yes'``."""
    sides = [evaluator.value(fn, a) for a in evaluator.program.body(fn).args(i)[1:]]
    for kept, told in (sides, sides[::-1]):
        word = next((w for o in options(kept) if (w := session_key(evaluator, o))), "")
        if word and constant(told):
            return signed_in(word, fn.file)
    return None


def under_key(call: str) -> bool:
    """Whether a call, by how it is written, gives what a session keeps under a key."""
    return _KEPT.search(call) is not None


def signed_in(word: str, file: str) -> Role | None:
    """Who has signed in where the session holds a word; in a back office's folder of PHP pages that is staff."""
    if _STAFF.search(word):
        return "staff"
    if not _SIGNED_IN.search(word):
        return None
    return "staff" if _BACK_OFFICE.search(file) else "customer"


def session_key(evaluator: Evaluator, value: Value) -> str:
    """The key of what PHP's session holds, or a framework's: ``session()->get('admin')``, ``session.get('admin')``, ``session['admin']``;
    empty for anything else."""
    if isinstance(value, External) and value.name.lstrip("$").startswith("_SESSION."):
        return snake(value.name.rpartition(".")[2])
    if isinstance(value, Member) and any(_SESSION.search(n) for n in plain_names(value.base)):
        return snake(value.name)
    if not isinstance(value, Result) or value.instr < 0 or not any(_KEPT.search(n) for n in plain_names(value)):
        return ""
    given = evaluator.argument(value, 0)
    return snake(constant(given) or "") if given is not None else ""


def given_by_session(evaluator: Evaluator, fn: Fn, i: int) -> bool:
    """Whether a variable was given by a function that says whose session it is: ``const user = await getCurrentUser()``."""
    body = evaluator.program.body(fn)
    for store in evaluator.defuse(fn).stores.get(body.name(i), ()) if body.op[i] == Op.NAME else ():
        given = body.bare(body.args(store)[1])
        if body.op[given] == Op.CALL and SESSION.fullmatch(snake(body.called(given).rpartition(".")[2])):
            return True
    return False


def of_request(value: Value) -> bool:
    """Whether a value hangs on the request or session, and neither on a stored record nor on what the sender writes as he likes:
    ``req.body.userId``."""
    for option in options(value):
        here = option
        while isinstance(here, (Member, Element)):
            if isinstance(here, Member) and here.name in _SENT:
                return False
            here = here.base
        if isinstance(here, (Param, External)) and here is not option and not said_by_caller(option):
            return True
        if isinstance(here, Result) and any(SESSION.fullmatch(snake(n.rpartition(".")[2])) for n in plain_names(here)):
            return True
    return False
