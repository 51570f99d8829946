"""What a controller's base class asks of the session before any of its methods runs: under the key that the class below tells it, on all
pages but those where one signs in, and for whom the class is named."""

import re

from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import written
from tillproof.commerce.role_checks import Sides, at_head
from tillproof.commerce.role_sessions import signed_in, under_key
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import Const, External, Member, Result, constant, names, pieces
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Role

_STAFF_NAME = re.compile(r"(^|_)(admin|administrator|back_?end|back_?office|staff)(_|$)")
# What says which page is called: `uri_string()`, `$_SERVER['PHP_SELF']`, `$this->uri->segment(1)`, `$this->router->fetch_class()`.
_ADDRESS = re.compile(
    r"(^|[.$])(uri_string|current_url|request_uri|php_self|script_name|path_info|uri\.segment|router\.(fetch_)?(class|method)|currentroutename)(\(\))?$",
    re.IGNORECASE,
)
_SIGNS_IN = re.compile(
    r"(.*[/_.-])?(log_?in|sign_?in|log_?out|sign_?out|register|sign_?up|auth|forgot(ten)?|reset|recover|password|activate|captcha)([/_.-].*)?(\.php)?",
    re.IGNORECASE,
)
_PIECES = 60


def named_for_staff(evaluator: Evaluator, cls: ClassId) -> bool:
    """Whether one of the classes above a controller is named for staff: ``Admin_Controller``."""
    above = (evaluator.program.cls(own).name for own in evaluator.scope.lineage(cls)[1:])
    return any(_STAFF_NAME.search(snake(name)) for name in above)


def shut(evaluator: Evaluator, fn: Fn, sides: Sides) -> Sides:
    """The alternatives of which one is true beyond a condition, without that of being on a page where one signs in."""
    left = tuple(side for side in sides if not side or not all(_on_sign_in(evaluator, fn, i) for i in side))
    return left or sides


def _on_sign_in(evaluator: Evaluator, fn: Fn, i: int) -> bool:
    """Whether a condition says that the page that is called is one of those where one signs in: ``in_array(uri_string(), ['login'])``."""
    body = evaluator.program.body(fn)
    if evaluator.program.language(fn.file) != "php" or body.op[i] not in (Op.CALL, Op.BINARY):
        return False
    sides = [a for _, a in body.call(i)[1]] if body.op[i] == Op.CALL else list(body.args(i)[1:])
    made = [list(pieces([evaluator.value(fn, a)], _PIECES, evaluator.made_of)) for a in sides]
    asks = [any(isinstance(p, (External, Member, Result)) and any(map(_ADDRESS.search, names(p))) for p in side) for side in made]
    listed = [p for side, of_page in zip(made, asks, strict=True) if not of_page for p in side]
    told = [text for p in listed if isinstance(p, Const) and (text := constant(p))]
    return any(asks) and bool(told) and all(_SIGNS_IN.fullmatch(text.strip("/")) for text in told)


def asked_as_told(evaluator: Evaluator, fn: Fn, i: int, asked: Fn, exits: frozenset[str]) -> Role | None:
    """What a function that is always called refuses all others by in the session, under a key that it is told:
    ``parent::__construct('user_type', 1)`` and ``if ($this->session->userdata($key) != $value) redirect('login')``."""
    program = evaluator.program
    if program.language(asked.file) != "php":
        return None
    body, given = program.body(asked), [v for key, v in program.body(fn).call(i)[1] if not key]
    told = {p.name: constant(evaluator.value(fn, v)) for p, v in zip(body.params, given, strict=False)}
    for what, sides in at_head(program, asked, exits, hard=True):
        for side in sides if what == "holds" and len(sides) == 1 else ():
            for read in (r for one in side for r in (body.args(one)[1:] if body.op[one] == Op.BINARY else [one])):
                arguments = body.call(read)[1] if body.op[read] == Op.CALL else []
                key = arguments[0][1] if len(arguments) == 1 else -1
                name = body.name(key) if key >= 0 and body.op[key] == Op.NAME else ""
                if (word := told.get(name)) and under_key(written(program, asked, body.args(read)[0])):
                    return signed_in(snake(word), asked.file)
    return None
