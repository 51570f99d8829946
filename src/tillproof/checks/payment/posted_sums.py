"""Payments that a call begins for the sum that was posted, since it reads that from the request by itself."""

from tillproof.checks.payment.amounts import amount_sites, chosen_by_client
from tillproof.checks.payment.bounds import barrier
from tillproof.commerce.model import Model
from tillproof.commerce.request_arguments import reads_request
from tillproof.knowledge.schema import Provider


def is_sum_posted(model: Model, provider: Provider) -> bool:
    """Whether payments of a provider are begun for what the page says that they come to, which nobody holds against a figure of ours."""
    begun = {(s.fn, s.instr) for s in model.operations.sites if s.provider.id == provider.id and reads_request(model, s, s.ctx)}
    sums = (a for a in amount_sites(model) if (a.fn, a.instr) in begun) if begun else ()
    return any(c.key and barrier(model, a, c.key) is None for a in sums for c in chosen_by_client(model, a.value))
