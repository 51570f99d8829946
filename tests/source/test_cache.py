"""The cache through its files: what is trusted, what is rehashed, and that a broken one harms nothing."""

import os
import time
from pathlib import Path

import pytest

from tillproof.source import cache as cache_module
from tillproof.source.cache import Cache
from tillproof.source.discover import discover
from tillproof.source.files import SourceFile
from tillproof.source.text import read_bytes

LONG_AGO = time.time_ns() - 3_600_000_000_000


def age(path: Path, when: int = LONG_AGO) -> None:
    os.utime(path, ns=(when, when))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    for name in ("a.py", "b.py"):
        (root / name).write_text(f"# {name}\n")
        age(root / name)
    return root


def files(root: Path) -> list[SourceFile]:
    return discover(root).files


def packs(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*.pack"))


def test_entries_come_back_in_the_next_run(tmp_path: Path, shop: Path) -> None:
    first = Cache(tmp_path / "cache", shop)
    for number in range(500):
        first.put("declarations", f"key{number}", b"data%d" % number)
    first.put("rulings", "key", b"")
    first.save()
    second = Cache(tmp_path / "cache", shop)
    assert second.get("declarations", "key499") == b"data499"
    assert second.get("rulings", "key") == b""
    assert second.get("rulings", "other") is None
    assert second.notes == []
    assert len([path for path in (tmp_path / "cache").rglob("*") if path.is_file()]) == 2


def test_entries_survive_a_run_that_adds_others(tmp_path: Path, shop: Path) -> None:
    for number in range(3):
        cache = Cache(tmp_path, shop)
        cache.put("x", str(number), b"%d" % number)
        cache.save()
    assert [Cache(tmp_path, shop).get("x", str(number)) for number in range(3)] == [b"0", b"1", b"2"]


def test_unused_entries_go_first_when_a_pack_is_full(tmp_path: Path, shop: Path) -> None:
    first = Cache(tmp_path, shop, limit=100)
    first.put("x", "unused", b"u" * 40)
    first.put("x", "used", b"v" * 40)
    first.save()
    second = Cache(tmp_path, shop, limit=100)
    assert second.get("x", "used")
    second.put("x", "new", b"n" * 40)
    second.put("x", "huge", b"h" * 1000)
    second.save()
    third = Cache(tmp_path, shop)
    assert [third.get("x", key) is not None for key in ("unused", "used", "new", "huge")] == [False, True, True, False]


def test_caches_of_other_roots_go_when_all_is_too_much(tmp_path: Path, shop: Path) -> None:
    directory = tmp_path / "cache"
    (directory / "mine").mkdir(parents=True)
    (directory / "mine" / "x.pack").write_text("not ours")
    for name in ("old", "new"):
        cache = Cache(directory, tmp_path / name, total=1500)
        cache.put("x", "k", b"d" * 1000)
        cache.save()
    assert Cache(directory, tmp_path / "old").get("x", "k") is None
    assert Cache(directory, tmp_path / "new").get("x", "k")
    assert (directory / "mine" / "x.pack").exists()


def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read from now on."""
    read: list[str] = []

    def spy(path: str, limit: int) -> bytes:
        if path.endswith(".py"):
            read.append(Path(path).name)
        return read_bytes(path, limit)

    monkeypatch.setattr(cache_module, "read_bytes", spy)
    return read


def test_only_changed_files_are_read_again(tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Cache(tmp_path / "cache", shop)
    before = first.fingerprint(files(shop))
    first.save()
    read = hashed(monkeypatch)
    assert Cache(tmp_path / "cache", shop).fingerprint(files(shop)) == before
    assert read == []
    (shop / "b.py").write_text("# B.PY\n")
    second = Cache(tmp_path / "cache", shop)
    assert second.fingerprint(files(shop)) != before
    assert read == ["b.py"]


def test_a_file_changed_just_before_it_was_hashed_is_not_trusted(tmp_path: Path, shop: Path) -> None:
    now = time.time_ns()
    age(shop / "a.py", now)
    first = Cache(tmp_path / "cache", shop)
    before = first.fingerprint(files(shop))
    first.save()
    # Same size, same inode, same time: only reading it shows the change.
    with (shop / "a.py").open("r+") as stream:
        stream.write("#!")
    age(shop / "a.py", now)
    assert Cache(tmp_path / "cache", shop).fingerprint(files(shop)) != before


def test_a_touched_file_is_the_same_file(tmp_path: Path, shop: Path) -> None:
    cache = Cache(None, shop)
    before = cache.digests(files(shop))
    (shop / "a.py").touch()
    assert Cache(None, shop).digests(files(shop)) == before


def test_the_fingerprint_knows_names_and_roles(tmp_path: Path, shop: Path) -> None:
    before = Cache(None, shop).fingerprint(files(shop))
    assert Cache(None, shop).fingerprint(list(reversed(files(shop)))) == before
    (shop / "a.py").rename(shop / "test_a.py")
    assert Cache(None, shop).fingerprint(files(shop)) != before


def filled(directory: Path, shop: Path) -> None:
    cache = Cache(directory, shop)
    cache.fingerprint(files(shop))
    cache.put("x", "k", b"d" * 100)
    cache.save()


@pytest.mark.parametrize("damage", [b"", b"garbage", b"tillproof-pack-1\n" + b"\xff" * 8, b"tillproof-pack-1\n" + b"\x05" + b"\0" * 12])
def test_a_damaged_cache_is_noted_once_and_built_anew(tmp_path: Path, shop: Path, damage: bytes) -> None:
    directory = tmp_path / "cache"
    filled(directory, shop)
    before = Cache(None, shop).fingerprint(files(shop))
    for path in directory.rglob("*.*"):
        path.write_bytes(damage)
    cache = Cache(directory, shop)
    assert cache.get("x", "k") is None
    assert cache.fingerprint(files(shop)) == before
    assert cache.notes == ["the cache is damaged and is built anew"]
    filled(directory, shop)
    assert Cache(directory, shop).get("x", "k") == b"d" * 100


def test_a_flipped_bit_is_noticed(tmp_path: Path, shop: Path) -> None:
    filled(tmp_path / "cache", shop)
    (pack,) = packs(tmp_path / "cache")
    data = bytearray(pack.read_bytes())
    data[-1] ^= 1
    pack.write_bytes(data)
    cache = Cache(tmp_path / "cache", shop)
    assert cache.get("x", "k") is None
    assert len(cache.notes) == 1


def test_another_salt_or_version_is_another_cache(tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path / "cache", shop)
    salted = Cache(tmp_path / "cache", shop, salt="packs 2")
    assert salted.get("x", "k") is None
    salted.fingerprint(files(shop))
    assert salted.notes == ["the cache is of another version and is built anew"]
    monkeypatch.setattr(cache_module, "engine", lambda _: "99")
    assert Cache(tmp_path / "cache", shop).get("x", "k") is None


def test_code_that_was_changed_is_another_engine(tmp_path: Path) -> None:
    (tmp_path / "checks").mkdir()
    module = tmp_path / "checks" / "rule.py"
    module.write_text("FEW = 3\n")
    before = cache_module.engine(tmp_path)
    cache_module.engine.cache_clear()
    assert cache_module.engine(tmp_path) == before
    cache_module.engine.cache_clear()
    module.write_text("FEW = 30\n")
    assert cache_module.engine(tmp_path) != before


def test_it_works_without_a_directory_and_with_an_unwritable_one(tmp_path: Path, shop: Path) -> None:
    (tmp_path / "file").write_text("")
    for directory in (None, tmp_path / "file" / "cache"):
        cache = Cache(directory, shop)
        cache.put("x", "k", b"d")
        assert cache.get("x", "k") == b"d"
        assert cache.fingerprint(files(shop))
        cache.save()
        assert len(cache.notes) == (directory is not None)


def test_the_text_of_the_files_is_not_in_it(tmp_path: Path, shop: Path) -> None:
    filled(tmp_path / "cache", shop)
    assert not any(b"# a.py" in path.read_bytes() for path in (tmp_path / "cache").rglob("*.*"))


def test_a_kind_is_a_plain_word(tmp_path: Path, shop: Path) -> None:
    with pytest.raises(ValueError, match="kind"):
        Cache(tmp_path, shop).put("../x", "k", b"")


def test_a_file_that_vanished_has_a_digest(shop: Path) -> None:
    listed = files(shop)
    (shop / "a.py").unlink()
    assert Cache(None, shop).digests(listed)["a.py"] == "unreadable"
