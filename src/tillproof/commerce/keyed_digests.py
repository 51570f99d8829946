"""Which values are made by a digest that only somebody with a key can make."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.commerce.salted import is_salted
from tillproof.flow.values import Const, External, Member, Mix, Overlay, Param, Record, Result, Value

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# How long a digest is, or of which type, says nothing about what it is of.
SIZES = {"length", "bytelength", "size", "strlen", "mb_strlen", "len"}
_LOOKS_UP = re.compile(r"(?!.*(hash|digest|sign|mac))(\w+_)?(get|find|fetch|load|look_?up|query|search|select|cache)(_\w+)?")


def is_mac(model: "Model", value: Value) -> bool:
    """Whether a value is made by a keyed digest, or by a digest over something with a secret in it."""
    seen = 0
    stack = [value]
    while stack and seen < 60:
        here = stack.pop()
        seen += 1
        if (isinstance(here, Member) and here.name.lower() in SIZES) or (isinstance(here, Mix) and here.op == "typeof"):
            continue
        if isinstance(here, Result):
            if isinstance(here.callee, External) and here.callee.name.lower() in SIZES:
                continue
            if model.recogniser.result_is("opens", here):
                continue  # what was encrypted is no digest, whatever the key is made of
            if model.recogniser.result_is("http", here):
                continue  # the answer to what was sent signed is no digest
            if model.recogniser.result_is("macs", here):
                return True
            if isinstance(here.callee, (External, Member)) and _LOOKS_UP.fullmatch(snake(here.callee.name.rpartition(".")[2])):
                continue  # what lies in a cache or table under a digest is none
            if is_salted(model, here):
                return True
            stack.append(here.callee)
            if here.instr >= 0 and (not isinstance(here.callee, Member) or model.requests.cleans(here)):
                # a record with a digest in it is none, nor is what comes of storing it
                stack += [v for _, v in model.evaluator.arguments(here) if not isinstance(v, (Record, Overlay))][:3]
            elif here.instr >= 0 and isinstance(here.callee, External):
                stack += [v for _, v in model.evaluator.arguments(here)][:1]
        elif not isinstance(here, (Const, Param)):
            stack += here.parts()[:6]
    return False
