"""What a record is called, however the code says it: ``OrderModel``, ``orders``, ``this.orderRepository`` are all ``order``."""

import re
from functools import lru_cache

from tillproof.commerce.lexicon import snake
from tillproof.source.kinds import words as words_of

# Words around an entity's name that say what holds it, not what it is.
_HOLDERS = words_of(
    "model models modal modals repository repositories repo service manager mapper dao entity entities table collection record row doc "
    "document object obj instance proxy schema factory class query data store db builder vo domain col coll set queryset"
)
_BEFORE = words_of(
    "mdl m existing current old new the my found db stored saved local updated created wc wp tbl woocommerce sales shop get fetch "
    "find load locked fresh related parent target our latest last prev previous this a an magento "
    "postgres postgresql pg mysql sqlite mongo mongoose prisma typeorm sequelize drizzle knex sql redis cached memory"
)
NOTHING = words_of(
    "this self cls static prisma tx trx em session objects client pool conn connection cursor knex wpdb sequelize mongoose "
    "api ctx context app req request res response item result entitymanager database supabase admin orm unscoped with_trashed "
    "all raw x it el value values entity_manager select update insert delete from where array list map json args kwargs "
    "params options config settings create make build new get find load fetch save"
)
"""Names that hold any record, or none."""
_DIGITS = re.compile(r"\d+$")
_TABLE = re.compile(r"^tbl(?=[a-z]{4})")
"""What some shops write before a table's name, and in one word with it: ``tblinvoices``."""
# ``orders_customers``: orders, and whose they are.
_OWNED = re.compile(r"(orders|bookings|payments|transactions|invoices)_(customers?|users?|clients?|members?|buyers?|admins?)")
_IRREGULAR = {
    "statuses": "status", "addresses": "address", "taxes": "tax", "caches": "cache", "series": "series", "purchases": "purchase",
    "licenses": "license", "licences": "licence", "warehouses": "warehouse", "invoices": "invoice", "expenses": "expense",
}  # fmt: skip
KEEPS = re.compile(
    r"(\w+_)?(stock|inventory|inventories|warehouse|product|variant|sku|source_item|stock_item|item_stock|listing|allocation|article)(_\w+)?"
)
"""Records that keep how many there are of a thing."""
ORDER = (
    r"order|booking|purchase|sale|commande|achat|vente|pedido|orden|compra|venta|reserva|encomenda|venda|bestellung(en)?|buchung(en)?"
    r"|ordin[ei]|prenotazion[ei]|bestelling(en)?|pesanan|pemesanan|penjualan|siparis(ler)?|zamowieni[ea]|zakaz|don_?hang"
)
"""What a customer's order is called in the languages that shops are written in."""
ORDERS = re.compile(rf"(\w+_)?({ORDER}|reservation|appointment)")
"""Records of orders, and of what is booked."""
LINES = re.compile(
    r"(?!(\w+_)?sale_(?!order|item|line|product|detail|entry))"  # a `product_sale_element` is for sale, no line of one
    rf"(\w+_)?({ORDER}|cart|basket|quote|checkout|invoice|shipment|refund|wish\w*|line|fulfillment|fulfilment"
    r"|panier|carrito|carrinho|warenkorb)(_\w+)?"
)
"""Records that say how many of a thing somebody wants, though they may be named after it."""


@lru_cache(maxsize=20_000)
def entity(name: str) -> str:
    """A record's name in lower snake case, singular and without what holds it; empty when it says nothing."""
    words = [w for w in snake(name.rpartition(".")[2].rpartition("\\")[2].strip("`\"' {}$:")).split("_") if w]
    words = [_DIGITS.sub("", w) or w for w in words]
    words[:1] = [_TABLE.sub("", w) for w in words[:1]]
    if len(words) == 2 and _OWNED.fullmatch("_".join(words)):
        words.reverse()
        words[0] = singular(words[0])
    while len(words) > 1 and words[-1] in _HOLDERS:
        words.pop()
    while len(words) > 1 and words[0] in _BEFORE:
        words.pop(0)
    if not words:
        return ""
    words[-1] = singular(words[-1])
    out = "_".join(words)
    return "" if out in NOTHING or (len(words) == 1 and out in _HOLDERS) else out


def singular(word: str) -> str:
    """An English noun's singular, well enough for names of tables."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


def holds_state_of(kind: str, other: str) -> bool:
    """Whether what one name means is the state of what the other means, kept as an object of its own: ``OrderStatus`` of ``order``."""
    return any(kind.endswith(end) and same(kind.removesuffix(end), other) for end in ("_status", "_state"))


def same(one: str, other: str) -> bool:
    """Whether two names may mean the same records: equal, or one is the other with something before it (``sales_order``, ``order``)."""
    if not one or not other:
        return False
    return one == other or one.endswith("_" + other) or other.endswith("_" + one)
