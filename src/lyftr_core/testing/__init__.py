"""What tests of lyftr, and of code that uses lyftr, are made of; install `lyftr[testing]`.

Hypothesis strategies for every value of the domain; `RepositoryContract`, which checks an adapter
against what `lyftr_core.ports` says of writing and reading, and `RemovalContract` of removing; and
`RepositoryMachine`, the part of the former that does anything in any order.
"""

from importlib.util import find_spec

_missing = [name for name in ("pytest", "hypothesis") if find_spec(name) is None]
if _missing:
    raise ImportError(
        f"lyftr_core.testing needs {' and '.join(_missing)}: pip install 'lyftr[testing]'"
    )

import pytest

# Before the import of the contract: so a failed assertion of it shows the values it compared.
pytest.register_assert_rewrite(
    *(
        f"{__name__}.{module}"
        for module in (
            "adding",
            "comparison",
            "concurrency",
            "conflicts",
            "filtering",
            "log",
            "ordering",
            "paging",
            "removal",
            "samples",
            "side_by_side",
            "stats",
        )
    )
)

from lyftr_core.testing.contract import RepositoryContract
from lyftr_core.testing.contract.removal import RemovalContract
from lyftr_core.testing.machine.machine import RepositoryMachine
from lyftr_core.testing.strategies.fields import (
    message_ids,
    moments,
    phone_numbers,
    texts,
    timestamps,
)
from lyftr_core.testing.strategies.invalid import InvalidBody, invalid_bodies
from lyftr_core.testing.strategies.messages import message_filters, messages, selections
from lyftr_core.testing.strategies.wire import bodies, signed_requests, standard_signed_requests

__all__ = [
    "InvalidBody",
    "RemovalContract",
    "RepositoryContract",
    "RepositoryMachine",
    "bodies",
    "invalid_bodies",
    "message_filters",
    "message_ids",
    "messages",
    "moments",
    "phone_numbers",
    "selections",
    "signed_requests",
    "standard_signed_requests",
    "texts",
    "timestamps",
]
