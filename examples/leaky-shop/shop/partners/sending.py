"""Requests to partners."""

import random
import time
from decimal import Decimal
from typing import Any

import httpx

TRIES = 4


class PartnerUnavailable(Exception):
    """No answer, or none that helps: ask again later."""


class PartnerRefused(Exception):
    """The partner said no, and will say no again."""


def send(http: httpx.Client, method: str, path: str, **request: Any) -> dict[str, Any]:
    """One request, repeated with growing waits as long as the partner can't be reached. What it refuses is final."""
    for attempt in range(1, TRIES + 1):
        try:
            response = http.request(method, path, **request)
        except httpx.TransportError as error:
            if attempt == TRIES:
                raise PartnerUnavailable(f"{http.base_url.host} did not answer") from error
        else:
            if response.status_code < 500:
                break
            if attempt == TRIES:
                raise PartnerUnavailable(f"{http.base_url.host} answered {response.status_code}")
        time.sleep(random.uniform(0, 0.25 * 2**attempt))
    return read(response)


def read(response: httpx.Response) -> dict[str, Any]:
    """What a partner answered, its decimals unharmed. Raises ``PartnerRefused``."""
    if response.is_error:
        raise PartnerRefused(f"{response.url.host} answered {response.status_code}")
    answer: dict[str, Any] = response.json(parse_float=Decimal)
    return answer
