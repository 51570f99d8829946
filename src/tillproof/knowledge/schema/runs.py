"""What a pack says of functions of ours that a framework runs by itself: later, elsewhere, at an event, when a record is written."""

from tillproof.knowledge.schema.base import Part


class Handover(Part, frozen=True, kw_only=True):
    """Calls by which work runs later or elsewhere, known by their last word where the call is not ours.

    ``runs``: whose function runs: ``callee``, the task that the call is made on (``task.delay(x)``); ``object``, the method of ``methods``
    of the class that the call is made on or of its first argument, else those of others whose first parameter is of that class; ``made``,
    the function under one of the keys ``methods`` in the record that the object was made of (``job = task({run: f})``); ``reference``, the
    function that an argument refers to (``references``); or what was
    registered under a name: the argument at a position, the first that the queue was made with (``receiver``), or the collection that the
    call puts a document into (``collection``), for which the triggers of a cloud wait.
    ``at_once``: the caller waits until it has run, so that what it does is done before the call returns.
    ``as_called``: the task, or the method of others, is handed the arguments as they stand. ``registers``: calls, constructors and
    decorators that register a function under the name that is their first argument (or that their queue was made with). ``paths``: the
    name is the path of any function, and nothing registers it (``async_task('shop.tasks.ship', id)``). ``named``: the argument that
    holds it where it is given by name. ``once``: options by which the same
    work is taken only once: ``queue.add(name, data, {jobId: id})``. ``carries``: the member of the function's parameter under which it
    finds what was handed over, with the name by which that was done under ``name`` beside it, where one of ``packages`` is used.
    """

    calls: tuple[str, ...]
    runs: str
    as_called: bool = False
    at_once: bool = False
    methods: tuple[str, ...] = ()
    registers: tuple[str, ...] = ()
    paths: bool = False
    named: str = ""
    once: tuple[str, ...] = ()
    carries: str = ""
    packages: tuple[str, ...] = ()
    source: str = ""


class Announced(Part, frozen=True, kw_only=True):
    """Events whose observers stand in a table of a platform: the methods ``calls`` announce the event of the name at position ``name``;
    in ``files``, elements ``event`` of that name hold elements ``observer``, whose attribute ``instance`` names the class of which
    ``method`` runs."""

    calls: tuple[str, ...]
    name: int = 0
    files: tuple[str, ...]
    event: str
    observer: str
    instance: str
    method: str
    source: str = ""


class Records(Part, frozen=True):
    """What an object-relational mapper runs by itself when a method is called on one of its records.

    ``bases``: classes of records; a method of that name which the record's own class declares runs instead of the mapper's. ``signals``:
    by the last word of a call that writes a record, the signals that it sends. ``registers``: decorators and methods of a signal that
    register a receiver; ``sends``: methods of a signal that run its receivers. ``sender``: the argument of a registration that names the
    class, ``record``: the receiver's parameter that holds the record.
    """

    bases: tuple[str, ...] = ()
    signals: dict[str, tuple[str, ...]] = {}
    registers: tuple[str, ...] = ()
    sends: tuple[str, ...] = ()
    sender: str = "sender"
    record: str = "instance"
    source: str = ""


class Inherited(Part, frozen=True, kw_only=True):
    """What a framework's base class runs on an object of a class of ours: a serializer's ``save`` runs its ``create``.

    ``bases``: the framework's classes. ``runs``: a method of theirs → the one of ours that it runs; ``changes``: the same for an object
    that was made of a record which is there already, which stands at one of the places ``given`` of the call that made it.
    ``named_in``: members and methods in which a view names the class; ``made_by``: calls on the view itself that make such an object;
    ``handed_to``: methods of the view that are handed one, and ``changing`` those of them, and of its handlers, that change a record.
    ``views``: bases of views whose own handlers run it, by the method of ours that is run; ``instead``: methods of the view that are
    run instead. ``record``: the member that names the kind of record. ``judged``: a method of theirs that answers whether what was sent may
    stand → the methods of ours that refuse by raising, and those for one field, whose names go on with it; ``insists``: the argument with
    which it raises itself.
    """

    bases: tuple[str, ...]
    runs: dict[str, str] = {}
    changes: dict[str, str] = {}
    given: tuple[str, ...] = ()
    named_in: tuple[str, ...] = ()
    made_by: tuple[str, ...] = ()
    handed_to: tuple[str, ...] = ()
    changing: tuple[str, ...] = ()
    views: dict[str, tuple[str, ...]] = {}
    instead: dict[str, tuple[str, ...]] = {}
    record: str = ""
    judged: dict[str, str] = {}
    insists: str = ""
    source: str = ""


class KeptObjects(Part, frozen=True, kw_only=True):
    """Objects that a framework's loader keeps under members named after the files of their classes: ``$this->model_checkout_order``.

    ``bases``: the classes on whose objects such members are. ``folder``: where the files lie. ``member``: how the member's name begins;
    what follows is the file's path below the folder with ``_`` for its slashes, or the end of it.
    ``besides``: members whose meaning the packs tell.
    """

    bases: tuple[str, ...]
    folder: str
    member: str
    besides: tuple[str, ...] = ()
    source: str = ""


class Addressed(Part, frozen=True, kw_only=True):
    """Functions of ours that a platform hands out under an address made of the path of their file: ``strapi.service('api::order.order')``.

    ``calls``: last words of the calls that are given the address. ``address``: what it looks like. ``files``: the ends of paths, without
    an ending, at which the file lies, with the groups of ``address`` in ``{1}`` and ``{2}``. The file's default export keeps the functions
    in a record, or makes that record by a function that stands at ``made`` of the call by which it was made. ``tables``: the ends of paths
    of files that keep, under the last group, what lies at the address, where the first group is the name that the project file gives the
    plugin under one of the keys ``named``. An address may be told in two steps: ``plugin('shop').service('orders')`` is
    ``service('plugin::shop.orders')``.
    """

    calls: tuple[str, ...]
    address: str
    files: tuple[str, ...]
    tables: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    source: str = ""


class References(Part, frozen=True):
    """Functions of ours that are called by references which a generator makes of the files they stand in.

    ``calls``: the calls whose first argument is such a reference; the others are handed to the function in the places where they stand.
    ``roots``: how the names of references begin; what follows is the path of the file below ``folder``, and the export. ``member``: the key
    under which the export's declaration keeps the function.
    """

    calls: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    folder: str = ""
    member: str = ""
    source: str = ""
