"""Rows by which somebody gets what he has bought, without a word of a state: a course that is his from then on."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PEOPLE = r"(user|customer|member|buyer|client|student|learner|reader|player|subscriber|account|profile)"
_GOODS = (
    r"(course|lesson|class|module|book|e_?book|video|movie|game|track|song|album|episode|template|theme|asset|file|download|product|plan"
    r"|package|licen[cs]e|content|workshop|webinar|seat|feature)"
)
_ROW = re.compile(
    rf"{_PEOPLE}s?_{_GOODS}s?(_access(es)?)?|{_GOODS}s?_{_PEOPLE}s?|{_GOODS}s?_access(es)?|{_PEOPLE}s?_access(es)?"
    rf"|(purchased|owned|bought|enrolled)_{_GOODS}s?|{_GOODS}_(purchases?|ownerships?)|(\w+_)?(enrol\w*|entitlements?)|access_grants?|library_(items?|entr(y|ies))"
)
_LIST = re.compile(
    rf"(purchased|owned|bought|enrolled|unlocked|my)_?{_GOODS}s?|{_GOODS}s_(purchased|owned|bought|enrolled|unlocked)|(course|content)_access"
)


def granted(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a row is made that joins somebody with what is sold, or it is put on the list of what is his."""
    touch = model.records.touch(fn, i, ctx)
    if touch is None or touch.kind not in ("create", "upsert", "write"):
        return False
    if touch.kind != "write" and _ROW.fullmatch(snake(touch.entity)):
        return True
    return any(_LIST.fullmatch(snake(name)) for name in touch.fields)
