"""What is known of words and numbers: the lexicon, and numbers that are published for tests."""

from tillproof.knowledge.schema.base import Language, Part


class Numbers(Part, frozen=True):
    """What one party publishes, and where. ``prefixes``: a number that begins so is published too."""

    of: str
    source: str
    numbers: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


class Brand(Part, frozen=True):
    """How a scheme's card numbers begin (``4``, ``51-55``) and how many digits they have."""

    name: str
    ranges: tuple[str, ...]
    lengths: tuple[int, ...]


class Published(Part, frozen=True):
    """What providers publish for tests (``published.yaml``): card numbers, IBANs, bank accounts and their routing, API keys.

    Digits and letters only. ``keys``: what stands after the prefix. ``brands`` and ``iban_lengths`` (by country) say what real ones look
    like.
    """

    cards: tuple[Numbers, ...]
    ibans: tuple[Numbers, ...]
    accounts: tuple[Numbers, ...]
    keys: tuple[Numbers, ...]
    brands: tuple[Brand, ...] = ()
    iban_lengths: dict[str, int] = {}


class Lexicon(Part, frozen=True):
    """The words of commerce by which names and values are known, whatever the framework (``lexicon.yaml``).

    Names and values are put in lower snake case before they are compared: ``unitPrice``, ``unit-price`` and ``UNIT_PRICE`` are
    ``unit_price``. All entries but ``passthrough`` and ``test_words`` are regular expressions that must match the whole.

    ``*_fields``: fields, columns, variables and keys. Tax, shipping and discount fields are looked at before ``money_fields``, which takes
    most of them too; ``not_money`` is what it would take and is no amount. ``minor_fields``: a sum in the currency's smallest unit.
    ``rate_fields``: a share, not a sum. ``decimals_fields``: how many decimals a currency has, or the factor that follows from it.
    ``paid_values``: a status that says the money is here. ``authorised_values``: it is held for us, not yet taken.
    ``fulfil_values``: a status on which goods or access go out; it means paid only on one of ``order_entities``. ``open_values`` and
    ``dead_values``: before payment, and after it failed or was undone.
    ``state_fields``: flags and times that mark one step of an order's life (``is_delivered``).
    ``supply_entities``: what the shop itself orders. ``refused_values``: states of a message that was not let through.
    ``outgoing_entities``: those on which a settled status says that we have paid somebody. ``loose_entities``: those of ``order_entities``
    that are as often kept by programs in which nobody pays. ``payment_words``: what speaks of paying.
    ``fulfil_verbs``: functions whose name says that something is paid for or handed out, but for ``not_fulfil_verbs``.
    ``stock_columns``: columns that count what can be sold; ``stock_counts`` do where the table is one of ``stock_entities`` or
    ``goods_entities``; ``reserved_columns`` count what is promised. ``not_stock_columns`` are none of them, and a table with one of
    ``not_stock_entities`` among the words of its name holds no stock. ``backorder_fields``: more may be sold than there is.
    ``copied_columns``: names that a platform alone gives its goods; a table with several of them holds copies of them.
    ``converts_money``: what packages call the functions and classes that give a sum back in another form.
    ``staff_guards``/``customer_guards``: a shop's own guards, by name; staff first. They are evidence only where the guard cannot be read.
    ``card_*_fields``: a payment card's number, its printed code, its stripe; ``card_beside_fields`` mean that only beside one of them.
    Not those in ``not_card``, nor where ``other_cards`` are spoken of, or ``other_card_places`` are what the place is called.
    ``secret_headers`` are headers and options of a request that carry a credential; ``not_secret`` are
    ``secret_fields`` that are none of ours to another system, but of a session, a visitor or a payment.
    ``logger_names``/``log_methods``: an object whose name is one of the former writes to a log by the latter. ``redacting_verbs``:
    functions whose name says that what they return no longer shows what they were given.

    ``outcome_fields``: what a condition reads that asks whether a call went well. ``transient_errors``/``client_errors``: names of failures
    that may pass by themselves, and of those that will not; client errors are looked at first.
    ``passthrough``: call names whose result is their argument, cleaned. ``test_words``: parts of a path that mark tests and examples.
    ``secret_fields`` keep a credential, but for ``public_fields``; ``signing_fields``, ``database_fields`` and ``mail_fields`` say what for
    when no system is named; ``connection_fields`` keep an address with a password in it. ``mode_fields`` hold one of ``test_values`` or
    ``live_values``; ``test_switches`` and ``live_switches`` are true or false. A condition with one of ``environment_words`` asks where
    the code runs. ``*_parts``: parts of a path that say for which
    environment a file is, ``settings_parts`` that it is one for settings. ``test_number_words`` and ``card_words``: what stands around a
    number and says that it is no card of anybody, or one. ``account_words``/``routing_words``: names of a bank account's two numbers.
    ``zero_decimal_currencies``/``three_decimal_currencies``: ISO codes of those that have no smaller unit, or a thousandth; no patterns.
    """

    money_fields: tuple[str, ...]
    not_money: tuple[str, ...]
    tax_fields: tuple[str, ...]
    shipping_fields: tuple[str, ...]
    discount_fields: tuple[str, ...]
    minor_fields: tuple[str, ...]
    rate_fields: tuple[str, ...]
    decimals_fields: tuple[str, ...]
    currency_fields: tuple[str, ...]
    quantity_fields: tuple[str, ...]
    stock_fields: tuple[str, ...]
    stock_columns: tuple[str, ...]
    stock_counts: tuple[str, ...]
    reserved_columns: tuple[str, ...]
    not_stock_columns: tuple[str, ...]
    stock_entities: tuple[str, ...]
    goods_entities: tuple[str, ...]
    not_stock_entities: tuple[str, ...]
    backorder_fields: tuple[str, ...]
    copied_columns: tuple[str, ...]
    paid_fields: tuple[str, ...]
    paid_values: tuple[str, ...]
    authorised_values: tuple[str, ...]
    fulfil_values: tuple[str, ...]
    open_values: tuple[str, ...]
    dead_values: tuple[str, ...]
    status_fields: tuple[str, ...]
    state_fields: tuple[str, ...]
    order_entities: tuple[str, ...]
    supply_entities: tuple[str, ...]
    refused_values: tuple[str, ...]
    outgoing_entities: tuple[str, ...]
    loose_entities: tuple[str, ...]
    payment_words: tuple[str, ...]
    fulfil_verbs: tuple[str, ...]
    not_fulfil_verbs: tuple[str, ...]
    converts_money: tuple[str, ...]
    staff_guards: tuple[str, ...]
    customer_guards: tuple[str, ...]
    card_number_fields: tuple[str, ...]
    card_code_fields: tuple[str, ...]
    card_track_fields: tuple[str, ...]
    card_beside_fields: tuple[str, ...]
    not_card: tuple[str, ...]
    other_cards: tuple[str, ...]
    other_card_places: tuple[str, ...]
    secret_headers: tuple[str, ...]
    not_secret: tuple[str, ...]
    logger_names: tuple[str, ...]
    log_methods: tuple[str, ...]
    redacting_verbs: tuple[str, ...]

    outcome_fields: tuple[str, ...]
    transient_errors: tuple[str, ...]
    client_errors: tuple[str, ...]
    passthrough: dict[Language, tuple[str, ...]]
    test_words: tuple[str, ...]
    secret_fields: tuple[str, ...]
    public_fields: tuple[str, ...]
    signing_fields: tuple[str, ...]
    database_fields: tuple[str, ...]
    connection_fields: tuple[str, ...]
    mail_fields: tuple[str, ...]
    mode_fields: tuple[str, ...]
    test_switches: tuple[str, ...]
    live_switches: tuple[str, ...]
    test_values: tuple[str, ...]
    live_values: tuple[str, ...]
    environment_words: tuple[str, ...]
    example_parts: tuple[str, ...]
    test_parts: tuple[str, ...]
    development_parts: tuple[str, ...]
    staging_parts: tuple[str, ...]
    production_parts: tuple[str, ...]
    settings_parts: tuple[str, ...]
    test_number_words: tuple[str, ...]
    card_words: tuple[str, ...]
    account_words: tuple[str, ...]
    routing_words: tuple[str, ...]
    zero_decimal_currencies: tuple[str, ...]
    three_decimal_currencies: tuple[str, ...]
