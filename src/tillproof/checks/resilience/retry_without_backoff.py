"""``resilience/retry-without-backoff``: what is tried again waits longer each time, spread at random, and ends."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.resilience.repairs import put_right
from tillproof.checks.resilience.systems import matters, named
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.model import Model
from tillproof.commerce.retries import Retry
from tillproof.contract import Severity
from tillproof.ir.ops import Op

_MOST = 6
_WAITS = {
    "none": "at once, without any wait",
    "fixed": "after the same wait each time",
    "linear": "after a wait that grows by the same step each time",
    "exponential": "after a wait that grows but is the same for everybody",
}


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per retry that repeats requests to systems outside; loops of one function that wait alike for the same are one habit."""
    first: dict[tuple[object, ...], Ruling] = {}
    for retry in model.retries.all:
        if _once(model, retry):
            continue
        ruling = _rule(model, retry)
        habit = (retry.fn, ruling.title, frozenset((s.fn, s.instr) for s in retry.sendings))
        if ruling.outcome == "broken" and retry.how == "loop" and habit in first:
            first[habit].evidence.append(at(model.program, retry.fn, retry.instr, "the same here", "missing"))
            continue
        first.setdefault(habit, ruling)
        yield ruling


def _once(model: Model, retry: Retry) -> bool:
    """Whether there is one more try only, told by a flag that the function hands itself, or one after what was refused has been put right:
    no wait could help it much."""
    repeat = retry.repeat
    if repeat is None or repeat.how != "recursion" or repeat.wait is not None:
        return False
    if put_right(model, retry, repeat):
        return True
    body = model.program.body(retry.fn)
    return any((c := body.const(a)) is not None and c[1].lower() in ("false", "true", "0", "1") for _, a in body.call(repeat.again)[1])


def _rule(model: Model, retry: Retry) -> Ruling:
    program = model.program
    body = program.body(retry.fn)
    line = body.line[retry.instr] if retry.instr >= 0 else 1
    ruling = Ruling("resilience/retry-without-backoff", "held", "retry", retry.fn.file, line)
    if retry.growth.kind == "unknown" and retry.bounded:
        ruling.outcome = "unknown"
        ruling.question = Evidence(
            retry.fn.file, line, "Does the wait between these attempts grow from one to the next, and is it spread at random?"
        )
        return ruling
    if retry.growth.kind == "told" and retry.bounded:
        ruling.evidence.append(Evidence(retry.fn.file, line, "the provider says how long to wait", "guard"))
        return ruling
    if retry.growth.kind == "exponential" and retry.growth.jitter and retry.bounded:
        ruling.evidence.append(Evidence(retry.fn.file, line, "the wait grows with every attempt and is spread at random", "guard"))
        return ruling
    _break(model, ruling, retry, line)
    return ruling


def _break(model: Model, ruling: Ruling, retry: Retry, line: int) -> None:
    program = model.program
    fn, i = (retry.told.waits if retry.told is not None else None) or (retry.fn, retry.instr)
    body = program.body(fn)
    line = body.line[i] if i >= 0 else line
    system = named(model, retry.sendings, retry.fn.file)
    ruling.outcome = "broken"
    ruling.severity = _severity(model, retry)
    ruling.confidence = "certain" if retry.sendings and retry.growth.kind in ("none", "fixed", "linear") else "likely"
    end = body.end_line[i] if i >= 0 and body.op[i] != Op.RECORD else line
    ruling.anchor = (fn.file, line, end) if retry.wait is None else (*retry.wait, retry.wait[1])
    how = _WAITS.get(retry.growth.kind, "without end")
    job = retry.told is not None and not retry.sendings and (retry.told.policy.job or retry.told.policy.repeats == "job")
    what = "a failed job is" if job else f"{system}: a failed request is"
    ruling.title = f"{what[:1].upper()}{what[1:]} tried again {how}"
    if not retry.bounded:
        ruling.title += ", and for ever" if retry.growth.kind in _WAITS else ""
        how += ", and nothing but success ends it"
    ruling.message = f"What fails here is tried again {how}. " + (
        "All jobs that one outage of the database or of another system has failed come back in step, their attempts are used up while it "
        "still lasts, and an order or payment stays half done."
        if job
        else f"When {system} is slow or limits requests, every shop, worker and cart comes back in step "
        "and keeps it down, and the customer or the webhook that waits for this is held up for as long as the attempts take."
    )
    ruling.remediation = _remedy(model, retry)
    waits = "the wait between two attempts" if retry.growth.kind != "none" else "the next attempt"
    ruling.evidence.append(Evidence(ruling.anchor[0], ruling.anchor[1], waits, "missing"))
    if retry.wait is not None:
        ruling.evidence.append(Evidence(fn.file, line, "the time of the next attempt is kept", "step"))
    for one in retry.sendings[:_MOST]:
        ruling.evidence.append(at(program, one.fn, one.instr, "the request that is sent again", "sink"))


def _severity(model: Model, retry: Retry) -> Severity:
    if retry.bounded and (retry.growth.kind in ("exponential", "told") or retry.growth.jitter):
        return "low"
    if retry.sendings and not any(matters(model, s) for s in retry.sendings):
        return "low"
    return "medium"


def _remedy(model: Model, retry: Retry) -> str:
    told = retry.told.policy if retry.told else None
    name = (told.names or told.bases)[0].partition(".")[0].lower() if told else ""
    by_library = {
        "tenacity": "Give the decorator `wait=wait_random_exponential(multiplier=1, max=30)` and `stop=stop_after_attempt(5)`.",
        "backoff": "Use `backoff.expo` with its default jitter and a `max_tries`.",
        "celery": "Set `retry_backoff=True` (jitter is on by default), `retry_backoff_max` and `max_retries`.",
        "urllib3": "Give `Retry` a `backoff_factor` and a `backoff_jitter`.",
        "axios-retry": "Pass `retryDelay: axiosRetry.exponentialDelay`.",
        "p-retry": "Pass `randomize: true`.",
        "promise-retry": "Pass `randomize: true`.",
        "bull": "Give the job `backoff: { type: 'exponential', delay: 1000, jitter: 0.5 }`.",
        "illuminate": "Give growing waits with some chance in them: a `backoff()` that returns `[1, 5, 25]` plus `random_int(0, 3)`, or "
        "`fn ($attempt) => 200 * 2 ** $attempt + random_int(0, 200)` as the wait.",
        "guzzlehttp": "Pass a delay function: `fn ($n) => 1000 * 2 ** $n + random_int(0, 500)`.",
    }  # fmt: skip
    if name.lstrip(".") in by_library:
        return by_library[name]
    language = model.program.language(retry.fn.file)
    written = {
        "python": "`time.sleep(min(30, 2 ** attempt) * random.uniform(0.5, 1))`",
        "php": "`usleep( min( 30, 2 ** $attempt ) * random_int( 500000, 1000000 ) )`",
    }.get(language, "`await sleep(Math.min(30_000, 500 * 2 ** attempt) * (0.5 + Math.random() / 2))`")
    rest = "" if retry.bounded else " Stop after a few attempts."
    job = " In a request that somebody waits for, hand the work to a job instead."
    return f"Double the wait and spread it: {written}.{rest}{job}"


CHECK = Check(id="resilience/retry-without-backoff", title="Retries back off", severity="medium", rule=rule)
