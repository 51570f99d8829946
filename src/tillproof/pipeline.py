"""From files to a report, on one screen: index, link, model, rule, report."""

from collections.abc import Callable

from tillproof.checks.catalog import all_checks
from tillproof.checks.running import rule
from tillproof.commerce.boundaries import find_boundaries
from tillproof.commerce.model import Model
from tillproof.commerce.triggers import words
from tillproof.contract import OURSELVES, Report, Skipped
from tillproof.flow.indexing import index_tree
from tillproof.flow.program import Program
from tillproof.knowledge.loader import Knowledge
from tillproof.report.assemble import assemble
from tillproof.report.handler_rows import handler_rows
from tillproof.report.redact import redacted
from tillproof.settings import Settings
from tillproof.source.aliases import import_aliases, unit_versions
from tillproof.source.cache import Cache
from tillproof.source.files import Tree

Progress = Callable[[str, int, int], None]


def report_on(tree: Tree, knowledge: Knowledge, cache: Cache, settings: Settings, tell: Progress) -> Report:
    """The report on a tree; of the cache only what was kept of each file is asked for."""
    indexed = index_tree(tree.root, tree.files, words(knowledge), cache, lambda done: tell("reading", done, len(tree.files)))
    program = Program({f.path: f for f in tree.files}, indexed.indices, indexed.sources)
    model = Model(program, import_aliases(tree), knowledge, unit_versions(tree), tree)
    rulings, broken_off = rule(model, [c for c in all_checks() if not settings.checks or c.id in settings.checks], tell)
    handlers = handler_rows(model, rulings)
    boundaries = find_boundaries(model, tree, handlers)
    problems = [Skipped(file=p.partition(":")[0], reason=p) for p in knowledge.problems]
    problems += [Skipped(file=OURSELVES, reason=problem) for problem in broken_off]
    report = assemble(tree, model, handlers, boundaries, rulings, settings, [*indexed.skipped, *problems])
    return redacted(report, (secret for ruling in rulings for secret in ruling.hides))
