"""Of whom the names in a guard speak: of who calls, of whoever sends a message, or of nobody."""

import re

from tillproof.commerce.role_names import STAFF_WORD, snake
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Role

MESSAGES = re.compile(r"webhook|signature|hmac|svix|public_?key|crypto")
_PROVES = re.compile(
    r"(jwt_)?verify(?!.*(?:webhook|signature|hmac|event|ipn|notification))(_\w+)?|decode(_token)?|is_authenticated|authenticate|authorization|bearer|get_session|get_user|verify_id_token|unauthori[sz]ed\w*|forbidden\w*|is_logged_in|check_auth"
)


def of_others(evaluator: Evaluator, fn: Fn, i: int) -> bool:
    """Whether a name speaks of nobody who calls: a parameter ``session`` in Python is the database's, the visitor's hangs on the request;
    and a module is a package's, such as Firebase's ``admin.auth()``."""
    program = evaluator.program
    body, name = program.body(fn), program.body(fn).name(i)
    if name == "session" and program.language(fn.file) == "python" and any(p.name == name for p in body.params):
        return True
    below = any(body.op[u] == Op.FIELD for u in evaluator.defuse(fn).uses(i))
    return below and any(m.local == name for m in program.indices[fn.file].imports)


def of_message(body: Body, i: int) -> bool:
    """Whether what verifies is for messages and not for people: ``WebhookSignature.verify_header``, ``public_key.verify``."""
    holder = body.args(i)[0] if body.op[i] == Op.FIELD else -1
    return holder >= 0 and body.op[holder] in (Op.NAME, Op.FIELD) and MESSAGES.search(snake(body.name(holder))) is not None


def asked_by_name(word: str, of_messages: bool) -> Role | None:
    """What a name in a guard asks for. A guard of messages (``VerifyWebhookSignature``) verifies and refuses senders, not people."""
    name = snake(word.rpartition(".")[2])
    if STAFF_WORD.fullmatch(name):
        return "staff"
    return "customer" if (_PROVES.fullmatch(name) and not of_messages) or name in ("user", "current_user", "session") else None
