"""Static names of a framework that stand for objects of its classes: what is said of one holds for the other."""

from collections.abc import Iterator
from typing import Any


def spelt_out(data: dict[str, Any]) -> dict[str, Any]:
    """A pack in which every call of a facade is written of the classes behind it as well: ``Facades.DB.transaction`` and
    ``DatabaseManager.transaction``, for code that is handed such an object."""
    facades = {name: tuple(classes) for name, classes in data.get("facades", {}).items()}
    return {key: value if key == "facades" else _spelt(value, facades) for key, value in data.items()} if facades else data


def _spelt(value: Any, facades: dict[str, tuple[str, ...]]) -> Any:
    if isinstance(value, dict):
        return {name: _spelt(held, facades) for key, held in value.items() for name in (key, *_behind(key, facades))}
    if isinstance(value, list):
        held = [_spelt(one, facades) for one in value]
        more = [name for one in value if isinstance(one, str) for name in _behind(one, facades)]
        return [*held, *(name for name in dict.fromkeys(more) if name not in held)]
    return value


def _behind(name: Any, facades: dict[str, tuple[str, ...]]) -> Iterator[str]:
    for facade, classes in facades.items():
        if isinstance(name, str) and (name == facade or name.startswith(f"{facade}.")):
            yield from (f"{behind}{name[len(facade) :]}" for behind in classes)
