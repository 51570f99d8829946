"""What providers send to a shop: grouped by provider and kind, written as files, and delivered by a shell function."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from tillproof.commerce.surface import Message
from tillproof.contract import Handler, Obligation
from tillproof.knowledge.schema import Inbound, Signing
from tillproof.report.plan import shell
from tillproof.report.plan.draft import ORDER, STAGING, TOOLS, Ground, holes, lines
from tillproof.report.wording import count

_NEAR = 15
BACK = re.compile(r"fail|cancel|refund|revers|declin|denied|dispute|chargeback|expire|void|reject", re.IGNORECASE)
_NEW_EVENT = "MESSAGE_ID=evt_staging_$(date +%s%N)"
_NOTES = re.compile(r'("(?:metadata|custom_data|resource_metadata|notes)":)\{"\w+":"\$ORDER_ID"\}')
_ORDER_NOTE = re.compile(r"order_?(?:id|number|no|ref|reference|uuid)?", re.IGNORECASE)
_ANY_MESSAGE = '{"id":"$MESSAGE_ID","type":"$EVENT","status":"paid","order_id":"$ORDER_ID","amount":$AMOUNT,"currency":"$CURRENCY"}'


class Sent(NamedTuple):
    """Messages of one provider and kind, and the handlers that take them. ``event``: the one that says that money came; ``notes``: what
    the handlers read of the notes that the shop gave the payment."""

    system: str
    name: str
    inbound: Inbound
    event: str
    handlers: tuple[Handler, ...]
    notes: tuple[str, ...] = ()

    @property
    def routes(self) -> list[str]:
        """Where requests reach them. One whose route is not seen counts only where none is: it lies behind another."""
        known = [handler for handler in self.handlers if handler.route] or self.handlers
        return list(dict.fromkeys(route_of(handler) for handler in known))

    @property
    def signing(self) -> Signing | None:
        return self.inbound.signing

    @property
    def recorded(self) -> bool:
        """Whether only the provider itself can make a genuine message."""
        return self.signing is None and self.inbound.proof in ("hmac", "rsa", "jwt", "basic", "ipn-postback")

    def late(self, ground: Ground) -> str | None:
        """A message that the handlers tell apart and that takes back what was paid."""
        heard = [event for h in self.handlers if (m := ground.surface.messages.get((h.file, h.line))) for event in m.events]
        return next((event for event in heard if BACK.search(event) and event != self.event), None)

    @property
    def form(self) -> bool:
        return bool(self.inbound.message) and self.inbound.message[0] not in "{["

    def file(self, name: str) -> str:
        """The file of a message."""
        return f"{name}.{'form' if self.form else 'json'}"

    @property
    def deliver(self) -> str:
        return shell.function_name(self.system)

    @property
    def title(self) -> str:
        return f"{self.name} {'IPN' if self.inbound.kind == 'ipn' else self.inbound.kind}"


def sent_to(ground: Ground) -> list[Sent]:
    """The messages that the handlers of a program take; browsers that come back are none."""
    found: dict[tuple[str, str, str], list[Handler]] = {}
    known: dict[tuple[str, str, str], Inbound] = {}
    notes: dict[tuple[str, str, str], dict[str, None]] = {}
    for handler in ground.handlers:
        if handler.kind == "redirect-return":
            continue
        message = ground.surface.messages.get((handler.file, handler.line))
        inbound = message.inbound if message else _inbound(ground, handler)
        key = (handler.provider, handler.kind, _paid_event(message, inbound))
        known.setdefault(key, inbound)
        notes.setdefault(key, {}).update(dict.fromkeys(message.notes if message else ()))
        found.setdefault(key, []).append(handler)
    return [Sent(key[0], ground.name(key[0]), known[key], key[2], tuple(handlers), tuple(notes[key])) for key, handlers in found.items()]


def _inbound(ground: Ground, handler: Handler) -> Inbound:
    pack = ground.surface.providers.get(handler.provider)
    return next((i for i in (pack.inbound if pack else ()) if i.kind == handler.kind), Inbound(kind=handler.kind))


def _paid_event(message: Message | None, inbound: Inbound) -> str:
    heard = message.events if message else ()
    paid = [event for event in heard if event in inbound.settles]
    return next(iter([*paid, *heard, *inbound.settles]), "payment.succeeded")


def route_of(handler: Handler) -> str:
    """The path of a handler."""
    return handler.route.split()[-1] if handler.route else "/{handler_path}"


def set_up(sent: Sent) -> list[str]:
    """What has to be there before a message can be sent, the function that sends it among it."""
    conditions = [STAGING, TOOLS, ORDER]
    if not any(handler.route for handler in sent.handlers):
        hidden = [f"{handler.file}:{handler.line}" for handler in sent.handlers]
        conditions.append(f"HANDLER_PATH is where the shop serves {', '.join(hidden[:4])}, without the slash in front")
    else:
        conditions += holes(sent.routes)
    noted = {key: shell.noted(key) for key in sent.notes if not _ORDER_NOTE.fullmatch(key)}
    if noted and not sent.recorded and _NOTES.search(_message(sent)):
        keys = ", ".join(f"`{key}`" for key in noted)
        conditions.append(
            f"{', '.join(noted.values())}: what the shop wrote at {keys} of the notes (metadata) of the payment for this order"
        )
    units = list(dict.fromkeys(handler.unit for handler in sent.handlers))
    if len(units) > 1:
        conditions.append(f"Each of these has its own STAGING_URL: {', '.join(units[:12])}{' …' if len(units) > 12 else ''}")
    if sent.recorded and sent.inbound.proof == "ipn-postback":
        how = (
            f"The shop asks {sent.name} about each message, and {sent.name} knows only those that it sent itself: a test-mode delivery for "
            f"this order was recorded (by the shop's access log, or a proxy in front of it), its body byte for byte in {sent.file('paid')} "
            f"and `Content-Type: application/x-www-form-urlencoded` in paid.headers. This sends it again"
        )
    elif sent.recorded:
        how = (
            f"{sent.name} signs with a key of its own: a genuine test-mode delivery for this order was recorded, its body in "
            f"{sent.file('paid')} and its headers, one per line, in paid.headers. This sends it again"
        )
    elif sent.signing is not None:
        how = f"A function that sends a {sent.name} message, signed with the TEST-mode secret in {sent.signing.secret}"
    else:
        how = f"A function that sends a {sent.name} message. It carries no signature: the shop has to ask {sent.name} about it"
    conditions.append(lines(how, *shell.deliver(sent.deliver, sent.signing, sent.form, sent.recorded)))
    return conditions


def write(sent: Sent, name: str, event: str, also: str = "") -> str:
    """The step that writes a message into a file, or takes the recorded one."""
    text = _NOTES.sub(lambda bag: bag[1] + _noted(sent), _message(sent))
    file = sent.file(name)
    if sent.recorded and name == "state":
        return f"Record the delivery of `{event}` for each: {file} and {name}.headers"
    if sent.recorded and name == "paid":
        return f"Take the recorded delivery of `{event}`: {file} and paid.headers"
    told = f"Write the message `{event}` about the order{also}"
    return lines(told, _NEW_EVENT, f"EVENT='{_plain(event)}'", *shell.heredoc(file, text))


def _message(sent: Sent) -> str:
    return sent.inbound.message or _ANY_MESSAGE


def _noted(sent: Sent) -> str:
    """The notes of the payment, as the handlers read them; the order's number alone where none is read."""
    values = {key: "ORDER_ID" if _ORDER_NOTE.fullmatch(key) else shell.noted(key) for key in sent.notes or ("order_id",)}
    return "{" + ",".join(f'"{key}":"${value}"' for key, value in values.items()) + "}"


def _plain(event: str) -> str:
    return re.sub(r"[^\w.:-]", "", event, flags=re.ASCII)


def to_all(sent: Sent, command: str) -> str:
    """A command for the route, or for each of several; it finds the route in ``$ROUTE``."""
    routes = sent.routes
    return shell.loop(routes, command) if len(routes) > 1 else command.replace('"$ROUTE"', f'"{shell.path(routes[0])}"')


def to_each(sent: Sent, command: str) -> str:
    """The same for a command that has the route within its address."""
    routes = sent.routes
    return shell.loop(routes, command) if len(routes) > 1 else command.replace("$ROUTE", shell.path(routes[0]))


def where(sent: Sent) -> str:
    """The messages and where they go, for a title."""
    places = len(sent.handlers)
    routes = sent.routes
    return f"{sent.title}, {routes[0]}" if len(routes) == 1 and places == 1 else f"{sent.title}, {count(places, 'handler')}"


def owed_by(ground: Ground, handlers: Sequence[Handler], checks: tuple[str, ...]) -> list[Obligation]:
    """The obligations of handlers: those that stand at one or begin there, or else the nearest of each check in its file."""
    found: dict[str, Obligation] = {}
    for handler in handlers:
        place = (handler.file, handler.line)
        for check in checks:
            own = [o for o in ground.obligations if o.check == check]
            exact = [o for o in own if (o.site.file, o.site.line) == place or any((s.file, s.line) == place for s in o.evidence)]
            near = [o for o in own if o.site.file == handler.file and abs(o.site.line - handler.line) <= _NEAR]
            nearest = min((abs(o.site.line - handler.line) for o in near), default=0)
            found |= {o.id: o for o in exact or [o for o in near if abs(o.site.line - handler.line) == nearest]}
    return list(found.values())
