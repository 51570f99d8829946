"""How long a review takes, how much memory, and how both grow. Whole processes are measured, from start to exit.

    bench.py [--corpus DIR] [--tree NAME] [--runs N] [--json]

DIR holds one laid-out tree per folder; without it the examples of this repository are taken. The largest tree (or ``--tree``) is reviewed
cold (an empty cache), then again unchanged, then with the index kept but nothing ruled (linking and ruling alone), in turns with
``parse_only.py`` on the same tree, so that a busy machine slows all alike. A
tree of middle size is then copied 1, 4 and 16 times into one folder to see whether the cost per file stays flat. Every figure is the median
of the runs. Nothing here passes or fails: figures are for comparing one version with another on one machine.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from tillproof.checks.catalog import all_checks

HERE = Path(__file__).resolve().parent
COPIES = (1, 4, 16)
# The tree that is copied: the largest one of at most so many files.
MIDDLE = 800
KIB_PER_MIB = 1024


@dataclass(frozen=True)
class Cost:
    """What one process, with the workers that it started, cost.

    ``wall`` and ``cpu`` (user and system, all processes) in seconds. ``peak`` in MiB: the most resident memory that any one of the
    processes had, as the kernel counts it; forked workers share most of theirs with the parent.
    """

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True)
class Row:
    """A line of the table. ``files`` and ``lines`` are those that the process parsed, None where it parsed none."""

    what: str
    files: int | None
    lines: int | None
    cost: Cost


def measure(command: Sequence[str | Path]) -> tuple[Cost, str]:
    """Run a command to its end: its cost and what it printed. Raises CalledProcessError when it fails."""
    with tempfile.TemporaryFile("w+") as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out)
        # wait4 speaks of this child and the workers that it waited for; getrusage would speak of all children so far.
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise subprocess.CalledProcessError(process.returncode, [str(part) for part in command])
        out.seek(0)
        peak = usage.ru_maxrss / KIB_PER_MIB / (KIB_PER_MIB if sys.platform == "darwin" else 1)
        return Cost(wall, usage.ru_utime + usage.ru_stime, peak), out.read()


def middle(costs: Sequence[Cost]) -> Cost:
    return Cost(median(c.wall for c in costs), median(c.cpu for c in costs), median(c.peak for c in costs))


def review(tree: Path, cache: Path | None, *more: str) -> list[str | Path]:
    kept: list[str | Path] = ["--no-cache"] if cache is None else ["--cache-dir", cache]
    return [sys.executable, "-m", "tillproof", "review", tree, "--format", "json", "--fail-on", "never", "--quiet", *kept, *more]


def parse_only(tree: Path, *more: str) -> list[str | Path]:
    return [sys.executable, HERE / "parse_only.py", tree, *more]


def size(tree: Path) -> int:
    """How many source files a tree has."""
    count: int = json.loads(measure(parse_only(tree))[1])["files"]
    return count


def large_tree(tree: Path, runs: int) -> list[Row]:
    """Cold, unchanged, indexed and parse-only, run in turns."""
    # Naming every check asks for another report than asking for all of them, so that the index is kept and the rulings are not.
    every = ",".join(check.id for check in all_checks())
    costs: dict[str, list[Cost]] = {}
    sizes: dict[str, tuple[int | None, int | None]] = {}

    def run(what: str, command: list[str | Path]) -> None:
        cost, said = measure(command)
        told = json.loads(said)
        costs.setdefault(what, []).append(cost)
        sizes[what] = (told["files"], told["lines"]) if "files" in told else (told["target"]["files"], told["target"]["lines"])

    for _ in range(runs):
        with tempfile.TemporaryDirectory() as cache:
            run("parse every source file", parse_only(tree))
            run("parse what is reviewed", parse_only(tree, "--reviewed"))
            run("review, cold", review(tree, Path(cache)))
            run("review, unchanged", review(tree, Path(cache)))
            run("link and rule", review(tree, Path(cache), "--checks", every))
    return [Row(what, *sizes[what], middle(found)) for what, found in costs.items()]


def growth(tree: Path, runs: int) -> list[Row]:
    """The same tree once, four times and sixteen times in one folder, reviewed without a cache."""
    rows = []
    for copies in COPIES:
        with tempfile.TemporaryDirectory() as folder:
            for number in range(copies):
                shutil.copytree(tree, Path(folder, f"copy{number}"), symlinks=True, ignore=shutil.ignore_patterns(".git"))
            found = [measure(review(Path(folder), None)) for _ in range(runs)]
        target = json.loads(found[0][1])["target"]
        rows.append(Row(f"{copies}×", target["files"], target["lines"], middle([cost for cost, _ in found])))
    return rows


def show(title: str, rows: Sequence[Row]) -> None:
    print(f"\n{title}\n\n{'':<26}{'files':>8}{'lines':>10}{'wall s':>9}{'cpu s':>9}{'peak MiB':>10}{'ms/file':>9}")
    for row in rows:
        each = f"{1000 * row.cost.wall / row.files:9.2f}" if row.files else f"{'':>9}"
        cost = f"{row.cost.wall:9.2f}{row.cost.cpu:9.2f}{row.cost.peak:10.0f}"
        print(f"{row.what:<26}{row.files or '':>8}{row.lines or '':>10}{cost}{each}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--corpus", type=Path, default=HERE.parent / "examples", help="a folder of laid-out trees")
    arguments.add_argument("--tree", help="the folder in it that is measured (default: the one with most source files)")
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()

    sizes = {tree: size(tree) for tree in sorted(options.corpus.iterdir()) if tree.is_dir()}
    if not sizes:
        arguments.error(f"there is no tree in {options.corpus}")
    largest = options.corpus / options.tree if options.tree else max(sizes, key=lambda tree: sizes[tree])
    copied = max((tree for tree in sizes if sizes[tree] <= MIDDLE), key=lambda tree: sizes[tree], default=largest)

    cost, grown = large_tree(largest, options.runs), growth(copied, options.runs)
    if options.json:
        print(
            json.dumps(
                {"tree": largest.name, "cost": [asdict(r) for r in cost], "copied": copied.name, "growth": [asdict(r) for r in grown]}
            )
        )
        return
    show(largest.name, cost)
    parsed, _, cold, again, _ = (row.cost.wall for row in cost)
    print(f"\ncold review / parsing alone: {cold / parsed:.2f}   unchanged / cold: {again / cold:.2f}")
    show(f"copies of {copied.name}", grown)


if __name__ == "__main__":
    main()
