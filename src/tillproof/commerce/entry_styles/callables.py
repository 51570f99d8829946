"""PHP's ways to name a function: a string, an array of object and method, a closure, an invokable class."""

import re

from tillproof.commerce.entry_styles.arguments import entries, handlers, items
from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import ClassV, Const, External, FunctionV, Instance, Member, Record, Seq, Text, Value, constant, options

_OF_PAGES = ("mount", "render")
"""Methods that run when a route shows a piece of a page by its class: Livewire's."""
_CONTROLLERS = re.compile(r"/controllers?(?=/)")


def php_class(wiring: Wiring, value: Value, fn: Fn) -> ClassId | None:
    """The class that a value names: ``X::class``, ``$this``, ``__CLASS__``, an object, or a string."""
    for option in options(value):
        if isinstance(option, (ClassV, Instance)):
            return option.cls
        if isinstance(option, Member) and option.name == "class":
            return php_class(wiring, option.base, fn)
        if isinstance(option, External) and option.name in ("__CLASS__", "self.class", "static.class", "self", "static"):
            return wiring.program.method_class(fn)
        if isinstance(option, Const):
            return named_class(wiring, option.text, fn.file)
    return None


def named_class(wiring: Wiring, text: str, file: str) -> ClassId | None:
    """A class by its name in a string: full, relative, or by its last word when only one class bears it. Case parts no names in PHP."""
    dotted = text.strip("\\").replace("\\", ".")
    if not dotted:
        return None
    found = wiring.evaluator.scope.modules.php_class(file, dotted)
    if found is None:
        last, classes = dotted.rpartition(".")[2], wiring.program.classes_by_name
        alike = classes.get(last) or [c for name, some in classes.items() if name.lower() == last.lower() for c in some]
        same = [c for c in alike if wiring.program.language(c.file) == "php"]
        if len(same) > 1:  # as it is called below the folder, and namespace, of the controllers
            inside = f"/{dotted.replace('.', '/')}.php".lower()
            same = [c for c in same if _CONTROLLERS.split("/" + c.file.lower())[-1] == inside]
        found = same[0] if len(same) == 1 else None
    return found


def php_callables(wiring: Wiring, value: Value, fn: Fn, controller: ClassId | None = None) -> list[tuple[FunctionV, tuple[Value, ...]]]:
    """The functions that a PHP callable may be. ``controller`` is the class that a bare method name belongs to."""
    out: list[tuple[FunctionV, tuple[Value, ...]]] = []
    for option in options(value):
        if isinstance(option, Const):
            out += [(f, ()) for f in _named(wiring, option, fn, controller)]
        elif isinstance(option, Text) and (named := _class_and_method(wiring, option, fn)) is not None:
            out.append((named, ()))
        elif isinstance(option, Seq) and len(option.items) == 2 and isinstance(option.items[1], Const):
            cls = php_class(wiring, option.items[0], fn)
            method = wiring.method(cls, option.items[1].text, option.at) if cls else None
            out += [(method, ())] if method else []
        elif isinstance(option, Record) and (controllers := list(entries(option, "controller"))):
            cls = php_class(wiring, controllers[0], fn)
            action = next((t for key in ("action", "method") for v in entries(option, key) if (t := constant(v))), "__invoke")
            method = wiring.method(cls, action, option.at) if cls else None
            out += [(method, ())] if method else []
        elif isinstance(option, Seq) and len(option.items) == 1:
            out += php_callables(wiring, items(option)[0], fn, controller)
        elif (cls := php_class(wiring, option, fn)) is not None and not isinstance(option, FunctionV):
            run = ("__invoke", *(_OF_PAGES if wiring.evaluator.scope.shows_page(cls) else ()))
            out += [(method, ()) for name in run if (method := wiring.method(cls, name, option.at)) is not None][:1]
        else:
            out += handlers(wiring.evaluator, option)
    return out


def php_hooked(wiring: Wiring, given: list[Value], fn: Fn) -> list[tuple[FunctionV, tuple[Value, ...]]]:
    """The functions that are hung on a hook by what follows its name: a callable, or an object and its method's name beside it, as the
    loaders of plugins are told them: ``$this->loader->add_action('init', $this->shop, 'begin')``."""
    name = constant(given[1]) if len(given) > 1 else None
    cls = php_class(wiring, given[0], fn) if name and not isinstance(given[0], (Const, FunctionV)) else None
    method = wiring.method(cls, name, given[0].at) if cls and name else None
    return [(method, ())] if method else php_callables(wiring, given[0], fn)


def _class_and_method(wiring: Wiring, value: Text, fn: Fn) -> FunctionV | None:
    """``Checkout::class . ':pay'``."""
    if len(value.pieces) != 2 or not isinstance(value.pieces[1], Const):
        return None
    cls = php_class(wiring, value.pieces[0], fn)
    return wiring.method(cls, value.pieces[1].text.lstrip(":@#"), value.at) if cls else None


def _named(wiring: Wiring, value: Const, fn: Fn, controller: ClassId | None) -> list[FunctionV]:
    text = value.text
    for mark in ("@", "::", "#", ":"):
        if mark in text:
            name, _, method = text.partition(mark)
            method = method.partition("/")[0]  # CodeIgniter writes which pieces of the path it is handed behind it: ``Cart::add/$1``
            cls = named_class(wiring, name, fn.file)
            found = wiring.method(cls, method, value.at) if cls else None
            return [found] if found else []
    if controller is not None:
        found = wiring.method(controller, text, value.at)
        if found:
            return [found]
    function = wiring.evaluator.scope.modules.php_function(fn.file, text.lstrip("\\").replace("\\", "."))
    if function:
        return [FunctionV(value.at, function, None)]
    cls = named_class(wiring, text, fn.file) if "\\" in text or text[:1].isupper() else None
    invoked = wiring.method(cls, "__invoke", value.at) if cls else None
    return [invoked] if invoked else []
