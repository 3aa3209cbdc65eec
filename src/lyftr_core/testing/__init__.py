"""What tests of lyftr, and of code that uses lyftr, are made of; install `lyftr[testing]`.

Hypothesis strategies for every value of the domain, and `RepositoryContract`, which checks an
adapter against everything that `lyftr_core.ports` says.
"""

try:
    import hypothesis  # noqa: F401 - not used here; only to see whether it is there
    import pytest
except ModuleNotFoundError as exc:
    raise ImportError(
        "lyftr_core.testing needs pytest and hypothesis: pip install 'lyftr[testing]'"
    ) from exc

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
            "ordering",
            "paging",
            "samples",
            "stats",
        )
    )
)

from lyftr_core.testing.contract import RepositoryContract  # noqa: E402 - after the rewriting
from lyftr_core.testing.strategies import (  # noqa: E402 - after the rewriting
    message_filters,
    message_ids,
    messages,
    moments,
    phone_numbers,
    selections,
    texts,
    timestamps,
)
from lyftr_core.testing.wire import (  # noqa: E402 - after the rewriting
    bodies,
    invalid_bodies,
    signed_requests,
    standard_signed_requests,
)

__all__ = [
    "RepositoryContract",
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
