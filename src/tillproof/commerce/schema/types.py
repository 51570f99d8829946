"""What a column's type comes to, by the words that SQL and the ORMs have for it."""

import re

from tillproof.commerce.schema.tables import ColumnKind

_WORDS: dict[ColumnKind, str] = {
    "integer": r"(?:(?:positive|unsigned|tiny|small|medium|big|auto|long|short)?_?(?:int(?:eger)?\d?|serial\d?|increments)(?:field)?|int\d+"
    r"|(?:small|big|positive|positivesmall|positivebig)integerfield|bigautofield|autofield|smallautofield|year|number|bit|counter|long|id"
    r"|bigincrements|smallincrements|unsigned(?:big|small|tiny|medium)integer|(?:big|small|tiny|medium)integer|bigint|bignumber|sequence)",
    "decimal": r"(?:decimal(?:128)?|numeric|dec|money|smallmoney|unsigneddecimal)(?:field)?",
    "float": r"(?:float\d?|double(?:_?precision)?|real|unsignedfloat|unsigneddouble)(?:field)?",
    "boolean": r"(?:bool(?:ean)?|nullboolean)(?:field)?",
    "time": r"(?:date|time|datetime|timestamp|duration|interval|timestamptz|timetz|datetimetz|smalldatetime|datetime2|datetimeoffset"
    r"|datetime_immutable|date_immutable|timestamps)(?:field)?",
    "json": r"(?:jsonb?|hstore|object|mixed|map|array|jsonarray|simple_json|simple_array)(?:field)?",
    "binary": r"(?:binary|varbinary|\w*blob|bytea|bytes|buffer|image|largebinary)(?:field)?",
    "enum": r"(?:enum\d*|set|pgenum|nativeenum|enu|choice)(?:field)?",
    "string": r"(?:n?(?:var)?char(?:acter)?|varchar2|character varying|str|string|\w*text|unicode|uuid|ulid|guid|slug|email|url|citext|cidr"
    r"|inet|\w*char|fixedcharfield|genericipaddress|file|filepath|ascii_string|objectid|schema\.types\.objectid|ipaddress|macaddress|remembertoken)"
    r"(?:field)?",
    "reference": r"(?:foreignkey|onetoone|manytomany|foreignkeyfield|foreignid|foreignuuid|foreignidfor|morphs|references|belongsto|ref)"
    r"(?:field)?",
}  # fmt: skip
_PATTERNS = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _WORDS.items()]
_POSITIVE = re.compile(r"positive\w*|unsigned\w*|(?:tiny|small|medium|big)?increments|foreignid\w*", re.IGNORECASE)


def kind_of(word: str) -> ColumnKind:
    """The kind of a type by its bare word: ``IntegerField``, ``BIGINT``, ``varchar(20)``."""
    bare = re.split(r"[(<\s]", word.strip().strip("\"'`?|[] "))[0].rpartition(".")[2] or word
    return next((kind for kind, pattern in _PATTERNS if pattern.fullmatch(bare)), "other")


def is_positive(word: str) -> bool:
    """Whether a type's own name keeps it from falling below zero."""
    return _POSITIVE.fullmatch(word) is not None


def is_unsigned(text: str) -> bool:
    """Whether a type as written says UNSIGNED."""
    return re.search(r"\bunsigned\b", text, re.IGNORECASE) is not None
