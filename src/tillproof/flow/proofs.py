"""What a walk speaks of: proofs, effects, outcomes, and the policy that says which is which."""

from typing import Literal, NamedTuple, Protocol

from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, FunctionV, Mix, Value, options


class Proof(NamedTuple):
    """What a call proves. ``how``: ``throws`` (its return is the proof), ``boolean`` (true is), ``denies`` (false is), ``answer``
    (comparing it with ``genuine`` is), ``wraps`` (the functions handed to it are called with the proof, and what follows has it not)."""

    how: Literal["throws", "boolean", "denies", "answer", "wraps"]
    genuine: tuple[str, ...] = ()


class Happening(NamedTuple):
    """An effect, where it happens, and whether the proof held there. ``ctx`` is the context of ``fn``."""

    kind: str
    fn: Fn
    instr: int
    ctx: Ctx | None
    proven: bool


class Outcome(NamedTuple):
    """One way out of a function: the value returned (None for a raise) and whether the proof was made by then."""

    value: Value | None
    truth: bool | None
    proven: bool


class Summary(NamedTuple):
    outcomes: tuple[Outcome, ...]
    happenings: tuple[Happening, ...]


class Assumed(NamedTuple):
    """What a walk takes for proven, to ask what would be if it were: edges (function, block, kind, target) and calls."""

    edges: frozenset[tuple[Fn, int, int, int]] = frozenset()
    calls: frozenset[tuple[Fn, int]] = frozenset()


NOTHING = Assumed()


def differing(one: Assumed, other: Assumed) -> frozenset[Fn]:
    """The functions in which two walks assume different things."""
    return frozenset((*(edge[0] for edge in one.edges ^ other.edges), *(call[0] for call in one.calls ^ other.calls)))


class Policy(Protocol):
    """What a walk is about."""

    def proof(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        """What a CALL proves, or a BINARY comparison or a FIELD that is asked by itself (as ``boolean``)."""

    def effect(self, fn: Fn, i: int, ctx: Ctx | None) -> str | None:
        """The kind of effect that an instruction is, if any."""

    def exits(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a call never returns."""

    def matters(self, fn: Fn) -> bool:
        """Whether walking a function could meet anything."""

    def concerns(self, fn: Fn, i: int, target: FunctionV) -> bool:
        """Whether a call may hand a function something of what the walk is about."""

    def later(self, fn: Fn, i: int, ctx: Ctx | None) -> list[tuple[FunctionV, bool]]:
        """The functions that a call has run later, as far as they matter; with whether it hands them its own arguments as they stand."""

    def insists(self, fn: Fn, i: int, ctx: Ctx | None) -> bool | None:
        """What a call's first argument must be for the call to return; None when it returns in any case."""

    def counts(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a call answers yes and no by numbers."""

    def cleans(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a call gives back its first argument, cleaned or converted."""


def bytewise(value: Value) -> Mix | None:
    """The bytes of two texts that are set against each other, in what is summed up of their differences: ``diff |= a[i] ^ b[i]``."""
    for option in options(value):
        if isinstance(option, Mix) and option.op in ("|", "+"):
            for part in option.operands:
                if isinstance(part, Mix) and part.op == "^" and len(part.operands) == 2:
                    return part
    return None
