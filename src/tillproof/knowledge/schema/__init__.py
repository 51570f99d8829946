"""What a pack may say. Packs are YAML; these types are their whole grammar, and the loader names file, line and key when one is broken.

Conventions shared by every pack:

* ``language`` keys are ``python``, ``javascript`` (TypeScript too) and ``php``.
* A *call name* is dotted whatever the language writes (``->``, ``::`` and ``\\`` all become ``.``).
  ``stripe.PaymentIntent.create`` is a full name: it matches after imports and aliases are resolved.
  ``Client.*.create`` is ``Client.….create`` with any calls or members, or none, between the two.
  ``.paymentIntents.create`` (leading dot) is the end of a chain on a client object of this provider: the receiver must be built by one of
  ``clients``, or be of unknown type in a unit that uses one of ``packages``.
* A *REST name* is ``METHOD /path/{}``; ``{}`` is one path segment that may hold anything.
* A *path* into arguments is dotted keys, ``[]`` for each element of a list: ``line_items[].price_data.unit_amount``. It is looked for in
  keyword arguments and in every record argument of the call (or the body of a REST call). A bare number is a positional argument.
"""

from tillproof.knowledge.schema.base import Effect, Kinds, Language, Part, Role, SystemKind
from tillproof.knowledge.schema.framework import Currencies, Framework, HttpClient, Queue, RetryPolicy, Sum
from tillproof.knowledge.schema.provider import Idempotency, Inbound, KeyPrefix, Need, Operation, Provider, SdkDefault, Signing, Verifier
from tillproof.knowledge.schema.routes import Argument, BodyParsing, Hook, PathRules, Routes, Sources
from tillproof.knowledge.schema.runs import Addressed, Announced, Handover, Inherited, KeptObjects, Records, References
from tillproof.knowledge.schema.words import Brand, Lexicon, Numbers, Published

__all__ = [
    "Addressed",
    "Announced",
    "Argument",
    "BodyParsing",
    "Brand",
    "Currencies",
    "Effect",
    "Framework",
    "Handover",
    "Hook",
    "HttpClient",
    "Idempotency",
    "Inbound",
    "Inherited",
    "KeptObjects",
    "KeyPrefix",
    "Kinds",
    "Language",
    "Lexicon",
    "Need",
    "Numbers",
    "Operation",
    "Part",
    "PathRules",
    "Provider",
    "Published",
    "Queue",
    "Records",
    "References",
    "RetryPolicy",
    "Role",
    "Routes",
    "SdkDefault",
    "Signing",
    "Sources",
    "Sum",
    "SystemKind",
    "Verifier",
]
