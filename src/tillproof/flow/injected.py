"""What a container gives by name to what it makes: Awilix's ``constructor({ orders, stripe })``, ``({ orders }) => …``."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.values import Param, Place, Value

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_ALL_THERE_IS = re.compile(r"|cradle|deps|dependencies|container|services|opts|props|scope", re.IGNORECASE)
"""How the parameter is called that holds everything; none where it is taken apart at once."""


def of_parameter(ev: "Evaluator", value: Param, name: str, at: Place) -> Value | None:
    """What a member of a parameter is: of a job, of its declared type, of what a container gives."""
    return ev.queued(value, name, at) or ev.scope.declared_field(value, name, at) or _injected(ev, value, name)


def _injected(ev: "Evaluator", param: Param, name: str) -> Value | None:
    """What stands under a name in the one parameter of a function that nobody here calls, where a container of the program was told of that
    name."""
    if param.number or ev.program.language(param.fn.file) != "javascript" or not _ALL_THERE_IS.fullmatch(param.name):
        return None
    return ev.scope.bound(name)
