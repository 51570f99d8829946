"""The boundary map: which external systems the code calls, loads into its pages, or is called by."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.addresses import BROWSER_PACKAGE, address_book, in_comment
from tillproof.commerce.configured import configured
from tillproof.commerce.names import fits
from tillproof.commerce.strange_calls import begins_payment
from tillproof.contract import Boundary, Handler, Location
from tillproof.flow.program import ClassId
from tillproof.ir.declarations import FileIndex
from tillproof.ir.ops import Op
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Language, Provider
from tillproof.source.files import SourceFile, Tree
from tillproof.source.text import read

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST_LOCATIONS = 12
_OF_TYPES = re.compile(rb"\s*import\s+type\b")
# What a file does that keeps a client for nothing but the proof of messages: it makes one, or proves by it.
_PROVES = re.compile(rb"constructEvent|construct_event|\bnew\s+\w+\(|[vV]erif\w*\(|validate\w*\(")
_ASKS = re.compile(
    rb"\b(?:create|list|retrieve|update|del|delete|search|capture|confirm|cancel|refund|find|fetch|charge|pay|execute|send|save)\w*\s*\("
)
_LARGEST_TEXT = 400_000
_TEMPLATES = ("html", "jinja", "twig", "blade", "ejs")
_SETTINGS = ("env", "yaml", "toml", "ini", "properties", "xml")
_SETTINGS_JSON = re.compile(r"(?:app)?(?:settings|config|secrets|default|production|development|staging|local)\b.*\.json", re.IGNORECASE)

# Strength of evidence; only the strongest of a boundary is shown, since the weaker then says nothing new.
_CALLED, _ADDRESSED, _IMPORTED = range(3)

_AUTOMATIC_TAX = re.compile(
    rb"automatic_tax[\"']?\]?\s*(?::|=>|=)\s*[\[{(\w]*\s*[^}\])]{0,60}?enabled[\"']?\s*(?::|=>|=)\s*true", re.IGNORECASE
)
_ORDER_HOOK = re.compile(rb"order|checkout|payment|cart|refund|stock|customer|shipping|tax")
# Languages whose imports name a package; in PHP they name a namespace.
_NAMED: tuple[Language, ...] = ("python", "javascript")
_SIGNED = ("hmac", "rsa", "jwt")


class Sighting(NamedTuple):
    """One piece of evidence that a system is talked to. ``proof``: how the sender of what comes in is known."""

    provider: Provider
    protocol: str
    unit: str
    strength: int
    file: str
    line: int
    proof: str = "none"


def find_boundaries(model: "Model", tree: Tree, handlers: Sequence[Handler]) -> list[Boundary]:
    """Every system with direction, protocol and unit, and up to a dozen places. Sorted by system.

    A return of the customer's browser is no call by the provider, unless the provider signs what it carries.
    """
    found = list(_called(model))
    found += _addressed(model, tree)
    found += _marked(model)
    heard = [*_received(model, handlers), *_hooked(model), *_plugged(model)]
    heard += _verified(model, {(s.provider.id, s.unit) for s in heard})
    found += _imported(model, {h.file for h in handlers}, {(s.provider.id, s.unit) for s in heard})
    found += _configured(model, inbound=False)
    if not any(s.provider.kind == "payment" for s in found):
        found += _strange(model)
    outbound = [_boundary("outbound", group) for group in _strongest(found)]
    heard += _configured(model, inbound=True)
    inbound = [_boundary("inbound", group) for group in _strongest(heard)]
    return sorted(outbound + inbound, key=lambda b: (b.system, b.direction, b.unit, b.protocol))


def _configured(model: "Model", inbound: bool) -> Iterator[Sighting]:
    """Systems whose credentials are read by code in a language that is not read itself: no stronger a sign than an import."""
    for one in configured(model):
        if one.inbound == inbound:
            protocol = "webhook" if inbound else one.provider.protocol
            proof = _proof(one.provider, "webhook") if inbound else "none"
            yield Sighting(one.provider, protocol, one.unit, _IMPORTED, one.file, one.line, proof)


def _strongest(found: Sequence[Sighting]) -> Iterator[list[Sighting]]:
    """The sightings of each boundary, without those that are weaker than its best. An import stands for no protocol of its own."""
    groups: dict[tuple[str, str, str], list[Sighting]] = defaultdict(list)
    known = {(s.provider.id, s.unit) for s in found if s.strength < _IMPORTED}
    for sighting in found:
        if sighting.strength < _IMPORTED or (sighting.provider.id, sighting.unit) not in known:
            groups[sighting.provider.id, sighting.protocol, sighting.unit].append(sighting)
    for group in groups.values():
        best = min(s.strength for s in group)
        yield [s for s in group if s.strength == best]


def _boundary(direction: str, group: list[Sighting]) -> Boundary:
    provider, protocol, unit = group[0].provider, group[0].protocol, group[0].unit
    places = sorted({(s.file, s.line) for s in group})[:_MOST_LOCATIONS]
    return Boundary(
        system=provider.id,
        kind=provider.kind,
        direction="inbound" if direction == "inbound" else "outbound",
        protocol=protocol,
        auth=_outbound_auth(provider, protocol) if direction == "outbound" else _inbound_auth(group),
        locations=[Location(file=file, line=line) for file, line in places],
        unit=unit,
    )


def _outbound_auth(provider: Provider, protocol: str) -> str:
    if protocol != "browser-sdk":
        return provider.auth
    return "api_key" if any(key.kind == "publishable" for key in provider.keys) else "none"


def _inbound_auth(group: list[Sighting]) -> str:
    """What proves the sender; none where one of the ways in proves nothing. A message that is only looked up has no proof of its own."""
    proofs = {s.proof for s in group}
    proof = "none" if "none" in proofs else min(proofs)
    return {"rsa": "hmac", "refetch": "none"}.get(proof, proof)


# --- outbound


def _called(model: "Model") -> Iterator[Sighting]:
    """Provider operations and requests to a provider's host."""
    by_sdk = {(s.provider.id, s.fn, s.instr) for s in model.operations.sites if s.request is None}
    program = model.program
    for provider, fn, instr in model.operations.outbound:
        # Code inside a platform calls its functions without any boundary; a client of its API is one.
        if provider.kind == "platform" and (provider.id, fn, instr) in by_sdk and not _imports_client(provider, program.indices[fn.file]):
            continue
        yield Sighting(provider, provider.protocol, program.unit(fn.file), _CALLED, fn.file, program.body(fn).line[instr])
    tax = model.knowledge.providers.get("stripe-tax")
    for file, source in program.sources.items() if tax else ():
        for match in _AUTOMATIC_TAX.finditer(source) if b"automatic_tax" in source else ():
            if tax and not in_comment(source, match.start(), source.rfind(b"\n", 0, match.start()) + 1):
                yield Sighting(tax, tax.protocol, program.unit(file), _CALLED, file, _line(source, match.start()))


def _strange(model: "Model") -> Iterator[Sighting]:
    """Requests that begin payments with systems that no pack knows: asked for where no payment system is known."""
    program = model.program
    for sending in model.sendings.strange:
        if host := begins_payment(model, sending):
            line = program.body(sending.fn).line[sending.instr]
            yield Sighting(model.strangers.at(host), "rest", program.unit(sending.fn.file), _CALLED, sending.fn.file, line)


def _addressed(model: "Model", tree: Tree) -> Iterator[Sighting]:
    """Addresses in code, templates and settings; provider scripts and forms that post to a provider among them."""
    book = address_book(model.knowledge)
    for file in tree.files:
        data, words, unquoted = _text(model, tree, file)
        if not words and b"//" not in data and b"<form" not in data:
            continue
        forms = book.find_forms(data) if b"<form" in data else ()
        for address in (*book.find(data, words, unquoted), *forms):
            protocol = "browser-sdk" if address.use == "page" else address.provider.protocol
            yield Sighting(address.provider, protocol, file.unit, _ADDRESSED, file.path, _line(data, address.offset))


def _marked(model: "Model") -> Iterator[Sighting]:
    """Documents that code writes or reads by hand, known by text that only they have. The first of each file."""
    marked = [(provider, mark.encode()) for provider in model.knowledge.providers.values() for mark in provider.marks]
    for path, index in model.program.indices.items():
        if not index.words or model.program.files[path].role != "source":
            continue
        data = model.program.sources[path]
        places = [(at, provider) for provider, mark in marked if (at := _quoted(data, mark)) >= 0]
        if places:
            at, provider = min(places, key=lambda place: place[0])
            yield Sighting(provider, provider.protocol, model.program.unit(path), _ADDRESSED, path, _line(data, at))


def _quoted(data: bytes, mark: bytes) -> int:
    """Where a text of the code begins with this mark, or has it at the beginning of a line; -1 where none does."""
    at = data.find(mark)
    while at >= 0 and (data[at - 1 : at] not in (b'"', b"'", b"`", b"\n") or in_comment(data, at, data.rfind(b"\n", 0, at) + 1)):
        at = data.find(mark, at + 1)
    return at


def _text(model: "Model", tree: Tree, file: SourceFile) -> tuple[bytes, list[str] | None, bool]:
    """The text to look for addresses in (empty: none), its trigger words where known, and whether they may stand without quotes."""
    index = model.program.indices.get(file.path)
    if index is not None:
        deployed = index.words and file.role in ("source", "template", "config")
        return (model.program.sources[file.path] if deployed else b""), index.words, False
    if file.size > _LARGEST_TEXT:
        return b"", None, False
    if file.language in _TEMPLATES and file.role in ("source", "template"):
        return read(tree.root, file.path)[0] or b"", None, False
    name = PurePosixPath(file.path).name
    if file.role == "config" and (file.language in _SETTINGS or (file.language == "json" and _SETTINGS_JSON.fullmatch(name))):
        return read(tree.root, file.path)[0] or b"", None, True
    return b"", None, False


def _imported(model: "Model", handler_files: set[str], heard: set[tuple[str, str]]) -> Iterator[Sighting]:
    """Imports of a provider's package. One that only verifies what comes in, in the handler's own file, or where nothing is asked of a
    provider who is ``heard`` of, calls nobody; one of types alone never does."""
    packages = _packages(model.knowledge)
    for file, index in model.program.indices.items():
        if not index.words or model.program.files[file].role != "source":
            continue
        language = model.program.language(file)
        for item in index.imports:
            hit = _package_of(packages, language, item.module, item.name)
            if hit is None:
                continue
            provider, package = hit
            unit, source = model.program.unit(file), model.program.sources[file]
            if _OF_TYPES.match(source.split(b"\n", item.line)[item.line - 1]):
                continue
            if provider.kind == "payment" and language == "javascript" and BROWSER_PACKAGE.search(package):
                yield Sighting(provider, "browser-sdk", unit, _ADDRESSED, file, item.line)
            elif file not in handler_files and not ((provider.id, unit) in heard and _PROVES.search(source) and not _ASKS.search(source)):
                yield Sighting(provider, provider.protocol, unit, _IMPORTED, file, item.line)


_Packages = dict[tuple[str, str], Provider]


@lru_cache(maxsize=2)
def _packages(knowledge: Knowledge) -> _Packages:
    """Those of all packs; the same for the same packs, and nobody adds to them."""
    return _importing(knowledge.providers.values(), frozenset(p.lower() for f in knowledge.frameworks.values() for p in f.packages))


def _importing(providers: Iterable[Provider], frameworks: frozenset[str]) -> _Packages:
    """(language, what an import begins with) → provider. In PHP an import names a namespace, which the call names tell."""
    out: _Packages = {}
    for provider in providers:
        if not provider.packages:
            continue
        for language in _NAMED:
            names = provider.clients if provider.kind == "platform" else provider.packages
            for name in names.get(language, ()):
                out.setdefault((language, _importable(language, name)), provider)
        for name in _php_names(provider, frameworks):
            out.setdefault(("php", name), provider)
    return out


def _importable(language: str, name: str) -> str:
    """The package of a package or client name."""
    name = name.lower()
    if language == "python":
        return name.partition(".")[0]
    if name.startswith("@"):
        scope, _, rest = name.partition("/")
        return f"{scope}/{rest.partition('/')[0].partition('.')[0]}"
    return name.partition("/")[0].partition(".")[0]


def _php_names(provider: Provider, frameworks: frozenset[str]) -> Iterator[str]:
    if provider.kind == "platform":  # its own namespace is everywhere in code that runs inside it
        yield from (name.lower() for name in provider.clients.get("php", ()))
        return
    names = [*provider.clients.get("php", ()), *(name for operation in provider.operations for name in operation.calls.get("php", ()))]
    for name in names:
        parts = name.lower().split(".")
        hung = "*" in parts and parts[0] in frameworks  # what is hung on an object of a framework is not the framework
        if parts[0] and len(parts) > 1 and not hung:
            yield ".".join(parts[:2]) if len(parts) > 2 else parts[0]


def _package_of(packages: _Packages, language: str, module: str, name: str) -> tuple[Provider, str] | None:
    module = module.lower()
    if language == "php":
        parts = [p for p in (*module.split("."), name.lower()) if p and p != "*"]
        keys = [".".join(parts), ".".join(parts[:2]), parts[0]] if parts else []
    elif language == "python":
        keys = [module.partition(".")[0]]
    else:
        keys = [_importable("javascript", module)]
    key = next((key for key in keys if (language, key) in packages), None)
    return None if key is None else (packages[language, key], module)


def _imports_client(provider: Provider, index: FileIndex) -> bool:
    language = {"typescript": "javascript", "tsx": "javascript"}.get(index.language, index.language)
    packages = _importing([provider], frozenset())
    return any(_package_of(packages, language, item.module, item.name) for item in index.imports)


# --- inbound


def _received(model: "Model", handlers: Sequence[Handler]) -> Iterator[Sighting]:
    for handler in handlers:
        provider = model.knowledge.providers.get(handler.provider) or model.strangers.systems.get(handler.provider)
        if provider is None:
            continue
        if handler.kind == "redirect-return" and not _signs_returns(provider):
            continue
        protocol = "rest" if handler.kind == "redirect-return" else "webhook"
        proof = "none" if handler.verified == "no" else _proof(provider, handler.kind)
        yield Sighting(provider, protocol, handler.unit, _CALLED, handler.file, handler.line, proof)


def _proof(provider: Provider, kind: str) -> str:
    """How messages of a kind are proven by the pack."""
    return next((i.proof for i in provider.inbound if i.kind == kind), "none")


def _verified(model: "Model", known: set[tuple[str, str]]) -> Iterator[Sighting]:
    """Proofs of a sender for whom no handler was found: whoever verifies webhooks receives them.

    Where a provider signs its customers' returns too, a proof alone does not say what is received.
    """
    program = model.program
    providers = [p for p in model.knowledge.providers.values() if not _signs_returns(p)]
    calls = [call for p in providers for v in p.verifiers if v.proves != "answer" for named in v.calls.values() for call in named]
    # Telling names are trigger words; one like ``verify`` says nothing without the handler around it.
    names = {name.lower(): name for name in (call.rpartition(".")[2] for call in calls)}
    for file, index in program.indices.items():
        present = [names[word] for word in index.words if word in names] if program.files[file].role == "source" else []
        for fn in sorted({fn for name in present for fn in program.functions_around(file, name)}):
            body = program.body(fn)
            for i, op in enumerate(body.op):
                proof = model.recogniser.verifier(fn, i) if op == Op.CALL else None
                if proof and proof.certain and not _signs_returns(proof.provider) and (proof.provider.id, program.unit(file)) not in known:
                    yield Sighting(
                        proof.provider, "webhook", program.unit(file), _CALLED, file, body.line[i], _proof(proof.provider, "webhook")
                    )


def _signs_returns(provider: Provider) -> bool:
    return any(i.kind == "redirect-return" and i.proof in _SIGNED for i in provider.inbound)


def _hooked(model: "Model") -> Iterator[Sighting]:
    """Hooks by which a platform runs code of ours on orders, carts and payments. The platform itself hooks into nobody."""
    program = model.program
    platforms = [p for p in model.knowledge.providers.values() if p.kind == "platform"]
    names = b"|".join(re.escape(p.id.encode()) for p in platforms)
    if not names:
        return
    pattern = re.compile(rb"\badd_(?:action|filter)\(\s*[\"'](" + names + rb")_(?!api_)([a-z_]+)")
    own = {(p.name, program.unit(cls.file)) for p in platforms for cls in program.classes_by_name.get(p.name, ())}
    for file, index in program.indices.items():
        if index.language != "php" or program.files[file].role != "source":
            continue
        source = program.sources[file]
        for match in pattern.finditer(source) if b"add_" in source else ():
            platform = model.knowledge.providers[match[1].decode()]
            if _ORDER_HOOK.search(match[2]) and (platform.name, program.unit(file)) not in own:
                # The platform loads the plugin's files and calls them in its own process: there is no wire.
                yield Sighting(platform, "file", program.unit(file), _CALLED, file, _line(source, match.start()))


def _plugged(model: "Model") -> Iterator[Sighting]:
    """Classes by which a platform runs code of ours on orders and payments in its own process, and what it hands such code for them. The
    platform itself is where those bases are written."""
    program, scope = model.program, model.evaluator.scope
    for platform in model.knowledge.providers.values():
        for name in platform.plugins:
            last = name.rpartition(".")[2]
            for file in program.mentioning(last):
                if program.files[file].role != "source" or (name.startswith(".") and program.language(file) != "php"):
                    continue
                if name.startswith("."):
                    match = re.search(rb"->" + last.encode() + rb"\b", program.sources[file])
                    lines = [_line(program.sources[file], match.start())] if match is not None else []
                else:
                    classes = (ClassId(file, n) for n in range(len(program.indices[file].classes)))
                    lines = [program.cls(c).line for c in classes if any(fits(name, base) for base in scope.foreign_bases(c))]
                for line in lines[:1]:
                    yield Sighting(platform, "file", program.unit(file), _CALLED, file, line)


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1
