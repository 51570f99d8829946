"""What a pack says of a framework or library: what it sends, repeats, reads and keeps. The ways into the code are in
``routes``, what it runs by itself in ``runs``."""

from typing import Literal

from tillproof.knowledge.schema.base import Effect, Kinds, Language, Part, Role
from tillproof.knowledge.schema.provider import SdkDefault
from tillproof.knowledge.schema.routes import Applied, Argument, BodyParsing, PathRules, Routes, Sources
from tillproof.knowledge.schema.runs import Addressed, Announced, Handover, Inherited, KeptObjects, Records, References


class HttpClient(Part, frozen=True, kw_only=True):
    """A library that sends HTTP requests: what bounds them, and what repeats them, when nobody says so.

    ``calls``: the calls that send. ``makes``: calls that make an object which keeps settings for the calls on it; ``keeps_timeout``: a
    bound too. ``handed_as``: types of such an object that is handed over ready. ``address_at``: such a call → position of the address to
    which the object sends everything.
    ``timeouts``: names by which a bound is given (argument, option, chained call, field set beside, cURL option). ``connect_only``: names
    that bound the connection and leave the answer open. ``timeout_at``: call → position of the bound among its arguments.
    ``unheard``: names that change nothing where they are set as a field of such an object, whatever those who set them hope.
    ``wide``: calls or fields that bound every request of the program.
    ``kept_as``: members by which the answer is read off the object that sent, where the call that sends does not give it.
    ``retries``: names by which repetition is given, likewise.
    ``tells``: how a request that failed is told: ``throws`` (4xx and 5xx too), ``connection`` (throws when no answer came), ``value``.
    ``defaults``: by version; a default without a package always holds.
    """

    id: str
    calls: tuple[str, ...]
    makes: tuple[str, ...] = ()
    handed_as: tuple[str, ...] = ()
    keeps_timeout: bool = True
    address_at: dict[str, int] = {}
    timeouts: tuple[str, ...] = ("timeout",)
    connect_only: tuple[str, ...] = ()
    timeout_at: dict[str, int] = {}
    unheard: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()
    kept_as: tuple[str, ...] = ()
    retries: tuple[str, ...] = ()
    tells: Literal["throws", "connection", "value"] = "throws"
    defaults: tuple[SdkDefault, ...]


class RetryPolicy(Part, frozen=True, kw_only=True):
    """A way in which a library repeats what failed: where our code declares it, and what it does where nothing is said.

    ``names``: the call or decorator that declares it, where anything imports what one of the full names begins with; ``bases``: the class
    whose members do; ``record``: keys of an options record, all of which must be there. ``when``: names one of which must be given, and
    not be false or 0, for anything to be repeated.
    ``growth``: how the wait grows when nothing is said: ``none`` (no wait), ``fixed``, ``linear``, ``exponential``. ``jitter``: whether it
    is spread. ``bounded``: whether it ends by itself.
    Names of what changes that (an argument, a key, a member; a number is a position): ``delays`` hold the wait (a number, a list, a
    function, or one of ``kinds``), ``grows`` make it exponential when true, ``jitters`` spread it or not, ``limits`` bound it,
    ``errors`` say what is repeated; without them everything is.
    ``kinds``: texts or call names → growth, with ``+jitter`` where they spread it. ``strategies``: options that hold the functions of kinds
    of our own.
    ``repeats``: what is done again: the ``decorated`` function, the methods of the ``class``, the ``argument`` that is a function, requests
    of the ``client``, the ``task`` around the call, the ``job`` that an options record speaks for. ``refusals``: a client's requests that
    were answered by 4xx are repeated too. ``job``: what is repeated is the work of a queue.
    """

    names: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    record: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    growth: Literal["none", "fixed", "linear", "exponential"] = "none"
    jitter: bool = False
    bounded: bool = True
    delays: tuple[str, ...] = ()
    grows: tuple[str, ...] = ()
    jitters: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    kinds: dict[str, str] = {}
    strategies: tuple[str, ...] = ()
    job: bool = False
    repeats: Literal["decorated", "class", "argument", "client", "task", "job"]
    refusals: bool = False
    note: str = ""
    source: str = ""


class Queue(Part, frozen=True, kw_only=True):
    """A queue of jobs, and what becomes of one that has failed for good.

    ``marks``: words of which the file of a job holds one. ``consumes``: calls whose function argument is the job. ``in_process``: it runs
    in the same process after the answer was given, and nothing remembers it; it matters only where somebody's message is handled.
    ``keeps``: where the queue itself keeps it, for people; empty when it forgets it. ``drops``: options by which it is told not to, with
    any value but false, 0 and null.
    ``kept_by``: words of code or settings by which failed jobs are kept, or somebody is told. ``configured_in``: ends of the paths of the
    files that say so for a whole program; what becomes of failed jobs is not known where none is in the tree.
    ``fails_by``: methods of the job by which it declares itself failed. ``remedy``: what to write.
    """

    id: str
    name: str
    marks: tuple[str, ...] = ()
    consumes: tuple[str, ...] = ()
    in_process: bool = False
    keeps: str = ""
    drops: tuple[str, ...] = ()
    kept_by: tuple[str, ...] = ()
    configured_in: tuple[str, ...] = ()
    fails_by: tuple[str, ...] = ()
    remedy: str = ""
    source: str = ""


class Sum(Part, frozen=True):
    """What calls, or members that are read, say of a sum of money or do to it.

    ``does``: ``gives`` (the result is a sum of its own, in ``unit`` and as ``number``), ``keeps`` (the same sum, perhaps as another
    ``number``), ``cuts`` (whole: what is behind the point is dropped, or added to), ``rounds`` (whole, to the nearest), ``fixes`` (rounded
    to the ``decimals`` that it states, or to those at position ``places`` of the arguments, a number or a pattern like ``%.2f``),
    ``times``/``over`` (multiplied or divided by the last argument), ``adds`` (the sum of the object, the arguments or their elements),
    ``power`` (the first argument raised to the second), ``minor``/``major`` (converted to that unit by the decimals of the currency),
    ``strips`` (takes what stands at position ``places`` out of a text, put in by the next argument: the point of ``19.99`` leaves cents).
    The sum is the argument at position ``sum``, or the object of a leading-dot name when that is not given.
    ``unit``: ``hundredths`` is an integer of hundredths in every currency, also in those without or with other decimals.
    ``marks``: the position of the argument that says what stands between thousands, where something does unless it is an empty text; -1
    where something always does. ``point``: of the one that says what stands before the decimals: where nothing does, hundredths are left.
    """

    calls: tuple[str, ...]
    does: Literal["gives", "keeps", "cuts", "rounds", "fixes", "times", "over", "adds", "power", "minor", "major", "strips"]
    unit: Literal["minor", "major", "hundredths", ""] = ""
    number: Literal["integer", "decimal", "float", "string", ""] = ""
    sum: int | None = None
    places: int | None = None
    decimals: int | None = None
    marks: int | None = None
    point: int | None = None
    note: str = ""
    source: str = ""


class Currencies(Part, frozen=True):
    """Where a framework's currencies come from. ``own``: calls and members by which a record tells its own currency. ``default``: those
    that tell the shop's currency, which a record need not have. ``upper``: calls that know a currency's decimals by its code in upper case
    alone and take two for any other text. ``unanswered``: methods, with their class, that a record has not and answers with nothing instead
    of an error."""

    own: tuple[str, ...] = ()
    default: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    source: str = ""


class SettingsMade(Part, frozen=True, kw_only=True):
    """How functions of ours make settings that are asked for by a path. ``named``: the call that gives a name to what a function makes;
    ``within``: the module that is told under ``listed`` which functions make all settings."""

    named: str
    within: str
    listed: str


class Framework(Part, frozen=True):
    """A framework pack: what a route, a request, a role, a config read or a record write looks like in it.

    Names here are call names, with four additions. A JavaScript name begins with the module (``@nestjs/common.Controller``, ``node:``
    dropped; a default import is the module itself: ``axios.post``). The first word of a leading-dot name may be the variable itself,
    whatever its sigil: ``.em.flush`` is ``em.flush()``, ``this.em.flush()`` and ``$this->em->flush()``. Calls inside a chain are written by
    name: ``.filter.update`` is ``x.filter(…).update(…)``. ``name(text)`` is only the call whose first argument is that literal, or begins
    with what stands before a ``*``: ``file_get_contents(php://input)``.

    ``a.*.post`` is ``a.….post`` with any calls or members, or none, between the two.

    ``packages``: names in the registry and roots of imports; none means that the pack holds for the whole language. ``marks``: files or
    identifiers that show the framework in a unit without a package file.
    ``facades``: static names, with the classes for objects of which they stand: what this pack says of the one holds for the others.
    ``request``: handler parameter → members that hold what the sender chose. The key is a position (the method's own object not counted), a
    parameter's name, a type or base class, ``@Name`` (its decorator, attribute or default value), ``=name`` (the decorator of the handler
    that hands it over) or ``{}`` (named in the route's path). The first key that fits counts, in this order: decorator, type, the
    handler's decorator, path, name, position.
    ``staff``/``customer``: names of middleware, decorators, base classes, permission checks or members that restrict a route to those
    roles; ``staff`` is looked at first. A text ends in ``*`` when more may follow (``can:*``).
    ``internal``: proofs that our own scheduler or queue calls. ``exempt``: marks that open a route to callers from outside. ``paths``: how
    the routes begin that the platform itself keeps for a role; a mark of ``exempt`` in their attributes opens them. ``access``: settings
    that keep paths for roles. ``sends_returned``: what a handler returns is sent as a success, nothing as well.
    ``tuple_is_body``: a tuple that it returns is all body, and says no status. ``hosts_plugins``: a platform that runs its plugins in its
    own process, so that what they ask of it is no request. ``nonces``:
    proofs against forged forms; they say nothing about who calls. ``visits``: calls that ask the visitor's own session for his order: who
    calls has come with a browser, and is no provider's server.
    ``json_parsers``/``raw_parsers``: body parsers; ``parses``: the one that is there by itself. ``exits``: calls that never return.
    ``answers``: calls that write or make the answer.
    ``config``: calls and members that read configuration. ``settings``: those of them whose first argument is a path into what a file
    returns, ``file.key.key``, and the folder of these files. ``settings_once``: those that answer nothing outside the files of a folder,
    once these are cached as production does. ``settings_made``: how functions of ours make settings that are asked for by a path.
    ``http``: calls that send a request, or make what sends it.
    ``random``: values that differ at every call, clocks included; a date type that is given a value to convert is no clock.
    ``verifies``: calls that return only when a signed token or message is genuine (they throw otherwise).
    ``macs``: calls that make or check a keyed digest. ``compares``: calls that compare in constant time.
    ``opens``: calls that decrypt what their first argument holds with a key among the others.
    ``counts``: calls that answer whether something is so by a number: 1, 0, and another one where it could not be told.
    ``refuses_again``: calls that do not return when the payment of the id that they are given was booked before; ``places_once``: calls
    that make an order, and do not return when it is there already.
    ``passthrough``: the result is the argument, or the object, cleaned or converted. ``gives``: plain functions that return the argument
    at that position (-1: the last of several) unless code of others changes it.
    ``supplies``: calls that stand as a parameter's default: the framework gives what the function at that position of theirs returns, or
    yields.
    ``admits``: bases of what a handler's parameters are made of, and the method of theirs without whose yes the handler is not called.
    ``applies``: how a module puts middleware before controllers and paths. ``everywhere``: the settings that list, by their dotted names,
    the classes that run before every handler; ``subscribes``: bases of classes that do so, with the method that names their hooks.
    ``factories``: ends of the names of factories that the framework writes itself, and the method by which they give an object of the
    class whose name stands in front: ``Factory: create``.
    ``named_classes``: plain functions that give an object of the class which the text at that position of their arguments names, perhaps
    in words (``Sales Order``); ``named_key``: the key under which a record that is given there instead keeps the name.
    ``class_loaders``: plain functions that give a class of the package by its module, below the one named here, and its name.
    ``catches``: calls that make of a function one that answers with a result instead of throwing; ``succeeds``: the methods of such a
    result that say whether it went well, with what they answer when it did.
    ``stand_ins``: methods that a platform calls on records, to those of ours which its own method of that name runs.
    ``hooks_functions``: calls that have a function run around one of ours, which they name by a text: ``hookAfter('saveOrder', notify)``.
    ``loads``: calls that put an object of ours into a field that is named like its class: ``$this->load->model('Orders_model')``.
    ``chosen``: members of a form under which it keeps, by name, the records that were chosen in it: the record, not what the sender wrote.
    ``doors``: members that tell by which of the platform's doors, the shop's or the staff's, a request came in.
    ``transitions``: how the constants begin that name the transitions of a payment, for a state machine.
    ``chats``: what it calls is set off by what somebody writes or presses in a chat, never by a clock.
    ``tells_states``: the platform writes to the customer by itself when his order's state changes. ``takes_stock``: it takes an order's
    goods itself as the order is placed, and what is marked ``also: [stock.release]`` gives them back, a state that is only set does not.
    ``forgets``: seconds after which a cache forgets what it was given with no time, by the import that it comes from.
    ``decorates``: methods of the application that hang something on it under a name, for every plugin; ``application``: how variables and
    members are called that hold the application.
    ``running``: plain functions that give the object which runs at the time, with all that was loaded into it.
    ``provides``: the key of a record that names a type, to those that say what a container hands out for it.
    ``keeps``: objects of classes of ours that a loader keeps under members. ``addressed``: functions that are handed out by the path of
    their file.
    ``announces``: events whose observers a table names.
    ``tells``: plain functions that set off the hooks of the name at that position of their arguments; what follows it is handed on.
    ``reads``: calls that fetch stored records. ``once``: calls that create only what is not there yet, atomic if the database has the
    constraint. ``transactions``/``locks``: calls, decorators or blocks. ``jobs``: calls that hand work to a queue, and ``recurring`` those
    that have one of the program's own hooks run again and again. ``loggers``: calls that
    write to a log. ``reporters``: calls that send what they are given to a tracker of errors or of visitors' doings. ``journals``: calls
    that note beside a record what happened to it (an order note). ``order_states``: those that an order of the platform may be in,
    whatever the shop itself writes. ``revealing``: calls whose exception shows the request as sent, headers
    and all. ``forms``: base classes of objects that are filled from a request, field by field. ``carriers``: base classes of objects that
    carry what is said and are kept in no table. ``inert``: types and calls that yield objects on which no method is an effect
    (``new Map()``, a digest being built).
    ``insecure``: ``option=value`` that turns the check of certificates off, and calls that do.
    ``effects``: calls that change records, money or goods, or tell somebody. A provider's operation of the same name goes first.
    ``remedies``: what is to be written in this framework, by need: lines of code. ``body``, ``header`` (of ``{{name}}``), ``refuse`` are
    expressions that fill the holes of others; ``raw`` keeps the raw body; ``load`` prices, ``lock``, ``take-stock``, ``once``,
    ``check-stock``, ``hmac``, ``compare``, ``require`` (a setting), ``key``, ``key-header``, ``timeout``, ``change-state``,
    ``mark`` (in the cache), ``raise-answer`` (an error), ``reconcile``, ``whole`` (``{{name}}`` is a quantity of at least 1) say it.

    ``generated``: ends of the paths of modules that a generator writes, which need not be in the tree, and what packs call each.
    ``references``: functions of ours that are called by what such a module holds.
    ``serial``: calls, decorators or blocks that are ``transactions`` in which nothing changes that was read, since a change refuses it.

    ``records``: what runs when a record is written. ``kinds``: how calls are told of what kind it is. ``inherited``: what base classes run
    on objects of ours. ``queues``: what becomes of jobs that failed for good.
    ``sleeps``: calls that wait as long as their first argument says, in whatever unit (``setTimeout``: the second).
    ``limits``: blocks, and calls that are handed a promise or a function, which give up after a time.

    ``caches``: calls that give what was kept from before, decorators that keep what a function gave, and methods (of the platform's base
    class) that the platform calls only when it has nothing kept.
    ``sums``: what calls and members say of sums of money or do to them; of several that fit, the first counts. ``currencies``: which tell a
    currency.
    """

    id: str
    name: str
    language: Language
    packages: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    facades: dict[str, tuple[str, ...]] = {}
    routes: tuple[Routes, ...] = ()
    request: dict[str, Argument] = {}
    sources: Sources = Sources()
    staff: tuple[str, ...] = ()
    customer: tuple[str, ...] = ()
    internal: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()
    paths: dict[str, Role] = {}
    access: tuple[PathRules, ...] = ()
    sends_returned: bool = False
    tuple_is_body: bool = False
    hosts_plugins: bool = False
    nonces: tuple[str, ...] = ()
    visits: tuple[str, ...] = ()
    json_parsers: tuple[str, ...] = ()
    raw_parsers: tuple[str, ...] = ()
    parses: BodyParsing = BodyParsing()
    exits: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    settings: dict[str, str] = {}
    settings_once: dict[str, str] = {}
    settings_made: SettingsMade | None = None
    http: tuple[str, ...] = ()
    random: tuple[str, ...] = ()
    verifies: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    compares: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    refuses_again: tuple[str, ...] = ()
    places_once: tuple[str, ...] = ()
    passthrough: tuple[str, ...] = ()
    gives: dict[str, int] = {}
    supplies: dict[str, int] = {}
    admits: dict[str, str] = {}
    applies: Applied = Applied()
    everywhere: tuple[str, ...] = ()
    subscribes: dict[str, str] = {}
    named_classes: dict[str, int] = {}
    named_key: str = ""
    class_loaders: dict[str, str] = {}
    factories: dict[str, str] = {}
    catches: tuple[str, ...] = ()
    succeeds: dict[str, bool] = {}
    tells: dict[str, int] = {}
    stand_ins: dict[str, tuple[str, ...]] = {}
    hooks_functions: tuple[str, ...] = ()
    provides: dict[str, tuple[str, ...]] = {}
    keeps: tuple[KeptObjects, ...] = ()
    addressed: tuple[Addressed, ...] = ()
    handovers: tuple[Handover, ...] = ()
    announces: tuple[Announced, ...] = ()
    generated: dict[str, str] = {}
    references: References = References()
    serial: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()
    transitions: tuple[str, ...] = ()
    chats: bool = False
    tells_states: bool = False
    takes_stock: bool = False
    forgets: dict[str, float] = {}
    decorates: tuple[str, ...] = ()
    application: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    transactions: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    recurring: tuple[str, ...] = ()
    loggers: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()
    journals: tuple[str, ...] = ()
    order_states: tuple[str, ...] = ()
    revealing: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    inert: tuple[str, ...] = ()
    insecure: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    remedies: dict[str, tuple[str, ...]] = {}

    records: Records = Records()
    kinds: Kinds = Kinds()
    inherited: tuple[Inherited, ...] = ()
    sleeps: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    http_clients: tuple[HttpClient, ...] = ()
    retries: tuple[RetryPolicy, ...] = ()
    queues: tuple[Queue, ...] = ()

    caches: tuple[str, ...] = ()
    sums: tuple[Sum, ...] = ()
    currencies: Currencies = Currencies()
    sources_cited: tuple[str, ...] = ()
