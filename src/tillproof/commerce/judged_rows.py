"""What judges a row before it is kept: methods of the serializer or form that fills it, and of the record's own class."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect
from tillproof.commerce.lexicon import snake
from tillproof.flow.program import Fn

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_JUDGING = re.compile(r"(validate|clean|full_clean|save|create|rules|before_?(save|create|validate)|pre_?save|creating|saving)(_\w+)?")


def judging(model: "Model", made: Effect) -> Iterator[Fn]:
    """The methods that a new row goes through: ``validate`` of a serializer, ``clean`` or ``save`` of a model."""
    filled = model.inherited.filled(made.fn, made.instr, made.ctx)
    table = model.schema.table(made.touch.entity, made.fn.file) if made.touch is not None else None
    classes = [filled.cls] if filled is not None else []
    classes += [table.model] if table is not None and table.model is not None else []
    for cls in (c for one in classes for c in model.evaluator.scope.lineage(one)):
        yield from (fn for name, fn in model.program.methods(cls).items() if _JUDGING.fullmatch(snake(name)))
