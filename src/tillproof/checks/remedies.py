"""What is to be written, in the words of the provider, framework and language in hand. The lines stand in the packs (``remedies``).

A check says in its own words what to do, and takes the code from here: ``remedies.code(model, file, "verify", provider)``.
"""

import re

from tillproof.commerce.model import Model
from tillproof.knowledge.schema import Provider

_HOLE = re.compile(r"\{\{(\w+)\}\}")
_FILLERS = ("body", "header", "refuse")
_DEEPEST = 2


def code(model: Model, file: str, need: str, provider: Provider | None = None, **holes: str) -> str:
    """The lines for a need as code in backticks, the second after the first: what the provider's pack says for the language of a file, or
    else the pack of a framework that holds there, or of the language itself. Empty when none says anything.

    ``holes`` fill those of the lines that only the check knows; ``name`` is that of a header.
    """
    return ", then ".join(f"`{line}`" for line in lines(model, file, need, provider, **holes))


def lines(model: Model, file: str, need: str, provider: Provider | None = None, **holes: str) -> tuple[str, ...]:
    """The same, line by line."""
    found = _written(model, file, need, provider)
    known = _with_spellings({name: value.replace("`", "'") for name, value in holes.items()})
    return tuple(_filled(model, file, line, known, 0) for line in found)


def uses(model: Model, file: str, need: str, hole: str, provider: Provider | None = None) -> bool:
    """Whether the lines for a need have a hole."""
    return any("{{" + hole + "}}" in line for line in _written(model, file, need, provider))


def _written(model: Model, file: str, need: str, provider: Provider | None) -> tuple[str, ...]:
    language = model.program.language(file)
    if provider is not None:
        own = next((said for name, said in provider.remedies.get(need, {}).items() if name == language), ())
        if own:
            return own
    return next((f.remedies[need] for f in model.requests.active.of(file) if need in f.remedies), ())


def _with_spellings(holes: dict[str, str]) -> dict[str, str]:
    """The name of a header is written in lower case in some places, and as a variable of the server in others."""
    name = holes.get("name", "")
    spelt = {"lower": name.lower(), "server": "HTTP_" + re.sub(r"\W", "_", name).upper()} if name else {}
    return {**spelt, **holes}


def _filled(model: Model, file: str, line: str, holes: dict[str, str], depth: int) -> str:
    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name in holes:
            return holes[name]
        said = _written(model, file, name, None) if name in _FILLERS and depth < _DEEPEST else ()
        return _filled(model, file, said[0], holes, depth + 1) if said else name

    return _HOLE.sub(fill, line)
