"""What is put right before another attempt: then it is another request, and not the same one again."""

import re

from tillproof.commerce.model import Model
from tillproof.commerce.retries import Retry
from tillproof.flow.facts import Condition
from tillproof.flow.reattempts import Reattempt
from tillproof.ir.ops import Op

CHARGES = ("payment.create", "subscription.create", "invoice.pay", "transfer.create", "payout.create", "refund.create")
_REPAIRS = re.compile(r"(create|make|modify|update|attach|set|save|refresh|renew|ensure|register|sync)(_|[A-Z]|$)")
_CODE = re.compile(r"code|type|reason|missing|message", re.IGNORECASE)


def put_right(model: Model, retry: Retry, repeat: Reattempt) -> bool:
    """Whether the provider is told something else before the next attempt, after a look at what exactly was refused: a customer's card is
    made the default one, a customer who is gone is created anew."""
    body, program = model.program.body(retry.fn), model.program
    caught = [h for h in repeat.caught if h < repeat.again]
    if not caught:
        return False
    between = [i for i in range(max(caught), repeat.again) if body.op[i] == Op.CALL and _REPAIRS.match(body.called(i))]
    charged = {i for i in between for s in model.operations.sites_at(retry.fn, i) if s.operation.op in CHARGES}
    asked = [f.instr for f in model.effects.facts(retry.fn).at(repeat.again) if isinstance(f, Condition) and f.instr > max(caught)]
    return bool(set(between) - charged) and any(_CODE.search(program.line_text(retry.fn.file, body.line[i])) for i in asked)
