"""What holds of containers, loaders and rows as long as nobody says how a program is wired: there are none."""

from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import Ctx, FunctionV, Place, Result, Value


def hands_out_nothing(_cls: ClassId) -> list[ClassId]:
    """No container hands out an object where a class is asked for."""
    return []


def lists_nothing(_token: Value) -> Value | None:
    """No container hands out a list of services for a token."""
    return None


def keeps_nothing(_cls: ClassId, _name: str) -> list[ClassId]:
    """No loader keeps objects under members."""
    return []


def binds_nothing(_name: str) -> Value | None:
    """No container was told what to hand out under a name."""
    return None


def finds_nothing(_call: str, _address: str, _file: str) -> tuple[tuple[str | None, Value], ...]:
    """No platform hands out functions by an address."""
    return ()


def has_no_names(_name: str) -> str:
    """No container has names of its own."""
    return ""


def runs_nothing(_value: Result, _name: str, _at: Place) -> Value | None:
    """No call asks for the object that runs at the time."""
    return None


def fetches_nothing(_value: Value) -> ClassId | None:
    """No value is a row that was fetched."""
    return None


def hears_nothing(_fn: Fn, _i: int, _ctx: Ctx | None) -> list[FunctionV]:
    """No call sets off a function of ours by what it tells."""
    return []


def sets_no_field(_cls: ClassId, _name: str) -> bool:
    """No field is set from outside."""
    return False


def refers_to_nothing(_fn: Fn, _callee: int) -> FunctionV | None:
    """No call is handed the reference of a function."""
    return None


def shows_no_page(_cls: ClassId) -> bool:
    """No class is a piece of a page."""
    return False
