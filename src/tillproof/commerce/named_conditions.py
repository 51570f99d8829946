"""Conditions that a shop gives names of its own: Laravel's scopes, ``Order::pending()`` for ``scopePending($query)``, and the methods of
Django's own querysets and managers, ``Order.objects.pending()``."""

from tillproof.commerce.chains import Chain, Link
from tillproof.commerce.entities import entity
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_SCOPE = "scope"
_QUERIES = ("QuerySet", "Manager")


def asked_by_name(evaluator: Evaluator, chain: Chain, link: Link) -> list[Link]:
    """The calls on the query that the method makes which a call of a chain names; none where it names no such method, or one of several
    models."""
    program = evaluator.program
    language = program.language(link.fn.file)
    if language == "php":
        found = program.functions_by_name.get(_SCOPE + link.name[:1].upper() + link.name[1:], [])
    elif language == "python":
        found = [fn for fn in program.functions_by_name.get(link.name, ()) if _is_of_queries(evaluator, fn)]
    else:
        found = []
    if len(found) > 1:
        words = {entity(name) for name in chain.names()}
        found = [fn for fn in found if (owner := program.owner(fn)) is not None and entity(program.cls(owner).name) in words]
    return _calls(program.body(found[0]), found[0]) if len(found) == 1 and found[0] != link.fn else []


def _is_of_queries(evaluator: Evaluator, fn: Fn) -> bool:
    owner = evaluator.program.owner(fn)
    return owner is not None and any(base.rpartition(".")[2].endswith(_QUERIES) for base in evaluator.scope.foreign_bases(owner))


def _calls(body: Body, fn: Fn) -> list[Link]:
    """The calls whose chains begin with the query: the first parameter."""
    query = body.params[0].name if body.params else ""
    return [
        Link(body.called(i), fn, i, None)
        for i, op in enumerate(body.op)
        if op == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and _root(body, i) == query
    ]


def _root(body: Body, i: int) -> str:
    while body.op[i] in (Op.CALL, Op.FIELD):
        i = body.args(i)[0]
    return body.name(i) if body.op[i] == Op.NAME else ""
