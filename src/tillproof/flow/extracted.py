"""Variables that PHP makes of the keys of an array: ``extract($_POST)``."""

from typing import TYPE_CHECKING

from tillproof.flow.frames import Frame
from tillproof.flow.values import Place, Value, choice
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_SHORTEST = 2


def extracted(ev: "Evaluator", f: Frame, i: int, name: str, at: Place) -> Value | None:
    """What a variable that nothing stores was made of by a call of ``extract`` above; None where there is none."""
    plain = name.lstrip("$")
    if len(plain) < _SHORTEST or ev.program.language(f.file) != "php" or b"extract(" not in ev.program.sources[f.file]:
        return None
    body = f.body
    calls = (n for n, op in enumerate(body.op[:i]) if op == Op.CALL and body.op[body.args(n)[0]] == Op.NAME and body.called(n) == "extract")
    given = [body.call(n)[1][0][1] for n in calls if body.call(n)[1]]
    return choice(at, [ev.member(ev.at(f, v), plain, at) for v in given]) if given else None
