"""Functions that send requests and are handed to a function of ours, which calls them: ``retry(requests.post, url, json=body)``."""

from collections.abc import Iterator, Sequence

from tillproof.commerce.recognise import Recogniser
from tillproof.flow.callers import Callers
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, FunctionV, Record, Seq, Value, names, options
from tillproof.ir.ops import Op


def lent_senders(recogniser: Recogniser, callers: Callers, fn: Fn, i: int) -> Iterator[tuple[Fn, int, Ctx]]:
    """The calls in which a function of ours may call what sends and what this call hands to it, each in the context of this call."""
    program = recogniser.program
    body = program.body(fn)
    callee, arguments = body.call(i)
    if not any(_sends(recogniser, fn, given) for _, given in arguments):
        return
    for inner in dict.fromkeys(o.fn for o in options(recogniser.evaluator.value(fn, callee)) if isinstance(o, FunctionV) and o.fn != fn):
        within = program.body(inner)
        own = {p.name for p in within.params}
        calls = [
            n for n, op in enumerate(within.op) if op == Op.CALL and within.op[c := within.args(n)[0]] == Op.NAME and within.name(c) in own
        ]
        contexts = [c for c in callers.above(inner, None) if c.caller == fn and c.call == i] if calls else []
        yield from ((inner, n, ctx) for n in calls for ctx in contexts)


def _sends(recogniser: Recogniser, fn: Fn, given: int) -> bool:
    body = recogniser.program.body(fn)
    table = recogniser.shared[recogniser.program.language(fn.file), "http"]
    return (
        body.op[given] == Op.FIELD
        and table.may_know(body.name(given).lower())
        and bool(table.find(names(recogniser.evaluator.value(fn, given))))
    )


def spread(arguments: Sequence[tuple[str, Value]]) -> list[tuple[str, Value]]:
    """Arguments of a call, with what is known of those that are handed on in a list or a record in their place."""
    out: list[tuple[str, Value]] = []
    for key, value in arguments:
        if key == "*" and isinstance(value, Seq):
            out += [("", item) for item in value.items]
        elif key == "**" and isinstance(value, Record) and all(value.entries):
            out += [(k or "**", v) for k, v in value.entries]
        else:
            out.append((key, value))
    return out
