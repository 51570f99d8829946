"""What a language module gives: its grammar, how a file is indexed, and how a function is lowered."""

import sys
from collections.abc import Callable, Mapping
from functools import cache

import msgspec
from tree_sitter import Language, Node, Parser, Query, QueryCursor, Tree

from tillproof.ir.body import Body
from tillproof.ir.declarations import Class, Export, FileIndex, Function, Import
from tillproof.ir.ops import Op
from tillproof.languages.mending import Span
from tillproof.languages.walker import MAX_DEPTH, Rule, Walker

_MENDED = 8
"""How often a source is mended: each time shows what stood behind the first thing that was not understood."""
_FRAMES = 12 * MAX_DEPTH  # a level of nesting takes up to ten frames
sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES))  # once for the process: a walk in the middle of another must not change it


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """A language.

    ``grammar`` loads the tree-sitter language. ``query`` captures @function, @class, @import and @export nodes (nothing else).
    ``function_name``/``class_name``/``class_bases`` read a captured node. ``imports``/``exports`` turn a captured node into declarations.
    ``table`` is the rule table. ``enter(walker, node)`` lowers parameters and body of a function node; ``top(walker, root)`` a file's
    top level.
    ``mended`` is given a source that was not understood and the spans (bytes) of what was not, and gives one that is byte for byte as long
    and says the same in a way that the grammar knows; the source itself when it knows of nothing. Texts are read from the real source.
    """

    id: str
    grammar: Callable[[], object]
    query: str
    function_name: Callable[[Node], str]
    class_name: Callable[[Node], str]
    class_bases: Callable[[Node], list[str]]
    imports: Callable[[Node], list[Import]]
    exports: Callable[[Node], list[Export]]
    table: Mapping[str, Rule]
    function_kinds: frozenset[str]
    enter: Callable[[Walker, Node], None]
    top: Callable[[Walker, Node], None]
    namespace: Callable[[Node], str] = lambda root: ""
    mended: Callable[[bytes, list[Span]], bytes] = lambda source, _: source


@cache
def _loaded(spec_id: str, grammar: Callable[[], object], query: str) -> tuple[Parser, Query]:
    language = Language(grammar())
    return Parser(language), Query(language, query)


def parse(spec: Spec, source: bytes) -> Tree:
    """The syntax tree of a source. What the language allows and the grammar does not know is put in a way that it knows."""
    parser = _loaded(spec.id, spec.grammar, spec.query)[0]
    tree = parser.parse(source)
    errors = _errors(tree.root_node)
    for _ in range(_MENDED):
        mended = spec.mended(source, errors) if errors else source
        if mended == source:
            break
        again = parser.parse(mended)
        left = _errors(again.root_node)
        if len(left) > len(errors):
            break
        source, tree, errors = mended, again, left
    return tree


def _errors(root: Node) -> list[Span]:
    """Where a tree could not make sense of its source, in order."""
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            found.append((node.start_byte, node.end_byte))
        elif node.has_error:
            waiting += reversed(node.children)
    return found


def index_file(spec: Spec, path: str, source: bytes, words: list[str]) -> FileIndex:
    """Declarations of a file, without lowering any body."""
    root = parse(spec, source).root_node
    captures = QueryCursor(_loaded(spec.id, spec.grammar, spec.query)[1]).captures(root)
    classes = [
        Class(spec.class_name(n), spec.class_bases(n), n.start_byte, n.end_byte, n.start_point[0] + 1, n.end_point[0] + 1)
        for n in _ordered(captures.get("class", []))
    ]
    functions = [
        Function(spec.function_name(n), n.start_byte, n.end_byte, n.start_point[0] + 1, n.end_point[0] + 1)
        for n in _ordered(captures.get("function", []))
    ]
    _nest(functions, classes)
    imports = [i for n in _ordered(captures.get("import", [])) for i in spec.imports(n)]
    exports = [e for n in _ordered(captures.get("export", [])) for e in spec.exports(n)]
    return FileIndex(path, spec.id, functions, classes, imports, exports, words, spec.namespace(root), root.has_error)


def _ordered(nodes: list[Node]) -> list[Node]:
    return sorted(nodes, key=lambda n: (n.start_byte, -n.end_byte))


def _nest(functions: list[Function], classes: list[Class]) -> None:
    """Give each function its class (nearest, when no function stands between) and the function it stands in; a method stands in the
    function that declares its class."""
    spans = sorted([(c.start, -c.end, 0, n) for n, c in enumerate(classes)] + [(f.start, -f.end, 1, n) for n, f in enumerate(functions)])
    stack: list[tuple[int, int, int]] = []
    for start, minus_end, kind, number in spans:
        while stack and stack[-1][0] <= start:
            stack.pop()
        if kind:
            function = functions[number]
            for _, outer_kind, outer in reversed(stack):
                if outer_kind:
                    function.parent = outer
                    break
                if function.owner < 0:
                    function.owner = outer
        stack.append((-minus_end, kind, number))


def lower(spec: Spec, index: FileIndex, source: bytes, tree: Tree, number: int) -> Body:
    """The body of function ``number`` of the file, or of its top level (-1).

    A body that is nested beyond all reason is lowered as far as the stack allows.
    """
    walker = Walker(spec.table, index, source)
    try:
        _enter(spec, index, walker, tree, number)
    except RecursionError:
        walker.emit(Op.OPAQUE, [], None)
    return walker.finish()


def _enter(spec: Spec, index: FileIndex, walker: Walker, tree: Tree, number: int) -> None:
    if number < 0:
        spec.top(walker, tree.root_node)
        return
    function = index.functions[number]
    node = tree.root_node.descendant_for_byte_range(function.start, function.end)
    while node is not None and node.type not in spec.function_kinds:
        node = node.parent
    if node is not None:
        spec.enter(walker, node)
