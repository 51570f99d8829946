"""What other programs are told of an order or payment through a broker: each of them does its part for every message that comes."""

from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect
from tillproof.commerce.lexicon import snake
from tillproof.flow.values import Record, pieces

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PIECES = 60
_ID = ("_id", "_number", "_uuid", "_reference", "_ref")


def told_abroad(model: "Model", effect: Effect) -> bool:
    """Whether a message of ours tells other programs what became of an order or payment: ``producer.send({topic, messages: [{value:
    JSON.stringify({orderId, status})}]})``. A message that is passed on as it came is looked into by whoever gets it."""
    got = model.recogniser.effect(effect.fn, effect.instr, effect.ctx) if effect.kind == "job" and effect.certain else None
    if got is None or not got[0].abroad:
        return False
    given = [model.evaluator.value(effect.fn, v, effect.ctx) for _, v in model.program.body(effect.fn).call(effect.instr)[1]]
    told = (p for p in pieces(given, _PIECES, model.evaluator.made_of) if isinstance(p, Record))
    return any(_says_what_became(model, record) for record in told)


def _says_what_became(model: "Model", record: Record) -> bool:
    """Whether a record names an order or payment and says how far it has come, or what was paid."""
    names = [snake(key) for key, _ in record.entries if key]
    whose = any(model.words.entity(name.removesuffix(end)) for name in names for end in _ID if name.endswith(end))
    return whose and any(model.words.says_state(name) or model.words.money(name) for name in names)
