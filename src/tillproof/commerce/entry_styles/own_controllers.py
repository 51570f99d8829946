"""Controllers of a shop that is its own framework: the address names the class and the method, and a front file makes the one and calls the
other (``/checkout/pay`` is ``(new CheckoutController)->pay()``)."""

import re
from collections.abc import Iterator

from tillproof.commerce.entry_styles.classes import public
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, join
from tillproof.flow.program import ClassId

_FOLDER = re.compile(r"(^|/)controllers?/", re.IGNORECASE)
_MAKES = re.compile(rb"new\s+\$\w+|call_user_func(?:_array)?\s*\(")
_ASKS = re.compile(rb"\$_GET\b|REQUEST_URI|PATH_INFO|QUERY_STRING|\$_REQUEST\b")
# A class that is made by its name, and a method of it that is called by its own.
_CALLS = re.compile(rb"new\s+\$(\w+)(?:[^{}]|\{\s*\$){0,1500}?->\s*\{?\s*\$\w+\s*\}?\s*\(")
_AREA = re.compile(r"(?:^|/)(api|admin)/controllers?/[^/]+$", re.IGNORECASE)
_NEAR = 4000  # bytes: both stand in one small file or method


def declared(wiring: Wiring, found: list[Declared]) -> Iterator[Declared]:
    """The public methods of controllers, where no framework is used, no table lists the routes, and a file makes the class that the address
    names."""
    routed = {wiring.program.unit(one.target.fn.file) for one in found if one.style in ("call", "table") and one.route is not None}
    for frameworks, files in wiring.active.files():
        if not files or wiring.program.language(files[0]) != "php" or wiring.program.unit(files[0]) in routed:
            continue
        if any(f.packages and f.routes for f in frameworks) or not _dispatched([wiring.program.sources[f] for f in files]):
            continue
        for file in files:
            for number, cls in enumerate(wiring.program.indices[file].classes) if _FOLDER.search(file) else ():
                for name, fn in wiring.program.methods(ClassId(file, number)).items():
                    if public(wiring, fn):
                        place = wiring.place(fn)
                        area = _AREA.search(file)
                        path = join(area[1].lower() if area else "", cls.name.removesuffix("Controller").lower(), name)
                        yield Declared(wiring.handler(fn, place), path, ("ANY",), "php-routers", "class", place, certain=False)


def _dispatched(sources: list[bytes]) -> bool:
    """Whether a file does so, or is handed the address by another: ``$router->route($_SERVER['REQUEST_URI'])``."""
    return any(map(_dispatches, sources)) or (any(map(_CALLS.search, sources)) and any(map(_ASKS.search, sources)))


def _dispatches(source: bytes) -> bool:
    """Whether a file makes a class that it is told, near where it asks which address was called."""
    asked = [m.start() for m in _ASKS.finditer(source)]
    return bool(asked) and any(abs(m.start() - at) < _NEAR for m in _MAKES.finditer(source) for at in asked)
