"""Methods of a record's class that give the rows which belong to it: ``function orders() { return $this->hasMany(Order::class); }``."""

from tillproof.flow.program import Fn, Program
from tillproof.ir.body import returns
from tillproof.ir.ops import Op

RELATES = frozenset(
    ["hasmany", "hasone", "belongsto", "belongstomany", "morphmany", "morphone", "morphtomany", "hasmanythrough", "hasonethrough"]
)
"""What a relation is made with, in lower case."""


def is_of_relation(program: Program, fn: Fn, i: int) -> bool:
    """Whether a value is what such a method gives, whoever's it is: all methods of that name in the code are relations."""
    body = program.body(fn)
    if program.language(fn.file) != "php" or body.op[i] != Op.CALL or body.op[body.args(i)[0]] != Op.FIELD or body.call(i)[1]:
        return False
    declared = program.functions_by_name.get(body.called(i), ())
    return bool(declared) and all(_relates(program, one) for one in declared)


def _relates(program: Program, fn: Fn) -> bool:
    """Whether a method of a class gives one and does nothing else."""
    body = program.body(fn)
    given = [body.args(i)[0] for i in returns(body)]
    return bool(given) and program.method_class(fn) is not None and all(row >= 0 and _made_with(program, fn, row) for row in given)


def _made_with(program: Program, fn: Fn, row: int) -> bool:
    """Whether a chain of calls begins with one that makes a relation: ``$this->hasMany(Item::class)->latest()``."""
    body = program.body(fn)
    while body.op[row] == Op.CALL and body.op[body.args(row)[0]] == Op.FIELD:
        if body.called(row).lower() in RELATES:
            return True
        row = body.args(body.args(row)[0])[0]
    return False
