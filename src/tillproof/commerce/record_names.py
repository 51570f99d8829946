"""What kind of record a chain of calls or a value is about: by its class, its table, its statement, or the variable that holds it."""

import re
from typing import TYPE_CHECKING, Literal

from tillproof.commerce import sql
from tillproof.commerce.chains import Chain, Chains, Link
from tillproof.commerce.entities import NOTHING, entity, same
from tillproof.commerce.lexicon import snake
from tillproof.commerce.named_fields import type_argument
from tillproof.commerce.named_relations import NamedRelations
from tillproof.commerce.names import fits
from tillproof.commerce.relation_methods import RELATES
from tillproof.commerce.view_rows import GIVES, view_rows
from tillproof.flow.outside import class_told
from tillproof.flow.program import ClassId
from tillproof.flow.values import (
    ClassV,
    Const,
    Ctx,
    External,
    Instance,
    Member,
    ModuleV,
    Param,
    Result,
    Value,
    before_writes,
    constant,
    options,
    pattern,
    pieces,
)  # fmt: skip
from tillproof.ir.ops import Kind, Op
from tillproof.source.kinds import words as words_of

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

TouchKind = Literal["read", "create", "upsert", "write", "delete", "flush"]
BUILDERS: dict[str, TouchKind] = {"update": "write", "insert": "create", "delete": "delete", "select": "read"}
_SELF = ("self", "this", "cls", "static", "parent", "super")
_TABLES = words_of(
    "table doc collection_group collectiongroup collection from from_ into model insertinto updatetable selectfrom "
    "getrepository get_model ref"
)
DOCUMENTS = ("doc", "document")
_LISTS = ("collection", "collectionGroup", "collection_group")
_NODES = ("ref", "child")
"""Of a store that is one tree: a path leads to a list or to one of its records."""
_PATHS = (*DOCUMENTS, *_LISTS, *_NODES)
_STORES = ("firestore", "firebase/database")
_REFERS = (*_PATHS, "query")
_ROWS_OF = words_of("insert update replace delete upsert")  # of a connection, which is told the table and the row
_GETS_OF = words_of("get_where getwhere")  # of CodeIgniter's, which is told the table and what its rows have to be
_GETS_ALL_OF = words_of("get count_all count_all_results")  # of the same, where what they have to be was told before
_TABLE = re.compile(r"[A-Za-z_]\w*(\s+(as\s+)?\w+)?", re.IGNORECASE)
_OF_COLUMNS = ("select", "query")
_WITH_SQL = words_of("prepare query execute raw statement")
# Words of a chain that choose, order or lock rows and name no relation.
_QUERIES = re.compile(
    r"(or_?|and_?)?where\w*|a?create|a?(get|update|first|find)_?or_?create|filter\w*|exclude|get|get_or_404|first\w*|find\w*|one\w*|all|query|queryset|objects|using|values|only|defer|order_?by\w*|latest|oldest"
    r"|search|search_read|browse|sudo|mapped|limit|take|skip|with\w*|select\w*|lock\w*|shared_?lock|for|for_?update\w*|load|fresh|refresh|new_?query|join\w*|left_?join|inner_?join|group\w*"
    r"|having|distinct|lean|exec|populate|sort|session|transacting|returning|set|update\w*|insert\w*|delete\w*|execute\w*|scalar\w*|scalars|unique"
    r"|options|annotate|aggregate|prefetch\w*|repository|manager|em|db|prisma|client|trx|tx|model|collect|values_list|then|catch|map|each|pluck|last"
    r"|get_?(one|many|raw|count|result|single|first)\w*|save\w*|persist|merge|reload|get_?repository|get_?entity_?manager|get_?doctrine|create_?query_?builder|given|and|or|query_?builder|[gl]te?|n?eq|not|is|in|i?like|match|single|maybe_?single|is_?not_?null|data|body|prepare\w*|fetch\w*|(unbuffered_|first_|last_)?row(_array|_object)?|result(_array|_object)?"
    r"|to_?(object|json|dict|array|plain)|as_?dict|data_?values|_doc",
    re.IGNORECASE,
)
_FLUENT = re.compile(r"(set|add)(_|[A-Z])\w*|\w*[rR]elation(ship)?s?$")
"""Calls that give back the object that they are called on."""
_CLASS = re.compile(r"\\?\w+(\\\w+)+")
_DECLARES = ("pgTable", "mysqlTable", "sqliteTable", "pgTableCreator", "createTable")
_MODELS = (*_DECLARES, "mongoose.model", "sequelize.define")
# Clients whose fields are the tables.
_MODEL = re.compile(r"(^|\.)Models?\.\w+$|\w_?Model$")
_CLIENT = re.compile(r"\.(PrismaClient|TransactionClient)$")
_SUFFIXES = ("Dto", "DTO", "Request", "Input", "Response", "Props", "Payload", "Params", "Args", "Form", "Config", "Options")

_GETS_ONE = re.compile(r"(get|find|load|fetch)_?(?!by|one|all|first|or)[a-zA-Z]")
_INJECTS = ("InjectModel", "InjectRepository")  # decorators that name the records of what is handed over

_ANY_ROW = re.compile(r"one|(one_)?by_\w+")
"""What is left of the name of a function that finds a record without saying of which kind: ``this.findOne(id)``, ``findById``."""

_WHOSE = ("admin", "client")
"""By themselves they hold any record; before another word they say whose it is: ``AdminOrder``."""
_OWN_CLASS = ("__class__", "constructor")
_READS_FILE = re.compile(r"(^|[./])read(File|Json)(Sync)?$")
_FEW_PIECES = 20


class RecordNames:
    """Entities as ``entities.entity`` names them; empty where nothing tells."""

    def __init__(self, model: "Model", chains: Chains) -> None:
        self.model = model
        self.program = model.program
        self.evaluator = model.evaluator
        self.chains = chains
        self.relations = NamedRelations(model)
        self._running: dict[ClassId, bool] = {}
        self._longer: dict[str, str] = {}

    def of_value(self, value: Value, chain: Chain, told: str = "") -> str:
        """What kind of record a value is: by its class, by the statement that fetched it, by the table or class in its chain, by the
        variable that holds it."""
        for option in map(before_writes, options(value)):
            if isinstance(option, Instance) and (name := self._class_name(option)):
                return entity(name)
        named = told or (self._fetched(value) if self._begins_with_function(chain) else "") or self.of_chain(chain, None)
        if self._is_kind(named):
            return named
        return self._under_key(value) or (self._fetched(value) if _ANY_ROW.fullmatch(named) else "") or named

    def _begins_with_function(self, chain: Chain) -> bool:
        first = chain.links[0] if chain.links else None
        if first is None or first.call < 0:
            return False
        body = self.program.body(first.fn)
        return body.op[body.args(first.call)[0]] == Op.NAME

    def _fetched(self, value: Value) -> str:
        """The kind of record that a function has fetched, perhaps as one of several things that it gives back: ``order, paid =
        look_up(number)``. What the function is called says less."""
        reads = (self.model.records.read_behind(o) for o in options(value) if isinstance(o, Result))
        return next((r.entity for r in reads if r is not None and self._is_kind(r.entity)), "")

    def _under_key(self, value: Value) -> str:
        """The kind of record that stands in a map under its own name: ``validated_data["product"]``, ``self.context.get("order")``. What
        is handed to an object in its context is never called like that object's class."""
        found = [(entity(o.name if isinstance(o, Member) else self._key_of(o)), o) for o in options(value)]
        return next((k for k, o in found if self._is_kind(k) or (k and _is_of_context(o))), "")

    def _key_of(self, value: Value) -> str:
        """The key under which a map is asked for an entry; empty for any other value."""
        if not isinstance(value, Result) or value.instr < 0 or not isinstance(value.callee, Member) or value.callee.name != "get":
            return ""
        given = self.evaluator.arguments(value)[:1]
        return next((constant(v) or "" for k, v in given if k == ""), "")

    def _is_kind(self, name: str) -> bool:
        return bool(name) and (self.model.words.entity(name) or self.model.words.has("goods_entities", name))

    def _class_name(self, value: ClassV | Instance) -> str:
        """The class that says what record an object is or keeps; empty where it says nothing: a form, or a keeper of any record."""
        of = value.of if isinstance(value, Instance) else None
        if of is not None and not isinstance(of, ClassV):
            return ""
        cls = of.cls if of is not None else value.cls
        if self._takes_requests(cls):
            return ""
        name = self.program.cls(self.model.inherited.kind_of(cls) or cls).name
        return "" if name.endswith(_SUFFIXES) else name

    def _takes_requests(self, cls: ClassId) -> bool:
        """Whether a class of PHP is one of those whose methods a framework runs for requests, and so no record, whatever it is called:
        Magento's ``class CancelOrder extends Action``."""
        if cls not in self._running:
            packs = self.model.wiring.active.of(cls.file) if self.program.language(cls.file) == "php" else ()
            wanted = [b for f in packs for r in f.routes if r.style == "class" for b in r.bases]
            bases = self.evaluator.scope.foreign_bases(cls) if wanted else ()
            self._running[cls] = any(fits(b, base) for b in wanted for base in bases)
        return self._running[cls]

    def of_chain(self, chain: Chain, last: Link | None) -> str:
        """The entity that a chain names, nearest to its end first: a relation, a table, the class at its root, the variable it was in."""
        if last is not None and (kept := self._kept_by(last) or (self._of_repository(last) if last.call >= 0 else "")):
            return kept
        inner = [link for link in chain.links if link is not last]
        if last is not None and last.call >= 0 and (table := self._told_table(last, chain)):
            return table
        listed = any(link.name in _LISTS for link in inner)
        for link in reversed(inner[1:]):
            if link.call >= 0 and link.name.lower() in RELATES:
                if related := self._related(link):
                    return related
                continue
            if listed and link.name in DOCUMENTS:  # collection('orders').doc(id)
                continue
            if link.call >= 0 and (told := self._told_class(link) or (self._kept_by(link) if link.ctx is not None else "")):
                return told
            if link.call >= 0 and (link.name.lower() in _TABLES or self._gets_rows_of(link, chain)) and (table := self.table(link)):
                return table
            if link.call >= 0 and (kept := self._of_repository(link)):
                return kept
            if link.call >= 0 and (_QUERIES.fullmatch(link.name) or link.name.lower() in BUILDERS):
                if named := self._given_class(link) or self._in_statement(link) or self._imported_table(link):
                    return named
            elif not (_QUERIES.fullmatch(link.name) or (link.call >= 0 and (self._gives_same(link) or self._of_file(link)))) and (
                name := entity(_without_verb(link.name))
            ):
                related = "" if self._is_kind(name) else self.relations.of(link.name, link.fn.file)
                return related or name
        root = self._asked_of_class(last, inner) or self._of_its_class(chain, inner) or self._root(chain, inner)
        return self._in_full(root or next((name for v in chain.through if (name := entity(v))), ""))

    def _in_full(self, name: str) -> str:
        """What a variable's name stands for where the only record called so has a longer name, of another kind: a shop that keeps support
        tickets and sells none calls one of them ``ticket``."""
        if name not in self._longer:
            kinds = {entity(t.entity or t.name) for t in self.model.schema.mentioning([name])} if self._is_kind(name) else set[str]()
            found = {kind for kind in kinds if same(kind, name)}
            self._longer[name] = next(iter(found)) if len(found) == 1 and not any(map(self._is_kind, found)) else name
        return self._longer[name]

    def _asked_of_class(self, last: Link | None, inner: list[Link]) -> str:
        """What a class of others is asked for that only holds such functions, where a platform writes records of that name:
        ``GFAPI::get_entry($id)``, ``Give\\Payments::get_order($id)``."""
        if last is None or last.call < 0 or len(inner) != 1 or inner[0].call >= 0 or self.program.language(last.fn.file) != "php":
            return ""
        noun = _without_verb(last.name) if _GETS_ONE.match(last.name) else ""
        holder = self.evaluator.value(last.fn, self.program.body(last.fn).args(last.call)[0], last.ctx) if noun else None
        written = (e.entity for f in self.model.wiring.active.of(last.fn.file) for e in f.effects if e.entity)
        return noun if isinstance(holder, External) and any(same(noun, kind) for kind in written) else ""

    def _of_its_class(self, chain: Chain, inner: list[Link]) -> str:
        """The kind of a record whose own class is asked for another: ``product.__class__.objects``, by what the variable is called."""
        if not any(link.name in _OWN_CLASS and link.call < 0 for link in inner[1:]):
            return ""
        return next((name for v in chain.through if self._is_kind(name := entity(v))), "")

    def _gives_same(self, link: Link) -> bool:
        """Whether a call gives what it is called on, or one of it: a setter of a builder, a scope, ``product.variants.id(key)``."""
        return link.name == "id" or _FLUENT.match(link.name) is not None or self._is_scope(link)

    def _of_file(self, link: Link) -> bool:
        """Whether a call reads the records that are kept in a file: ``JSON.parse(fs.readFileSync(FILE))``."""
        given = self.program.body(link.fn).call(link.call)[1][:1] if link.name == "parse" else []
        found = pieces([self.evaluator.value(link.fn, v, link.ctx) for _, v in given], _FEW_PIECES)
        return any(isinstance(o, Result) and isinstance(o.callee, External) and _READS_FILE.search(o.callee.name) for o in found)

    def _is_scope(self, link: Link) -> bool:
        """Whether a call only narrows the rows down: Eloquent runs ``scopeOpen`` of the model for ``Order::open()``."""
        scope = f"scope{link.name[:1].upper()}{link.name[1:]}"
        return scope in self.program.functions_by_name and self.program.language(link.fn.file) == "php"

    def _related(self, link: Link) -> str:
        """The kind of record that a relation leads to: ``$this->hasMany(Note::class)``, ``hasMany(config('models.note', Note::class))``."""
        if named := self._given_class(link):
            return named
        for _, row in self.program.body(link.fn).call(link.call)[1][:1]:
            for option in options(self.evaluator.value(link.fn, row, link.ctx)):
                given = [v for _, v in self.evaluator.arguments(option)] if isinstance(option, Result) and option.instr >= 0 else []
                meant = [o.base for v in given for o in options(v) if isinstance(o, Member) and o.name == "class"]
                if found := next((self.program.cls(c.cls).name for c in (*meant, *given) if isinstance(c, ClassV)), ""):
                    return entity(found)
        return ""

    def _told_class(self, link: Link) -> str:
        """The kind of record that a call is told by its name: ``frappe.get_doc("Sales Order", name)``."""
        body = self.program.body(link.fn)
        callee, arguments = body.call(link.call)
        known = self.evaluator.named_classes
        if not any(name.endswith("." + link.name) for name in known):
            return ""
        value = self.evaluator.value(link.fn, callee, link.ctx)
        number = known.get(value.name, len(arguments)) if isinstance(value, External) else len(arguments)
        return (
            entity(class_told(self.evaluator, self.evaluator.value(link.fn, arguments[number][1], link.ctx)))
            if number < len(arguments)
            else ""
        )

    def _told_table(self, link: Link, chain: Chain) -> str:
        return self.table(link) if self._takes_table(link, chain) else self._given_class(link)

    def _gets_rows_of(self, link: Link, chain: Chain) -> bool:
        """Whether a call asks CodeIgniter's database for the rows of the table that it is told, whatever was chosen before:
        ``$this->db->where('id', $id)->get('invoices')``."""
        if link.name.lower() in _GETS_OF:
            return True
        if link.name.lower() not in _GETS_ALL_OF or self.program.language(link.fn.file) != "php":
            return False
        given = [v for _, v in self.chains.arguments(link)][:1]
        told = any(isinstance(o, Const) and _TABLE.fullmatch(o.text.strip("'\"")) for v in given for o in options(v))
        return told and any(here.call < 0 and here.name == "db" for here in chain.links)

    def _takes_table(self, link: Link, chain: Chain) -> bool:
        """Whether a call is one whose first argument names a table: ``.from('orders')``, ``$wpdb->insert($table, $row)``, and no more
        where the rest was told before, ``$this->db->update('orders')``."""
        if link.name.lower() not in _ROWS_OF or self.program.language(link.fn.file) != "php":
            return link.name.lower() in _TABLES or self._gets_rows_of(link, chain)
        given = [v for _, v in self.chains.arguments(link)]
        return len(given) > 1 or any(isinstance(o, Const) and o.kind == Kind.STRING for v in given for o in options(v))

    def _kept_by(self, link: Link) -> str:
        """The records that the object of a call is declared to keep: ``orders: Repository<Order>``."""
        body = self.program.body(link.fn)
        callee = body.args(link.call)[0] if link.call >= 0 else -1
        if callee < 0 or body.op[callee] != Op.FIELD:
            return ""
        holder = callee if body.op[link.call] == Op.NEW else body.args(callee)[0]  # `new this.orders({…})`
        holders = options(self.evaluator.value(link.fn, holder, link.ctx))
        if injected := next((kind for o in holders if isinstance(o, Param) and (kind := self._injected(o))), ""):
            return injected
        kept = (o.of.cls for o in holders if isinstance(o, Instance) and isinstance(o.of, ClassV))
        if found := next((entity(self.program.cls(cls).name) for cls in kept), ""):
            return found
        return next((found for o in holders if (found := self._handed(o))), "") if link.ctx is not None else ""

    def _injected(self, value: Param) -> str:
        """The records of what a container is told to hand over: ``@InjectModel(Order.name) rows: Model<OrderDocument>``."""
        marks = self.program.body(value.fn).params[value.number].decorators
        told = next((text for mark, text in marks if mark in _INJECTS and text), "")
        return entity(told.strip("'\"`").removesuffix(".name"))

    def _of_repository(self, link: Link) -> str:
        """The records of a repository that was asked for by their class and kept: ``$this->repo = $em->getRepository(Order::class)``."""
        body = self.program.body(link.fn)
        callee = body.args(link.call)[0]
        if body.op[callee] != Op.FIELD or self.program.language(link.fn.file) != "php":
            return ""
        holders = options(self.evaluator.value(link.fn, body.args(callee)[0], link.ctx))
        made = (o for o in holders if isinstance(o, Result) and isinstance(o.callee, Member) and o.callee.name == "getRepository")
        return next((kind for o in made if o.instr >= 0 and (kind := self._given_class(Link("", o.fn, o.instr, o.ctx)))), "")

    def _handed(self, value: Value) -> str:
        """The kind of record of a model or a table that somebody handed over: ``mongoose.model('Order', …)``, ``prisma.order``."""
        if isinstance(value, ModuleV):
            value = self.evaluator.scope.exported(value.file, "default", value.at)
        if isinstance(value, ClassV):
            return entity(self.program.cls(value.cls).name)
        if isinstance(value, Result) and isinstance(value.callee, (External, Member)) and value.callee.name.endswith(_MODELS):
            given = self.evaluator.argument(value, 0)
            return entity(constant(given) or "") if given is not None else ""
        of_client = isinstance(value, Member) and isinstance(value.base, (Result, External)) and _CLIENT.search(_named(value.base))
        return entity(value.name) if isinstance(value, Member) and of_client else ""

    def _root(self, chain: Chain, inner: list[Link]) -> str:
        given = len(inner) > 1 and inner[0].name in _SELF and inner[1].name in GIVES
        view = self.program.method_class(inner[0].fn) if given else None
        if view is not None and (rows := view_rows(self.model, view)):
            return rows
        root = self.evaluator.value(chain.fn, chain.root, chain.ctx) if chain.root >= 0 else None
        for option in options(root) if root is not None else ():
            if isinstance(option, (ClassV, Instance)) and (name := entity(self._class_name(option))):
                return name
            if isinstance(option, Result) and self.program.body(chain.fn).name(chain.root) == "this" and (kept := self._hung_on(option)):
                return kept
            if isinstance(option, Result) and (kind := self._of_absent_class(option)):
                return kind
            if isinstance(option, Result) and option.new:
                told = (self._injected(o) for o in options(option.callee) if isinstance(o, Param))
                if made := next((kind for kind in told if kind), ""):
                    return made
            if isinstance(option, Param) and (rows := self.model.handed_rows.of(option) or self.model.record_methods.kind_of(option)):
                return rows
        if not inner:
            return ""
        if inner[0].name in _SELF and (owner := self.program.method_class(inner[0].fn)):
            return self._own_kind(owner, inner[0].ctx)
        if inner[0].call >= 0 and (table := self.table(inner[0])):
            return table
        if inner[0].call >= 0 and inner[0].name.lower().startswith("execut"):
            return ""  # what ran the statement is no record
        return entity(_without_verb(inner[0].name))

    def _of_absent_class(self, value: Result) -> str:
        """The records of a model whose class is not here: ``new \\App\\Models\\PaymentModel()``."""
        made = value.instr >= 0 and self.program.body(value.fn).op[value.instr] == Op.NEW and isinstance(value.callee, External)
        return entity(value.callee.name) if made and isinstance(value.callee, External) and _MODEL.search(value.callee.name) else ""

    def _hung_on(self, value: Result) -> str:
        """The records of a model on which a function is hung: ``Order.prototype.ship``, ``orderSchema.methods.pay``."""
        return entity(self.evaluator.hung.kind(value).removesuffix("Schema").removesuffix("Model"))

    def _own_kind(self, owner: ClassId, ctx: Ctx | None) -> str:
        """The entity that the methods of a class are about; a method of a general repository is about what the derived class keeps."""
        if self._takes_requests(ctx.this.cls if ctx is not None and isinstance(ctx.this, Instance) else owner):
            return ""
        if ctx is None or not isinstance(ctx.this, Instance) or ctx.this.cls == owner:
            return entity(self.program.cls(owner).name)
        kept = next((k for c in self.evaluator.scope.lineage(ctx.this.cls) if (k := type_argument(self.program, c))), "")
        return entity(kept) or entity(self.program.cls(ctx.this.cls).name)

    def _given_class(self, link: Link) -> str:
        """The class that a call is about: ``session.query(Order)``, ``em.find(Order, id)``, ``getEntityOrThrow(ctx, Order, id)``."""
        for _, row in self.program.body(link.fn).call(link.call)[1][:2]:
            for option in self._classes_in(link, row):
                meant = option.base if isinstance(option, Member) and option.name == "class" else option  # PHP's Order::class
                if isinstance(meant, ClassV):
                    return entity(self.program.cls(meant.cls).name)
                if isinstance(option, Result) and isinstance(option.callee, (External, Member)) and option.callee.name.endswith(_DECLARES):
                    given = self.evaluator.argument(option, 0)  # pgTable('orders', {…})
                    return entity(constant(given) or "") if given is not None else ""
                if isinstance(option, Result) and isinstance(option.callee, Member) and (kept := self._of_reference(option, option.callee)):
                    return kept
                if isinstance(option, Result) and isinstance(option.callee, External) and (kept := self._of_path(option, option.callee)):
                    return kept
                if isinstance(option, External) and option.name.endswith(".class"):
                    return entity(option.name.removesuffix(".class"))
                if isinstance(option, Const) and option.kind == Kind.STRING and _CLASS.fullmatch(text := option.text.strip("'\"")):
                    return entity(text.rpartition("\\")[2])  # PHP's 'Shop\Model\Order'
        return ""

    def _of_reference(self, value: Result, callee: Member) -> str:
        """The collection of a document that is referred to: ``db.doc('shops/1/orders/2')``, ``db.collection('orders').doc(id)``."""
        if callee.name not in ("doc", "collection"):
            return ""
        given = self.evaluator.argument(value, 0) if value.instr >= 0 else None
        path = pattern(given) if given is not None else ""
        if "/" in path or callee.name == "collection":
            return _collection(path, callee.name)
        base = callee.base
        return self._of_reference(base, base.callee) if isinstance(base, Result) and isinstance(base.callee, Member) else ""

    def _of_path(self, value: Result, callee: External) -> str:
        """The collection that a plain function of Firestore refers to: ``doc(db, 'orders', id)``, ``query(collection(db, 'orders'))``."""
        name = callee.name.rpartition(".")[2]
        given = (
            [v for _, v in self.evaluator.arguments(value)]
            if any(store in callee.name for store in _STORES) and name in _REFERS and value.instr >= 0
            else []
        )
        if not given:
            return ""
        inner = next((o for o in options(given[0]) if isinstance(o, Result) and isinstance(o.callee, External)), None)
        within = self._of_path(inner, inner.callee) if inner is not None and isinstance(inner.callee, External) else ""
        return within or _collection("/".join(pattern(v) for v in given[1:]), name)

    def _classes_in(self, link: Link, row: int) -> tuple[Value, ...]:
        """What an argument is, or, where it is a column, what it is a column of: ``select(Order.id)``."""
        body = self.program.body(link.fn)
        given = options(self.evaluator.value(link.fn, row, link.ctx))
        if link.name.lower() in _OF_COLUMNS and body.op[row] == Op.FIELD and not any(isinstance(o, ClassV) for o in given):
            return (*options(self.evaluator.value(link.fn, body.args(row)[0], link.ctx)), *given)
        return given

    def _imported_table(self, link: Link) -> str:
        """The table that a builder is told by a name which is imported from where nobody can look: ``update(orders).set(…)``."""
        builds = link.name.lower() in BUILDERS and self.program.language(link.fn.file) == "javascript"
        given = self.chains.arguments(link)[:1] if builds else []
        return next((entity(o.name) for _, v in given for o in options(v) if isinstance(o, External) and "." in o.name), "")

    def _in_statement(self, link: Link) -> str:
        """The table of the statement that a call is given: ``$pdo->prepare('SELECT … FROM orders …')``."""
        given = self.chains.arguments(link)[:1] if link.name.lower() in _WITH_SQL else []
        return next((entity(s.statement.table) for _, v in given for s in sql.of_value(v, self.evaluator) if s.statement.table), "")

    def table(self, link: Link) -> str:
        """The table that the first argument of a call names."""
        if named := self._given_class(link):
            return named
        for value in (o for _, v in self.chains.arguments(link)[:1] for o in options(v)):
            if isinstance(value, Const) and value.kind != Kind.STRING:
                continue
            text = pattern(value)
            if link.name.lower() in _GETS_ALL_OF:
                text = text.partition(" ")[0]  # `orders o`, under another name in the statement
            if "/" in text and link.name in _PATHS and (kept := _collection(text, link.name)):
                return kept
            if text != "{}" and text.replace("{}", "").replace("_", "").replace(".", "").isalnum() and " " not in text:
                return entity(text.rpartition("}")[2].lstrip("_.") or text)
            if isinstance(value, (Member, External)) and (link.name.lower() in _TABLES or link.name.lower() in _ROWS_OF):
                return entity(value.name)
        return ""


def _named(value: Value) -> str:
    callee = value.callee if isinstance(value, Result) else value
    return callee.name if isinstance(callee, External) else ""


def _collection(path: str, name: str) -> str:
    """The collection that a path of a document store ends in, or in which the document lies that it leads to."""
    segments = [s for s in path.split("/") if s]
    if name in _NODES:
        segments = [s for s in segments if "{}" not in s]
    at = -2 if name == "doc" else -1
    named = segments[at] if len(segments) >= -at else ""
    return entity(named) if named.replace("_", "").replace("-", "").isalnum() else ""


def _is_of_context(value: Value) -> bool:
    """Whether a value is an entry of what an object of ours keeps as its context: ``self.context["order"]``."""
    holder = value.callee if isinstance(value, Result) else value
    kept = holder.base if isinstance(holder, Member) else None
    return isinstance(kept, Member) and kept.name == "context" and isinstance(kept.base, (Instance, Result))


def _without_verb(name: str) -> str:
    """``wc_get_order`` and ``findOrder`` are about ``order``."""
    words = re.split(r"_(?:or|by|for|from|with)_", snake(name))[0].split("_")
    while len(words) > 1 and words[0] in ("wc", "get", "find", "fetch", "load", "create", "update", "new", "make", "by", "or"):
        words = words[1:]
    if words[0] in _WHOSE and len(words) > 1:
        return entity("_".join(words))
    return "" if words[0] in NOTHING else "_".join(words)
