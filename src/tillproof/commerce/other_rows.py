"""Whether a row that was looked for is another than the one that is written: "has he an open order already?" says nothing of this one."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.commerce.touches import Touch
from tillproof.flow.copied import alike
from tillproof.flow.values import Member, options

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# What a row is known by, and not whose it is.
_ITSELF = re.compile(
    r"_?id|pk|uuid|\w*(number|no|ref|reference|code|token|key|slug|hash|session|intent|txn|transaction|checkout|payment)(_?id)?"
)
_BY_ID = ("id", "_id", "pk", "uuid")


def is_of_another(model: "Model", read: Touch, touch: Touch) -> bool:
    """Whether rows were looked for by nothing that the row which is written is known by: it is chosen by its id, they are by whose they are
    and by their state."""
    kind = f"{touch.entity}_id"
    chosen = [v for name, v in touch.keys.items() if snake(name) in _BY_ID or snake(name) == kind]
    if not chosen or not read.keys or any(_ITSELF.fullmatch(snake(n)) or snake(n) == kind for n in read.compared):
        return False
    known = (o for v in chosen for o in options(v))
    if any(
        (of := model.records.read_behind(o.base)) is not None and (of.fn, of.instr) == (read.fn, read.instr)
        for o in known
        if isinstance(o, Member)
    ):
        return False  # it is one of those that were found
    return not any(alike(a, b) for a in chosen for b in read.keys.values())
