"""Precision and recall over an expert-labelled corpus.

    score.py --corpus DIR --labels DIR [--scorer FILE] [--mirrors DIR] [--everything]

Every tree of the corpus that has a label (``OWNER+NAME`` and ``OWNER+NAME.yaml``) is reviewed, and the reports are handed to the scorer,
which stands beside the labels (``LABELS/../score``) unless ``--scorer`` names another place. With ``--mirrors``, a folder of git
directories, the real fixes of ``LABELS/../pairs.yaml`` are judged too. Only the checks that exist and the languages that are read are
scored, unless ``--everything`` asks for the rest of the labels as well.
Exit status: that of the first scorer that fails.
"""

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

from tillproof.checks.catalog import all_checks
from tillproof.languages import ANALYSED
from tillproof.source.kinds import BY_SUFFIX

TILLPROOF = [sys.executable, "-m", "tillproof"]


def review(tree: Path, report: Path) -> str | None:
    """Write the report of a tree; the last line of what went wrong when there is none."""
    options = ["--format", "json", "--output", str(report), "--fail-on", "never", "--no-cache", "--quiet"]
    done = subprocess.run([*TILLPROOF, "review", str(tree), *options], capture_output=True, text=True, check=False)
    return None if report.exists() else (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]


def review_all(trees: Iterable[Path], reports: Path) -> None:
    trees = list(trees)
    # A large tree is indexed by workers of its own, so half of the processors is plenty.
    with ThreadPoolExecutor(max(1, (cpu_count() or 2) // 2)) as pool:
        for tree, failed in zip(trees, pool.map(lambda tree: review(tree, reports / f"{tree.name}.json"), trees), strict=True):
            if failed:
                print(f"{tree.name}: no report: {failed}", file=sys.stderr)


def scope() -> list[str]:
    """The scorer's options that leave out what no check and no language of this version could find."""
    endings = sorted(f".{suffix}" for suffix, language in BY_SUFFIX.items() if language in ANALYSED)
    return ["--checks", ",".join(check.id for check in all_checks()), "--endings", ",".join(endings)]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--corpus", type=Path, required=True, help="a folder of laid-out trees")
    arguments.add_argument("--labels", type=Path, required=True, help="a folder of label files")
    arguments.add_argument("--scorer", type=Path, help="the scorer, where it does not stand beside the labels")
    arguments.add_argument("--mirrors", type=Path, help="a folder of git directories, for the fix pairs")
    arguments.add_argument("--reports", type=Path, help="keep the reports there")
    arguments.add_argument("--everything", action="store_true", help="score every label, whether or not a check for it exists")
    options = arguments.parse_args()

    beside = options.labels.resolve().parent
    narrowed = [] if options.everything else scope()
    labels = [label for label in sorted(options.labels.glob("*.yaml")) if (options.corpus / label.stem).is_dir()]
    with tempfile.TemporaryDirectory() as folder:
        reports = options.reports or Path(folder)
        reports.mkdir(parents=True, exist_ok=True)
        for old in reports.glob("*.json"):
            old.unlink()
        review_all((options.corpus / label.stem for label in labels), reports)
        # The scorer counts a label without a report as missed; what is not in the corpus is not asked for.
        chosen = Path(folder, "labels")
        chosen.mkdir()
        for label in labels:
            shutil.copy(label, chosen)
        status = call([options.scorer or beside / "score", "--labels", chosen, "--reports", reports, "--verbose", *narrowed])
        if options.mirrors and status == 0:
            pairs = [
                "--pairs",
                beside / "pairs.yaml",
                "--mirrors",
                options.mirrors,
                "--work",
                Path(folder, "pairs"),
                "--tillproof",
                shlex.join(TILLPROOF),
            ]
            status = call([beside / "pairs", *pairs, "--verbose"])
    return status


def call(script: list[str | Path]) -> int:
    sys.stdout.flush()
    return subprocess.run([sys.executable, *script], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
