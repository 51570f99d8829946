"""Is what is held, held for the right reason? Weakens the lines that prove it, one at a time, and requires that the review notices.

    mutants.py [--corpus DIR] [--most N] [--check CHECK] [--json]

Over the sound example shops, the sound examples of the checks' pages and the trees of DIR: every obligation that is held by a guard is
taken, its guard is weakened in a copy (``mutations.py`` knows the ways; guards that may each suffice are weakened together), the copy is
reviewed, and the same check must now be broken where it was not. A mutant that the review still holds is a *survivor*: the ruling stood on
something else than it said. ``--most`` bounds the mutants per check of each tree of DIR, which are large. Nothing here passes or fails.
"""

import argparse
import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mutations import ELSEWHERE, TOGETHER, Mutation, apply, mutations
from weakenings.disclosures import host_of
from weakenings.proofs import key_name
from weakenings.spots import Edit

from tillproof import checks
from tillproof.checks.pages import load
from tillproof.contract import Obligation, Report, Step
from tillproof.languages import ANALYSED
from tillproof.review import review
from tillproof.settings import Settings
from tillproof.source.kinds import language_of
from tillproof.source.text import as_utf8

HERE = Path(__file__).resolve().parent
ANY = 1_000_000

# A proof that is weakened is either no proof or one that can be got round; a key that is taken away is missing wherever it was stable; a
# guard against repeats that is taken away no longer races; a currency that the client chooses is told by either.
FAMILIES = (
    {"payment/webhook-unverified", "payment/webhook-weak-verification"},
    {"idempotency/missing-key", "idempotency/unstable-key"},
    {"idempotency/handler-not-idempotent", "idempotency/dedup-race"},
    {"payment/client-amount", "payment/missing-currency"},
)
# Where evidence says that a table is declared.
_DECLARED = re.compile(r"\(([^\s():]+\.\w+):(\d+)\)")

Files = tuple[tuple[str, bytes], ...]


class Tree(NamedTuple):
    """A copy that may be changed. ``most`` mutants per check are made of it; only ``only``'s obligations count, where it is set."""

    name: str
    folder: Path
    most: int
    only: str | None = None


class Mutant(NamedTuple):
    """``what`` was done, for people, and the files after it."""

    what: str
    files: Files


class Result(NamedTuple):
    """What became of one mutant, or of a guard that no mutation fits (``what`` is then empty)."""

    tree: str
    check: str
    file: str
    line: int
    what: str
    outcome: str


def trees(folder: Path, corpus: Path | None, most: int) -> Iterator[Tree]:
    """Lays the trees out below ``folder``, each when its turn comes."""
    for shop in ("sound-shop", "sound-shop-ts"):
        yield Tree(shop, _copied(HERE.parent / "examples" / shop, folder), ANY)
    pages = Path(checks.__file__).parent
    for path in sorted(pages.rglob("*.md")):
        check = path.relative_to(pages).with_suffix("").as_posix().replace("_", "-")
        for number, example in enumerate(load(path).sound):
            root = folder / f"{path.stem}-{number}"
            for name, code in example.files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(code, encoding="utf-8")
            yield Tree(f"{check}: {example.title}", root, ANY, check)
    for tree in sorted(corpus.iterdir()) if corpus else ():
        if tree.is_dir():
            yield Tree(tree.name, _copied(tree, folder), most)


def _copied(tree: Path, folder: Path) -> Path:
    return shutil.copytree(tree, folder / tree.name, symlinks=True, ignore=shutil.ignore_patterns(".git", "node_modules"))


def mutate(tree: Tree, wanted: str | None) -> Iterator[Result]:
    """Every mutant of a tree and what the review says of it."""
    before = _review(tree, wanted)
    made: Counter[str] = Counter()
    done: set[tuple[str, Files]] = set()
    reports: dict[tuple[str, Files], Report] = {}
    for obligation, steps in _guards(before):
        check = obligation.check
        if (tree.only or wanted or check) != check or (wanted or check) != check:
            continue
        fitting = False
        for mutant in _mutants(tree, check, steps):
            fitting = True
            if made[check] >= tree.most or (obligation.id, mutant.files) in done:
                continue
            made[check] += 1
            done.add((obligation.id, mutant.files))
            key = (min(_family(check)), mutant.files)
            if key not in reports:
                reports[key] = _review_of(tree, mutant, check)
            outcome = _outcome(reports[key], before, check)
            yield Result(tree.name, check, steps[0].file, steps[0].line, mutant.what, outcome)
        if not fitting:
            yield Result(tree.name, check, steps[0].file, steps[0].line, "", "not applicable")


def _guards(report: Report) -> Iterator[tuple[Obligation, list[Step]]]:
    """Each held obligation with its guards, one by one or together; a line that several guards share is taken once."""
    for obligation in report.obligations:
        if obligation.ruling == "held":
            guards = {(step.file, step.line): step for step in reversed(obligation.evidence) if step.kind == "guard"}
            steps = list(guards.values())
            groups = [steps] if obligation.check in TOGETHER and steps else [[step] for step in steps]
            yield from ((obligation, group) for group in groups)


def _mutants(tree: Tree, check: str, steps: list[Step]) -> Iterator[Mutant]:
    """Of one guard every weakening; of several the first of each, together, and none when one of them cannot be weakened."""
    found = [list(_weakenings(tree, check, step)) for step in steps]
    if len(found) == 1:
        yield from (Mutant(m.what, _written(tree, [(file, m)])) for file, m in found[0])
    elif all(found):
        firsts = [each[0] for each in found]
        yield Mutant("; ".join(dict.fromkeys(m.what for _, m in firsts)), _written(tree, firsts))


def _weakenings(tree: Tree, check: str, step: Step) -> Iterator[tuple[str, Mutation]]:
    """Files, and what can be done to them. A key or a host that stands in no line near is looked for in the whole tree; evidence that
    names another line, where a table is declared, is weakened there."""
    declared = _DECLARED.search(step.note)
    if declared is not None:
        step = Step(file=declared[1], line=int(declared[2]), note=step.note, kind=step.kind)
    name = key_name(step.note) or (host_of(step.note) if check == "boundary/insecure-transport" else ELSEWHERE.get(check))
    files = [step.file]
    if name is not None and name.encode() not in _source(tree, step.file):
        paths = (path for path in sorted(tree.folder.rglob("*")) if path.is_file() and language_of(path.name) in ANALYSED)
        found = [path.relative_to(tree.folder).as_posix() for path in paths if name.encode() in path.read_bytes()]
        files = found if found or check not in ELSEWHERE else files
    for file in files:
        language = language_of(Path(file).name)
        line = step.line if file == step.file else 0
        yield from ((file, m) for m in mutations(str(language), _source(tree, file), check, line, step.note))


def _written(tree: Tree, parts: list[tuple[str, Mutation]]) -> Files:
    """The files after some mutations."""
    edits: dict[str, list[Edit]] = {}
    for file, mutation in parts:
        edits.setdefault(file, []).extend(mutation.edits)
    return tuple((file, apply(_source(tree, file), made)) for file, made in edits.items())


def _source(tree: Tree, file: str) -> bytes:
    return as_utf8((tree.folder / file).read_bytes())[0] or b""


def _review_of(tree: Tree, mutant: Mutant, check: str) -> Report:
    """What the review says of the weakened tree."""
    originals = [(tree.folder / file, (tree.folder / file).read_bytes()) for file, _ in mutant.files]
    for file, text in mutant.files:
        (tree.folder / file).write_bytes(text)
    try:
        return _review(tree, check)
    finally:
        for path, original in originals:
            path.write_bytes(original)


def _outcome(after: Report, before: Report, check: str) -> str:
    """Killed: the weakened tree has one more finding of the check or its siblings, or a graver one. Nothing else has changed, so it is
    about what was weakened, wherever the line that has to change stands. Asked: what was held is now a question."""
    family = _family(check)
    if _findings(after, family) - _findings(before, family):
        return "killed"
    more, fewer = (_ruled(after, family) - _ruled(before, family), _ruled(before, family) - _ruled(after, family))
    return "asked" if more["unknown"] and fewer["held"] else "survived"


def _ruled(report: Report, family: set[str]) -> Counter[str]:
    return Counter(o.ruling for o in report.obligations if o.check in family)


def _findings(report: Report, family: set[str]) -> Counter[tuple[str, str]]:
    """Check and severity of the findings, with their number."""
    return Counter((f.check, f.severity) for f in report.findings if f.check in family)


def _review(tree: Tree, check: str | None) -> Report:
    """The review of all checks, or of one with its siblings."""
    return review(tree.folder, Settings(use_cache=False, checks=tuple(sorted(_family(check))) if check else ()))


def _family(check: str) -> set[str]:
    return next((family for family in FAMILIES if check in family), {check})


def show(results: Sequence[Result]) -> None:
    counts = {check: Counter(r.outcome for r in results if r.check == check) for check in sorted({r.check for r in results})}
    counts["all"] = Counter(r.outcome for r in results)
    print(f"{'':<36}{'killed':>8}{'asked':>7}{'survived':>10}{'n/a':>6}{'share':>8}")
    for check, count in counts.items():
        mutants = count["killed"] + count["asked"] + count["survived"]
        share = f"{count['killed'] / mutants:8.2f}" if mutants else f"{'-':>8}"
        print(f"{check:<36}{count['killed']:>8}{count['asked']:>7}{count['survived']:>10}{count['not applicable']:>6}{share}")
    for result in results:
        if result.outcome in ("asked", "survived"):
            print(f"{result.outcome:<10}{result.check}  {result.tree}  {result.file}:{result.line}  {result.what}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--corpus", type=Path, help="a folder of laid-out trees")
    arguments.add_argument("--most", type=int, default=4, help="mutants per check of each tree of the corpus")
    arguments.add_argument("--check", help="only this check")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()

    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        for tree in trees(Path(folder).resolve(), options.corpus, options.most):
            results += mutate(tree, options.check)
            shutil.rmtree(tree.folder)
    if options.json:
        print(json.dumps([result._asdict() for result in results]))
    else:
        show(results)


if __name__ == "__main__":
    main()
