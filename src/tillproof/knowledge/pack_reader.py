"""Reads one pack file and says by file, line and key what is wrong with it.

Only needed when packs are parsed from YAML; a warm start decodes the compiled form (loader.py) and never imports this module.
"""

import difflib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec.inspect as kinds
import yaml

from tillproof.knowledge.schema import Framework, Lexicon, Provider, Published

# A pack in the reviewed tree is foreign input: these bounds keep it from exhausting memory or the parser's stack.
_LARGEST = 1 << 20
_DEEPEST = 24

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Form = tuple[Callable[[str], object], str]


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


_URL: _Form = (re.compile(r"https?://\S+$").match, "an address that begins with https://")
_CALL: _Form = (
    re.compile(r"\.?[\w@/$-]+(\.(\*|[\w@/$-]+))*$").match,
    "a dotted call name, without arguments (`->`, `::` and `\\` are written `.`)",
)
_REST: _Form = (re.compile(r"(GET|POST|PUT|PATCH|DELETE) /\S*$").match, "METHOD /path, with {} for a segment that may hold anything")
_LOWER: _Form = (re.compile(r"[^A-Z]+$").match, "lower case")
_HOST: _Form = (re.compile(r"[a-z0-9.-]+$").match, "a bare host name, in lower case; its subdomains are meant too")
_ID: _Form = (re.compile(r"[a-z0-9][a-z0-9.-]*$").match, "an id of lower-case letters, digits, dots and dashes")
_VARIABLE: _Form = (re.compile(r"[A-Z][A-Z0-9_]*$").match, "the name of an environment variable, such as ACME_WEBHOOK_SECRET")
_PATTERN: _Form = (_is_pattern, "a regular expression")
# Members whose text has a form of its own, by the grammar's class and member.
_PLAIN = ("passthrough", "test_words", "zero_decimal_currencies", "three_decimal_currencies")
_FORMS: dict[tuple[str, str], _Form] = {
    ("Provider", "id"): _ID,
    ("Provider", "docs"): _URL,
    ("Provider", "sources"): _URL,
    ("Provider", "words"): _LOWER,
    ("Provider", "hosts"): _HOST,
    ("Provider", "sandbox_hosts"): _HOST,
    ("Provider", "clients"): _CALL,
    ("Operation", "calls"): _CALL,
    ("Operation", "rest"): _REST,
    ("Operation", "source"): _URL,
    ("Verifier", "calls"): _CALL,
    ("Verifier", "rest"): _REST,
    ("Verifier", "source"): _URL,
    ("Inbound", "headers"): _LOWER,
    ("Inbound", "source"): _URL,
    ("Signing", "secret"): _VARIABLE,
    ("Signing", "source"): _URL,
    ("Idempotency", "source"): _URL,
    ("SdkDefault", "source"): _URL,
    ("Framework", "id"): _ID,
    ("KeyPrefix", "source"): _URL,
    ("Numbers", "source"): _URL,
    **{("Lexicon", field): _PATTERN for field in Lexicon.__struct_fields__ if field not in _PLAIN},
}


class PackFile:
    """A pack as read: its plain ``data``, and its ``problems`` ("file:line: key: what is wrong and the mend"); broken data is empty."""

    def __init__(self, path: Path, shown: str, raw: bytes) -> None:
        self.shown = shown
        self.data: dict[str, Any] = {}
        self.problems: list[str] = []
        self._root: yaml.Node | None = None
        try:
            self._root, self.data = _parse(raw)
        except _Malformed as error:
            self.problems.append(f"{shown}:{error.line}: {error.key}: {error.text}")
        self.path = path

    def check(self, grammar: type[Provider] | type[Framework] | type[Lexicon] | type[Published], partial: bool) -> bool:
        """Compare with the grammar; add what is wrong to ``problems``. A ``partial`` pack extends another and may lack required keys."""
        if self._root is None:
            return False
        for node, key, text in _check(self._root, kinds.type_info(grammar), "", ("", ""), not partial):
            self.problems.append(f"{self.shown}:{_line(node.start_mark)}: {key or 'pack'}: {text}")
        return not self.problems


class _Malformed(Exception):
    """Text that is no pack at all."""

    def __init__(self, line: int, key: str, text: str) -> None:
        super().__init__(text)
        self.line, self.key, self.text = line, key, text


def _parse(raw: bytes) -> tuple[yaml.Node, dict[str, Any]]:
    if len(raw) > _LARGEST:
        raise _Malformed(1, "pack", f"is larger than {_LARGEST} bytes; split it into several packs")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Malformed(raw.count(b"\n", 0, error.start) + 1, "pack", "is not UTF-8; save it as UTF-8") from None
    try:
        _refuse_bombs(text)
        loader = _Loader(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise _Malformed(1, "pack", "must be a mapping of keys, beginning with `id:`")
        return root, loader.construct_document(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise _Malformed(_line(mark), "YAML", f"{what}; mend the syntax") from None
    except (ValueError, TypeError) as error:
        # A date that does not exist, or a list used as a key: valid YAML that no record can hold.
        raise _Malformed(1, "YAML", f"{error}; quote the value") from None


def _line(mark: Any) -> int:
    """1-based; the first when the parser gives no place."""
    return mark.line + 1 if mark is not None else 1


def _refuse_bombs(text: str) -> None:
    """Aliases can blow a small file up beyond memory, and depth can overrun the stack; no pack needs either."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = _line(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            raise _Malformed(line, f"*{event.anchor}", "aliases are not allowed in packs; write the value out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise _Malformed(line, "pack", f"is nested deeper than {_DEEPEST} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


_Problem = tuple[yaml.Node, str, str]


def _check(node: yaml.Node, kind: kinds.Type, key: str, form: tuple[str, str], whole: bool) -> Iterator[_Problem]:
    """Walk node and type together. ``form``: the grammar's class and member that hold the value; ``whole``: nothing required may lack."""
    if isinstance(kind, kinds.UnionType):
        if node.tag == "tag:yaml.org,2002:null":
            return
        kind = next(each for each in kind.types if not isinstance(each, kinds.NoneType))
    if isinstance(kind, kinds.StructType):
        yield from _check_record(node, kind, key, whole)
    elif isinstance(kind, kinds.DictType):
        for name, value in _pairs(node):
            yield from _check(name, kind.key_type, _join(key, str(name.value)), ("", ""), True)
            yield from _check(value, kind.value_type, _join(key, str(name.value)), form, True)
        if not isinstance(node, yaml.MappingNode):
            yield node, key, "must be a mapping (`name: value` lines)"
    elif isinstance(kind, kinds.VarTupleType):
        if not isinstance(node, yaml.SequenceNode):
            yield node, key, "must be a list; write it as [value] or as lines beginning with `-`"
            return
        for place, value in enumerate(node.value):
            yield from _check(value, kind.item_type, f"{key}[{place}]", form, True)
    else:
        yield from _check_scalar(node, kind, key, form)


def _check_record(node: yaml.Node, kind: kinds.StructType, key: str, whole: bool) -> Iterator[_Problem]:
    if not isinstance(node, yaml.MappingNode):
        yield node, key, "must be a mapping (`name: value` lines)"
        return
    fields = {field.encode_name: field for field in kind.fields}
    seen: set[str] = set()
    for name, value in _pairs(node):
        here = _join(key, str(name.value))
        field = fields.get(str(name.value))
        if field is None:
            yield name, here, f"unknown key; {_nearest(str(name.value), list(fields))}"
            continue
        if name.value in seen:
            yield name, here, "is given twice; merge the two"
        seen.add(name.value)
        yield from _check(value, field.type, here, (kind.cls.__name__, field.name), True)
    for field in kind.fields:
        if whole and field.required and field.encode_name not in seen:
            yield node, _join(key, field.encode_name), "is missing; add it"


_SCALARS: dict[type[kinds.Type], tuple[tuple[str, ...], str]] = {
    kinds.StrType: (("str",), "must be text; quote it"),
    kinds.BoolType: (("bool",), "must be true or false"),
    kinds.IntType: (("int",), "must be a whole number"),
    kinds.FloatType: (("int", "float"), "must be a number"),
}


def _check_scalar(node: yaml.Node, kind: kinds.Type, key: str, form: tuple[str, str]) -> Iterator[_Problem]:
    if isinstance(kind, kinds.LiteralType):
        choices = [str(value) for value in kind.values]
        if not isinstance(node, yaml.ScalarNode) or node.value not in choices:
            yield node, key, f"`{_shown(node)}` is not known here; {_nearest(_shown(node), choices)}"
        return
    tags, text = _SCALARS[type(kind)]
    if node.tag.rpartition(":")[2] not in tags:
        yield node, key, text
    elif isinstance(kind, kinds.StrType) and form in _FORMS and not _FORMS[form][0](node.value):
        yield node, key, f"`{_shown(node)}` must be {_FORMS[form][1]}"


def _pairs(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _shown(node: yaml.Node) -> str:
    return str(node.value)[:60] if isinstance(node, yaml.ScalarNode) else "a list or mapping"


def _nearest(name: str, choices: list[str]) -> str:
    near = difflib.get_close_matches(name, choices, n=1)
    return f"did you mean `{near[0]}`?" if near else f"choose from {', '.join(choices)}"
