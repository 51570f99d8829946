"""Objects that stand for one value: ``new OrderStatus(Status.PAID)``."""

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.values import Instance, Value, choice, options


def unwrapped(evaluator: Evaluator, value: Value) -> Value:
    """What an object stands for that one thing is made into; anything else as it is."""
    out: list[Value] = []
    for option in options(value):
        made = option.made if isinstance(option, Instance) else None
        given = evaluator.program.body(made[0]).call(made[1])[1] if made is not None else []
        out.append(evaluator.value(made[0], given[0][1], made[2]) if made is not None and [k for k, _ in given] == [""] else option)
    return choice(value.at, out)
