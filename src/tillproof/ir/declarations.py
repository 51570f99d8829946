"""What a file declares: the index that every source file has, made without looking into bodies."""

import msgspec


class Function(msgspec.Struct, array_like=True):
    """A function, method or closure by its span. ``owner``: its class in the file or -1; ``parent``: the function it stands in or -1."""

    name: str
    start: int
    end: int
    line: int
    end_line: int
    owner: int = -1
    parent: int = -1


class Class(msgspec.Struct, array_like=True):
    """A class, interface, trait or enum. ``bases``: names as written, traits too."""

    name: str
    bases: list[str]
    start: int
    end: int
    line: int
    end_line: int


class Import(msgspec.Struct, array_like=True):
    """``local`` names ``name`` of ``module``. ``name``: ``*`` for the module itself, ``default`` for a default export."""

    local: str
    module: str
    name: str
    line: int


class Export(msgspec.Struct, array_like=True):
    """``name`` as others import it. From ``module`` when it is passed on, else ``local`` of this file. ``*`` passes everything on."""

    name: str
    local: str
    module: str = ""


class FileIndex(msgspec.Struct, array_like=True):
    """Declarations of one file. ``words``: the trigger words of the packs that occur in it. ``namespace``: PHP namespace, dotted."""

    path: str
    language: str
    functions: list[Function]
    classes: list[Class]
    imports: list[Import]
    exports: list[Export]
    words: list[str]
    namespace: str = ""
    broken: bool = False
