"""The yardstick for a cold review: one process that reads every source file of a tree and parses it, and does nothing else.

    parse_only.py TREE [--reviewed]

Every file in a language that the review analyses is parsed, tests and vendored code too; with ``--reviewed`` only what the review itself
parses. Prints how many files and lines that were, as JSON.
"""

import argparse
import json
from pathlib import Path

from tillproof.flow.indexing import is_analysed
from tillproof.languages import ANALYSED, spec_of
from tillproof.languages.base import parse
from tillproof.source.discover import discover
from tillproof.source.text import read


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("tree", type=Path)
    arguments.add_argument("--reviewed", action="store_true", help="only the files that a review parses")
    options = arguments.parse_args()

    tree = discover(options.tree)
    files = lines = 0
    for file in tree.files:
        if file.language not in ANALYSED or (options.reviewed and not is_analysed(file)):
            continue
        source, _ = read(tree.root, file.path)
        if source is None:
            continue
        parse(spec_of(file.language), source)
        files += 1
        lines += source.count(b"\n")
    print(json.dumps({"files": files, "lines": lines}))


if __name__ == "__main__":
    main()
