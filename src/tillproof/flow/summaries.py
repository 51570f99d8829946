"""The summaries of one walk, and what each hangs on: so that another walk need not look again where nothing is assumed otherwise."""

from typing import NamedTuple

from tillproof.flow.program import Fn
from tillproof.flow.proofs import Summary

Key = tuple[Fn, int, bool]
"""A function, the identity of its context, and the state at its entry."""


class Course(NamedTuple):
    """What was walked for one summary, and the functions that it hangs on: those walked, and those above whose states were asked for."""

    walked: set[Key]
    hangs_on: set[Fn]


class Summaries:
    """The summaries that a walk has made. ``whole``: the courses of those for which nothing was left out."""

    def __init__(self) -> None:
        self.made: dict[Key, Summary] = {}
        self.whole: dict[Key, Course] = {}
        self._under_way: list[Course] = []

    def begin(self, key: Key) -> None:
        """A function is walked; whoever comes back to it meanwhile finds nothing."""
        self.made[key] = Summary((), ())
        self._under_way.append(Course({key}, {key[0]}))

    def end(self, key: Key, summary: Summary, whole: bool) -> None:
        """The function has been walked to its end."""
        self.made[key] = summary
        if whole:
            self.whole[key] = self._under_way[-1]
        self._under_way.pop()

    def give_up(self) -> None:
        """The function cannot be walked to its end."""
        self._under_way.pop()

    def use(self, key: Key) -> Summary:
        """The summary of a function, for the one that is being walked."""
        if self._under_way:
            course = self.whole.get(key) or Course({key}, {key[0]})
            self._under_way[-1].walked.update(course.walked)
            self._under_way[-1].hangs_on.update(course.hangs_on)
        return self.made[key]

    def hang_on(self, functions: set[Fn]) -> None:
        """What is being walked asks for the states of some other functions."""
        if self._under_way:
            self._under_way[-1].hangs_on.update(functions)

    def taken_from(self, other: "Summaries", key: Key, differing: frozenset[Fn]) -> list[Key]:
        """Takes over a summary of a walk that assumed something else in some functions, with all that was walked for it; the keys of what
        was taken, which is nothing when it hangs on one of them."""
        if key not in other.whole or not differing.isdisjoint(other.whole[key].hangs_on):
            return []
        new = [k for k in other.whole[key].walked if k not in self.made and k in other.whole]
        taken = [k for k in new if differing.isdisjoint(other.whole[k].hangs_on)]
        self.made.update((k, other.made[k]) for k in taken)
        self.whole.update((k, other.whole[k]) for k in taken)
        return taken
