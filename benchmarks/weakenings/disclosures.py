"""Ways to let something out or in: a secret written down, a connection unencrypted, a card's data in a log, a record, a page, the code."""

import re

from weakenings.spots import (
    CALLS,
    FALSE,
    PAIRS,
    STRINGS,
    Edit,
    Found,
    Spot,
    argument_nodes,
    key_of,
    name_of,
    nodes,
    receiver,
    region,
    replace,
    spans,
    statement,
)

_LITERAL = "'9f3c1b7e5a2d48c6b0e1f4a7d9c2385e'"
_READ = re.compile(r"\benv(iron)?\b|getenv|\bENV\b")
_FROM = re.compile(r"\(([\w.]+)\)")
_HOST = re.compile(r"\(https://([\w.-]+)")
_VERIFIES = re.compile(r"^(verify|rejectUnauthorized|strictSSL|CURLOPT_SSL_VERIFY(PEER|HOST)|sslverify|verify_peer)$")
_CUTS = re.compile(r"^(slice|substr|substring|mb_substr|mask\w*|last\w*|hash|sha256|redact\w*)$", re.IGNORECASE)
_CARD = {"python": "card.number, card.cvc", "javascript": "card.number, card.cvc", "php": "$card->number, $card->cvc"}
_DIGITS = re.compile(rb"(?<![\d])(\d[ -]?){12,18}\d(?![\d])")
_REAL = b"4532019283746500"
_IBAN = re.compile(rb"DE\d\d ?(\d{4} ?){4}\d\d")
_FORM = b'<form method="post" action="/pay"><input name="card_number"><input name="cvv"></form>'
_HINTS = re.compile(rb"placeholder|data-|try|test", re.IGNORECASE)
_SCRIPT = re.compile(rb"<script\b[^>]*>(</script>)?")


def host_of(note: str) -> str | None:
    """The host that evidence says is spoken to over TLS."""
    found = _HOST.search(note)
    return found[1] if found else None


def literal(spot: Spot) -> Found:
    """The secret is written into the code instead of read from the environment."""
    named = _FROM.search(spot.note)
    name = named[1].rpartition(".")[2] if named else ""
    fitting = [
        node
        for node in nodes(spot.root)
        if node.start_point[0] + 1 == spot.line
        and node.type in CALLS | {"subscript", "member_expression", "subscript_expression"}
        and _READ.search(spot.text(node))
        and name in spot.text(node)
    ]
    if fitting:
        yield "wrote the secret down", [replace(fitting[0], _LITERAL)]
        return
    for node in nodes(spot.root):
        if node.type == "assignment" and node.start_point[0] + 1 == spot.line and node.child_by_field_name("right") is None:
            yield "wrote the secret down", [Edit(node.end_byte, node.end_byte, f" = {_LITERAL}")]
            return


def plain_http(spot: Spot) -> Found:
    """The address is http, or the certificate is not looked at."""
    host = host_of(spot.note)
    for node in nodes(spot.root):
        at = spot.source.find(b"https://" + (host or "").encode(), node.start_byte, node.end_byte) if node.type in STRINGS else -1
        if at >= 0 and (host or spans(spot, node)):
            yield "spoke http", [Edit(at, at + len("https://"), "http://")]
            return
    for node in nodes(spot.root):
        if node.start_point[0] + 1 != spot.line:
            continue
        if node.type in PAIRS and _VERIFIES.match(key_of(spot, node)):
            yield "looked at no certificate", [replace(node.named_children[-1], FALSE[spot.family])]
            return
        arguments = argument_nodes(node) if node.type in CALLS else []
        if len(arguments) == 3 and _VERIFIES.match(spot.text(arguments[1])):
            yield "looked at no certificate", [replace(arguments[2], FALSE[spot.family])]
            return


def whole(spot: Spot) -> Found:
    """What was cut or masked is let out whole."""
    for part in region(spot)[:1]:
        for node in nodes(part):
            if not spans(spot, node):
                continue
            if node.type == "subscript" and any(child.type == "slice" for child in node.named_children):
                yield "let the whole out", [replace(node, spot.text(node.named_children[0]))]
                return
            if node.type in CALLS and _CUTS.match(name_of(spot, node)):
                inner = argument_nodes(node)[0] if argument_nodes(node) else None
                if name_of(spot, node) in ("slice", "substring", "substr") and receiver(node) is not None:
                    inner = receiver(node)
                if inner is not None:
                    yield "let the whole out", [replace(node, spot.text(inner))]
                    return
            if node.type == "member_expression" and spot.text(node).endswith(".message"):
                yield "let the whole out", [replace(node, spot.text(node).removesuffix(".message"))]
                return


def log_card(spot: Spot) -> Found:
    """The card is logged too; a filter that takes it out is not asked."""
    part = statement(spot)
    calls = [node for node in (nodes(part) if part is not None else ()) if node.type in CALLS and spans(spot, node)]
    for node in nodes(part) if part is not None else ():
        if node.type in PAIRS and key_of(spot, node) == "redact":
            yield "dropped `redact`", [Edit(node.start_byte, node.end_byte, "")]
            return
        if node.type in CALLS and name_of(spot, node) == "addFilter":
            yield "dropped `addFilter`", [replace(node, "None")]
            return
    if calls and argument_nodes(calls[0]):
        arguments = argument_nodes(calls[0])
        if spot.family == "python":
            text = f'"card %s %s", {_CARD["python"]}'
            yield "logged the card", [Edit(arguments[0].start_byte, arguments[-1].end_byte, text)]
        elif spot.family == "php":
            yield "logged the card", [Edit(arguments[0].end_byte, arguments[0].end_byte, " . $card->number . $card->cvc")]
        else:
            yield "logged the card", [Edit(arguments[-1].end_byte, arguments[-1].end_byte, f", {_CARD['javascript']}")]


def keep_card(spot: Spot) -> Found:
    """The record keeps the card too."""
    part = statement(spot)
    calls = [node for node in (nodes(part) if part is not None else ()) if node.type in CALLS and node.start_point[0] + 1 <= spot.line]
    for call in reversed(calls):
        arguments = argument_nodes(call)
        if spot.family == "python" and arguments and arguments[-1].type == "keyword_argument":
            end = arguments[-1].end_byte
            yield "kept the card", [Edit(end, end, ", card_number=card.number, cvv=card.cvc")]
            return
        for node in nodes(call):
            if node.type in ("object", "array_creation_expression") and node.named_children:
                pairs = [p for p in node.named_children if p.type in PAIRS]
                if pairs and not any(n.type == node.type for n in nodes(pairs[0])):
                    more = "cardNumber: card.number, cvv: card.cvc, "
                    php = "'card_number' => $card->number, 'cvv' => $card->cvc, "
                    start = pairs[0].start_byte
                    yield "kept the card", [Edit(start, start, more if spot.family == "javascript" else php)]
                    return


def real_number(source: bytes, line: int) -> Found:
    """The published number becomes one that could be somebody's."""
    rows = source.splitlines(keepends=True)
    start, end = sum(map(len, rows[: line - 1])), sum(map(len, rows[:line]))
    if _HINTS.search(source, start, end):
        return  # a hint to the customer, or no card at all
    for words, real in ((_IBAN, b"DE21100500001987654321"), (_DIGITS, _REAL)):
        if found := words.search(source, start, end):
            yield "wrote a card number down that could be real", [Edit(found.start(), found.end(), real.decode())]
            return


def own_form(source: bytes, line: int) -> Found:
    """The page asks for the card itself."""
    rows = source.splitlines(keepends=True)
    start, end = sum(map(len, rows[: line - 1])), sum(map(len, rows[:line]))
    if found := _SCRIPT.search(source, start, end):
        yield "asked for the card on the page", [Edit(found.start(), found.end(), _FORM.decode())]
