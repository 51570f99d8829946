"""What a pack says of the ways into our code: how routes and hooks are declared, and where a request keeps what its sender chose."""

from typing import Literal

from tillproof.knowledge.schema.base import Part, Role


class _Kinds(Part, frozen=True):
    """Where a request keeps what its sender chose, by kind."""

    body: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    session: tuple[str, ...] = ()


class Argument(_Kinds, frozen=True):
    """A part of the request by position of the handler's parameter, and the members of it that hold what the sender chose.

    A member is a property or a method, dotted, and all that hangs on it: ``request.get`` covers ``$r->request->get('x')``. ``*`` is the
    whole parameter, or any member that is not named elsewhere.
    """


class Sources(_Kinds, frozen=True):
    """Expressions (call names, full or leading-dot) whose value a sender chose, whatever function they stand in."""


class Hook(Part, frozen=True):
    """A platform event that runs code of ours. ``name`` may hold ``*``; of several that fit, the first counts.

    ``request``: a stranger's HTTP request can name it and choose its parameters; such a hook is an entry point. ``route``: where that
    request goes. ``role``: the least that the one who sets it off must be; ``platform`` means that the platform calls it, under the
    condition in ``note``.
    """

    name: str
    role: Role = "platform"
    request: bool = False
    route: str = ""
    note: str = ""


class Routes(Part, frozen=True):
    """How a route, or another way into our code, is declared.

    ``style``: ``call`` (``app.post(path, …handlers)``), ``server`` (``createServer(handler)``: one function takes every request, and what
    it asks of the path says where it hands it on), ``decorator`` (``@app.post(path)``), ``table`` (``path('x', view)`` entries of a
    list; or records of the data ``files``, YAML mappings and XML elements with dotted keys, ``class::method`` where two keys name a
    handler), ``functions`` (functions of a cloud that the data ``files`` of a deployment name by file and export, with what sets them
    off), ``menu`` (functions whose names end so give a table of paths, each with the name of its handler under a key),
    ``list`` (``files`` export a list of records under a name, each with its handler by the names of a file beside them, in ``root``, and
    of what it exports),
    ``class-decorator`` (a prefix on the class, a verb on the method), ``file`` (the path of the file is the route), ``hook``
    (``add_action(name, callback)``), ``registry`` (variables ``names`` of the modules ``files`` hold the dotted names of handlers),
    ``class`` (methods of a class derived from ``bases`` are handlers, whether or not a route to them is
    seen; below ``root`` the path of the file is the route, after the front name that a record of ``files`` gives).
    ``names``: the callables that declare it, full or leading-dot. ``verbs`` maps their last word (``class``: the method; ``file``: the
    export or method, or ``export.key`` for what an exported record holds under it; ``page``: the file's own level, of a file that holds
    the text ``directive``; ``{file}_capture``: the plain function that is named after its file; ``*``: any public one) to the HTTP
    method, ``ANY`` for all, ``NONE`` when no request leads there.
    ``receivers``: what the object of a leading-dot name must be (see ``Effect``).
    ``mounts``: calls that put middleware or a sub-router before the routes that follow. ``prefixes``: calls, class decorators, keywords or
    places that put their text before the paths inside them. ``files``: patterns of paths, with ``**``; ``root``: the folder below which the
    file's path is the route. ``directive``: only files or functions that open with this text (``use server``).

    Places in the arguments: a position, a negative one from the end, ``1..`` for all from 1 on, a keyword or option key, or a path into
    arguments, ``1()`` for what the function there gives; in data files ``class::method`` for the two parts of a name, and
    ``class::=method`` where the method is called so in each class; ``route`` is also the argument of that call earlier in the chain.
    ``path``, ``handler`` and ``methods`` are places, tried in order; ``guards`` are the places, chained calls or class members that hold
    middleware or permission checks. ``without_methods``: the HTTP methods when none is named. ``listed``: class members that list further
    handlers, functions or names of methods (``class``); ``before``: methods of such a class that run before each of its handlers, and
    hand the request on to it.
    ``asks``: the method of such a class that says which messages it is for: a verb ``execute(Notify)`` is for those that it tells by
    ``instanceof Notify``, and may hold the path at which they come in (``ANY /payment/notify``).
    ``unnamed``: the method that runs where the path of such a class names none; that of every other ends in the method's name.
    ``acts``: keys of what a handler answers, with the values on which whoever calls it acts as if the message were genuine.
    ``authorizes``: method → key of its answer → values on which the platform takes a payment as made.
    ``rows``: the calls and decorators by which a model is given to such a class: its handlers are handed that model's rows.
    ``edits``: class members that list fields which are set in the list of all rows; ``judges``: methods that may look at them before that.
    ``hands``: the class of what a handler that a plain call declares is handed first, where it declares none itself.
    ``default``: the setting, ``VARIABLE.KEY``, that lists by their names the guards of those that name none.
    ``names_system``: the member in which such a class, a way to pay, keeps the name of the payment system that it connects the platform to.
    ``everybodys`` and ``own``: of what a ``guards`` place of a data file says, the words that ask for nothing, and those that ask for
    no more than to be signed in; any other asks for staff.
    ``once``: the platform calls these handlers only as long as none of them has succeeded for the same order.
    ``role``: the least a caller must be when no guard stands before it. ``internal``: never reached by a request. ``platform``: called by
    the platform under the condition in ``note``.
    """

    style: Literal[
        "call", "server", "decorator", "table", "functions", "menu", "list", "class-decorator", "file", "hook", "registry", "class"
    ]  # fmt: skip
    names: tuple[str, ...] = ()
    verbs: dict[str, str] = {}
    mounts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    note: str = ""
    receivers: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    root: tuple[str, ...] = ()
    directive: str = ""
    path: str = "0"
    handler: tuple[str, ...] = ("-1",)
    methods: tuple[str, ...] = ()
    without_methods: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    unnamed: str = ""
    asks: str = ""
    default: str = ""
    acts: dict[str, tuple[str, ...]] = {}
    authorizes: dict[str, dict[str, tuple[str, ...]]] = {}
    rows: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    judges: tuple[str, ...] = ()
    hands: str = ""
    names_system: str = ""
    once: bool = False
    guards: tuple[str, ...] = ()
    everybodys: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    hooks: tuple[Hook, ...] = ()
    role: Role = "public"


class Applied(Part, frozen=True):
    """How a module puts middleware before controllers and paths, in one chain: ``consumer.apply(Verify).exclude('x').forRoutes(Hooks)``.
    ``by`` is handed the middleware, ``to`` the classes and paths before which it stands, ``besides`` the paths that it leaves out."""

    by: str = ""
    to: str = ""
    besides: str = ""


class BodyParsing(Part, frozen=True):
    """How a framework comes to read every body before anybody asks for its bytes. ``made_by``: the call that makes an application of which
    all bodies are parsed, ``unless`` this option of it is given."""

    made_by: str = ""
    unless: str = ""
    source: str = ""


class PathRules(Part, frozen=True, kw_only=True):
    """Rules of an application's settings that say which role a path needs: in ``files``, by their names, the list ``rules`` holds records
    with a pattern under ``path`` and roles under one of ``roles``; the first whose pattern fits counts.

    ``open``: roles that everybody has, ``customer``: those of whoever has signed in. Any other is staff's.
    """

    files: tuple[str, ...]
    rules: str
    path: str
    roles: tuple[str, ...]
    open: tuple[str, ...] = ()
    customer: tuple[str, ...] = ()
    source: str = ""
