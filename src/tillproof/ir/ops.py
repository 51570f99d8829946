"""The instructions that every language is lowered to.

An instruction is a row of integers: operation, operands, position. Operands are indices of earlier instructions of the same body (values),
or indices into the body's string table (names). The level is SlithIR's: calls, fields, stores and branches, no syntax.

Operations and kinds are plain integers under a name, not members of an enum: they are read and compared by the million, and reading a
member of an enum is slow.
"""


class Op:
    """Operation, with its operands in brackets: ``v`` a value, ``s`` a string, ``f`` a function of the file, ``c`` a class of the file."""

    CONST = 0  # [kind, s]            a literal; kind is a Kind
    TEXT = 1  # [v …]                 a string put together from parts (template, concatenation)
    NAME = 2  # [s, 1?]               read a variable, import, function or class by name; with the 1 it is no variable
    FIELD = 3  # [v, s]               member of a value: a.b, $a->b, A::b
    INDEX = 4  # [v, v]               element by key: a[k]
    LIST = 5  # [v …]                 sequence literal; an element may be SPREAD
    RECORD = 6  # [k, v, k, v …]      keyed literal; k is an instruction, or -1 when v is spread into it
    SPREAD = 7  # [v]
    CALL = 8  # [v, k, v, k, v …]     callee, then arguments: k is a named argument's string, or one of the ARG_ markers
    NEW = 9  # [v, k, v …]            like CALL, of a class
    FUNCTION = 10  # [f]              a function or closure as a value
    CLASS = 11  # [c]
    UNARY = 12  # [s, v]
    BINARY = 13  # [s, v, v]          arithmetic and comparison
    CHOICE = 14  # [s, v …]           one of the values: s is or, and, coalesce, ternary, match, default
    AWAIT = 15  # [v]
    YIELD = 16  # [v]
    STORE = 17  # [s, v]              write a variable
    SET_FIELD = 18  # [v, s, v]
    SET_INDEX = 19  # [v, k, v]       k is -1 for append
    PARAM = 20  # [n]                 the nth parameter
    ELEMENT = 21  # [v]               an element of what is iterated
    KEY = 22  # [v]                   a key of what is iterated
    REST = 23  # [v, s …]             what is left of a record without the named keys
    CAUGHT = 24  # [s …]              the exception caught, with the type names
    RETURN = 25  # [v]                v may be -1
    RAISE = 26  # [v]                 v may be -1
    BRANCH = 27  # [v]                ends a block: first successor when true, second when false
    ECHO = 28  # [v …]                written to the answer
    CAST = 29  # [s, v]               converted or asserted to a type
    DECORATE = 30  # [kind, f or c or s, v] v is applied to a function (0), class (1) or the field stored as s (2): decorator, attribute
    OPAQUE = 31  # [v …]              something not modelled, made from these


class Kind:
    """What a CONST is."""

    NULL = 0
    BOOL = 1
    NUMBER = 2
    STRING = 3


ARG_POSITIONAL = -1
ARG_SPREAD = -2
ARG_NAMED_SPREAD = -3

NAMES: dict[int, str] = {number: name for name, number in vars(Op).items() if name.isupper()}
"""What each operation is called."""
