"""What a named value that is written down is: whose credential, of which mode, or none."""

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from tillproof.commerce.hosts import is_example, is_local
from tillproof.commerce.lexicon import Words, snake
from tillproof.commerce.makes import Made, Makes
from tillproof.commerce.owners import Owners
from tillproof.commerce.stand_ins import is_mail_password, is_password, is_random, is_stand_in
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Provider

Mode = Literal["live", "test", "unknown"]
Sort = Literal["secret", "publishable", "signing", "database", "mail"]

_LONGEST_NAME = 80
# Robokassa has two: ``mrh_pass1``, ``password_2``.
_NUMBERED = re.compile(r"_?[12]$")
# Ends of names whose values people make up.
_MADE_UP = ("password", "passwd", "pass", "pwd", "pw", "passphrase")
# The system that takes the password of a mail account, whoever runs it.
_MAIL = "smtp"
# What may be left of a credential's name beside that of the system.
_BARE = ("key", "token", "secret", "password", "pass", "salt", "hmac")
_CONNECTION = re.compile(r"([a-z][a-z0-9+.-]{2,20})://([^\s:/]{0,80}):([^\s/@]{1,200})@([\w.-]+)", re.IGNORECASE)
# What examples and images of databases are given as a password.
_GIVEN_TO_ALL = ("password", "postgres", "mysql", "mongo", "mongodb", "root", "admin", "secret", "user", "username", "dbuser", "pass")
_STORES = re.compile(r"postgres|mysql|mariadb|mongo|redis|amqp|mssql|sqlserver|jdbc|clickhouse|elastic|cockroach", re.IGNORECASE)
_MAILS = re.compile(r"smtps?|gmail|(?:\w+\+)smtps?", re.IGNORECASE)
_TEST_NAME = re.compile(r"(?:^|_)(?:test|sandbox|sbox|uat|dev|staging|stg|qa|preprod|playground)(?:_|$)")
_LIVE_NAME = re.compile(r"(?:^|_)(?:live|prod|production)(?:_|$)")
_OF_PAYMENTS = re.compile(r"(payments?|pay|payment_gateway|merchant)_(secret|api|private)_?key")
_MODES: tuple[Mode, ...] = ("test", "live")
_PUBLIC_VALUE = re.compile(r"pk_(?:live|test)|-----BEGIN (?:PUBLIC KEY|CERTIFICATE)|eyJhbGciOi\S*")


# A name that says nothing of whose the credential is: then it is that of the one system that its neighbours speak of.
_GENERAL = re.compile(
    r"(?:_?(?:api|secrets?|keys?|tokens?|private|access|client|web|hooks?|webhooks?|signing|signature|auth|merchant|live|test|prod|production|"
    r"sandbox|hash|salt|shared|app|application|consumer|transaction|licen[cs]e|service|server|account|admin|rest|oauth2?|hmac|encryption|"
    r"endpoint|integration|personal|bearer|security|value|x|v?\d+|apikey|authtoken|sec|url))+"
)


class Credential(NamedTuple):
    """A credential. ``owner``: the system that takes it; None for one's own. ``name``: what to call it. ``made``: known by its prefix.
    ``host``: where a connection string leads. ``sent``: it stands in the address of somebody else's system."""

    sort: Sort
    mode: Mode
    owner: Provider | None
    name: str
    secret: str
    made: bool = False
    host: str = ""
    sent: bool = False


class Credentials:
    """Classifies values by their make, then by the names that they stand under."""

    def __init__(self, knowledge: Knowledge, words: Words) -> None:
        self.makes = Makes(knowledge)
        self.owners = Owners(knowledge)
        self._words = words
        self._providers = knowledge.providers

    def of(self, names: Sequence[str], value: str, spoken_of: Iterable[str] = ()) -> Credential | None:
        """The credential that a value is. ``names``: those that it stands under, the nearest first. ``spoken_of``: ids of the providers
        that the file or its neighbours speak of; when it is one alone, an unnamed secret is taken for its."""
        owner = self.owners.of(names)
        known = [*([owner.id] if owner else []), *spoken_of]
        if value in self.makes.published:
            return None
        made = self.makes.of(value, known)
        if made is not None:
            return self.by_make(made, owner)
        connection = _CONNECTION.search(value)
        if connection is not None:
            return _of_connection(connection)
        if not names or _PUBLIC_VALUE.match(value):
            return None
        return self._by_name(names, value, owner, known)

    def by_make(self, made: Made, named: Provider | None) -> Credential:
        """The credential behind a known prefix; where several providers share it, the named one, else the first."""
        owner = named if named in made.providers else made.providers[0]
        public = made.prefix.kind == "publishable"
        what = {"publishable": "publishable key", "webhook": "webhook secret", "token": "access token", "restricted": "restricted key"}
        name = f"{owner.name} {what.get(made.prefix.kind, 'secret key')}"
        return Credential("publishable" if public else "secret", made.prefix.mode, owner, name, made.text, made=True)

    def _signs(self, own: str, whole: str) -> bool:
        """Whether a name, or it with the one around it (``session``, ``secret``), is that of a signing key."""
        return self._words.has("signing_fields", own) or self._words.has("signing_fields", "_".join(whole.split("_")[-2:]))

    def is_secret_name(self, name: str) -> bool:
        """Whether a name is one that keeps a credential."""
        if len(name) > _LONGEST_NAME:
            return False
        words = self._words
        return (words.has("secret_fields", name) and not words.has("public_fields", name)) or words.has("signing_fields", name)

    def _opened(self, own: str, owner: Provider | None, known: Sequence[str]) -> Provider | None:
        """The system whose account an id of such a name opens by itself."""
        owner = owner or (self._providers.get(known[0]) if len(set(known)) == 1 else None)
        return owner if owner is not None and plain_name(own, owner).replace(" ", "_") in owner.opens else None

    def _by_name(self, names: Sequence[str], value: str, owner: Provider | None, known: Sequence[str]) -> Credential | None:
        own, whole = snake(names[0]), "_".join(snake(name) for name in reversed(names[:4]))
        if (opened := self._opened(own, owner, known)) is not None:
            return Credential("secret", _mode(whole), opened, f"{opened.name} {plain_name(own, opened)}", value) if _is_key(value) else None
        if len(own) > _LONGEST_NAME or not (self.is_secret_name(own) or (owner and plain_name(own, owner) in _BARE)):
            return None
        mode = _mode(whole)
        made_up = _NUMBERED.sub("", own).rpartition("_")[2] in _MADE_UP
        if made_up and self._words.has("database_fields", whole):
            return Credential("database", mode, None, "database password", value) if is_password(value) else None
        if (owner is None or owner.id == _MAIL) and made_up and self._words.has("mail_fields", whole):
            return Credential("mail", mode, None, "password of the mail account", value) if is_mail_password(value) else None
        if owner is None and not made_up and _OF_PAYMENTS.match(own) and is_random(value):
            mode = next((m for m in _MODES if value.startswith(f"{m}_")), mode)
            return Credential("secret", mode, None, "secret key of the payment system", value)
        if owner is None and (self._signs(own, whole) or ("webhook" in whole and is_random(value))):
            return Credential("signing", mode, None, names[0], value) if is_random(value) or is_password(value) else None
        if owner is None and len(set(known)) == 1 and not made_up and _GENERAL.fullmatch(own):
            owner = self._providers.get(known[0])
        if owner is not None and plain_name(own, owner).replace(" ", "_") in owner.open_names:
            return Credential("publishable", mode, owner, f"{owner.name} {plain_name(own, owner)}", value)
        if owner is None or not (is_password(value) if made_up or "salt" in own else _is_key(value)):
            return None
        return Credential("secret", mode, owner, f"{owner.name} {plain_name(own, owner)}", value)


def _of_connection(match: re.Match[str]) -> Credential | None:
    scheme, user, password, host = match[1], match[2], match[3], match[4]
    weak = "." in host and not (is_local(host) or is_example(host)) and re.fullmatch(r"(?=.*\d)[A-Za-z0-9]{3,5}", password) is not None
    if (is_stand_in(password) and not weak) or password.lower() in _GIVEN_TO_ALL or (password.lower() == user.lower() and is_local(host)):
        return None
    if _STORES.search(scheme):
        return Credential("database", "unknown", None, "password of a database address", password, host=host)
    if _MAILS.match(scheme):
        host = host if "." in host else ""  # ``gmail+smtp://user:password@default``
        return Credential("mail", "unknown", None, "password of the mail account", password, host=host)
    return None


def _mode(name: str) -> Mode:
    if _TEST_NAME.search(name):
        return "test"
    return "live" if _LIVE_NAME.search(name) else "unknown"


def _is_key(value: str) -> bool:
    """Whether a value may be a key that a system gave out."""
    return is_random(value) or (len(value) >= 16 and not is_stand_in(value) and re.search(r"\d", value) is not None)


def plain_name(name: str, owner: Provider) -> str:
    """A name in words, without those of the system: ``razorpay_key_secret`` is ``key secret``."""
    words = [word for word in name.split("_") if word not in owner.id and word not in owner.names]
    return " ".join(words) or "key"
