"""The commerce model of a program: its entry points, handlers and operations, and the questions that checks ask of them."""

from functools import cached_property

from tillproof.commerce.entries import Entry, find_entries
from tillproof.commerce.handlers import Handlers
from tillproof.commerce.http import Requests as HttpRequests
from tillproof.commerce.operations import Operations
from tillproof.commerce.reach import Reach
from tillproof.commerce.recognise import Recogniser
from tillproof.commerce.requests import Requests
from tillproof.flow.callers import Callers
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.modules import Modules
from tillproof.flow.program import Program
from tillproof.knowledge.loader import Knowledge


class Model:
    """Everything that rules may look at; parts are found when first asked for."""

    def __init__(self, program: Program, aliases: dict[str, str], knowledge: Knowledge, versions: dict[str, dict[str, str | None]]) -> None:
        self.program = program
        self.knowledge = knowledge
        self.versions = versions
        self.evaluator = Evaluator(program, Modules(program, aliases))
        self.callers = Callers(program, self.evaluator)
        self.recogniser = Recogniser(program, self.evaluator, knowledge)
        self.http = HttpRequests(self.recogniser)

    @cached_property
    def operations(self) -> Operations:
        return Operations(self.recogniser, self.http, self.callers)

    @cached_property
    def entries(self) -> list[Entry]:
        return find_entries(self.program, self.evaluator, self.knowledge)

    @cached_property
    def requests(self) -> Requests:
        return Requests(self.program, self.evaluator, self.knowledge, self.entries)

    @cached_property
    def reach(self) -> Reach:
        return Reach(self)

    @cached_property
    def handlers(self) -> Handlers:
        return Handlers(self)
