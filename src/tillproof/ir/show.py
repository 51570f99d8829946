"""A body as text, one instruction a line: for conformance tests and for whoever debugs a language module."""

from tillproof.ir.body import EDGE_FALSE, EDGE_NEXT, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import NAMES, Op

_EDGES = {EDGE_NEXT: "", EDGE_TRUE: "true ", EDGE_FALSE: "false ", EDGE_RAISE: "raise "}
_NAMED = {
    Op.NAME: (0,),
    Op.FIELD: (1,),
    Op.STORE: (0,),
    Op.SET_FIELD: (1,),
    Op.UNARY: (0,),
    Op.BINARY: (0,),
    Op.CHOICE: (0,),
    Op.CAST: (0,),
}


def show(body: Body) -> str:
    """Blocks with their instructions and edges."""
    lines = [f"params {', '.join(p.kind + ' ' * bool(p.kind) + p.name for p in body.params)}".rstrip()]
    for number, block in enumerate(body.blocks):
        edges = ", ".join(_EDGES[kind] + f"b{target}" for kind, target in block.next)
        lines.append(f"b{number}: -> {edges}" if edges else f"b{number}:")
        lines += [f"  {i} {_instruction(body, i)}" for i in range(block.start, block.end)]
    return "\n".join(lines)


def _instruction(body: Body, i: int) -> str:
    op, args = body.op[i], body.args(i)
    if op == Op.CONST:
        return f"CONST {body.text(args[1])!r}"
    if op in (Op.CALL, Op.NEW):
        callee, arguments = body.call(i)
        return f"{NAMES[op]} {callee} ({', '.join((k + '=' if k and '*' not in k else k) + str(v) for k, v in arguments)})"
    if op == Op.CAUGHT:
        return f"CAUGHT {' '.join(body.text(a) for a in args)}"
    names = _NAMED.get(op, ())
    if op == Op.NAME:
        args = args[:1]
    shown = [body.text(a) if n in names or (op == Op.REST and n > 0) else str(a) for n, a in enumerate(args)]
    return f"{NAMES[op]} {' '.join(shown)}".rstrip()
