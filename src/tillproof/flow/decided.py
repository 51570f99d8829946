"""Branches that an earlier question has decided: behind ``if (!secret) return false``, ``if (secret && !genuine(body, secret))`` hangs on
the second alone."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from tillproof.flow.defuse import DefUse
from tillproof.flow.facts import Condition, Facts
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

Subject: TypeAlias = tuple[str, frozenset[int], bool]
"""A variable with the writes that reach it, and whether what it was at the beginning does."""

_EQUAL, _UNEQUAL = ("==", "===", "is"), ("!=", "!==", "is not")


class Question(NamedTuple):
    """Whether a variable is true, or, with ``word``, whether it is that constant."""

    subject: Subject
    word: str | None
    empty: bool


class Decided:
    """Answers for one body; nothing is worked out unless some variable is asked about twice. ``added``: whether a function inside it writes
    a variable, too."""

    def __init__(self, body: Body, defuse: DefUse, added: Callable[[str], bool]) -> None:
        self.body = body
        self.defuse = defuse
        self._added = added
        last = {n: b.end - 1 for n, b in enumerate(body.blocks) if b.end > b.start and body.op[b.end - 1] == Op.BRANCH}
        asked = {n: found for n, i in last.items() if (found := self._question(body.args(i)[0])) is not None}
        often = Counter(question.subject for question, _ in asked.values())
        twice = {n: found for n, found in asked.items() if often[found[0].subject] > 1}
        self._known: dict[int, bool] = {}
        if twice:
            facts = Facts(body, lambda _: False)
            for number, (question, truth) in twice.items():
                before = [
                    (q[0], q[1] is f.truth) for f in facts.at(last[number]) if isinstance(f, Condition) and (q := self._question(f.instr))
                ]
                if (answer := _answered(question, before)) is not None:
                    self._known[number] = answer is truth

    def of(self, block: int) -> bool | None:
        """How the condition at the end of a block comes out on every way to it; None where that is open."""
        return self._known.get(block)

    def _question(self, i: int) -> tuple[Question, bool] | None:
        """What a condition asks, and whether it is true when the answer is yes."""
        truth = True
        while self.body.negates(i):
            i, truth = self.body.args(i)[1], not truth
        if self.body.op[i] == Op.CALL and self.body.called(i) == "empty" and len(self.body.call(i)[1]) == 1:
            i, truth = self.body.call(i)[1][0][1], not truth
        if self.body.op[i] == Op.BINARY:
            operator, *sides = self.body.text(self.body.args(i)[0]), *self.body.args(i)[1:3]
            constants = [c for side in sides if (c := self.body.const(side)) is not None]
            subject = next((s for side in sides if (s := self._subject(side)) is not None), None)
            if subject is None or len(constants) != 1 or operator not in (*_EQUAL, *_UNEQUAL):
                return None
            kind, word = constants[0]
            told = word.strip("'\"") if kind == Kind.STRING else word
            return Question(subject, told, kind == Kind.NULL or not told), truth is (operator in _EQUAL)
        subject = self._subject(i)
        return (Question(subject, None, False), truth) if subject is not None else None

    def _subject(self, i: int) -> Subject | None:
        if self.body.op[i] != Op.NAME or not (name := self.body.name(i)) or self._added(name):
            return None
        reach = self.defuse.reaching(i, name)
        return (name, frozenset(reach.stores), reach.entry) if name in self.defuse.stores or self._is_parameter(name) else None

    def _is_parameter(self, name: str) -> bool:
        return any(p.name == name for p in self.body.params)


def _answered(question: Question, before: list[tuple[Question, bool]]) -> bool | None:
    """What answers to earlier questions about the same variable say of this one."""
    for known, yes in before:
        if known.subject != question.subject:
            continue
        if known == question:
            return yes
        if question.word is None and known.empty and yes:
            return False  # it is empty, and so not true
        if known.word is None and question.empty and yes:
            return False  # it is true, and so not empty
        if question.word is not None and known.word is not None and yes:
            return False  # it is another word
    return None
