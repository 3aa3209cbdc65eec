"""What `lyftr_sqlite` offers: a change here is a change for its users."""

import lyftr_sqlite


def test_the_public_names_are_these_and_no_others() -> None:
    assert lyftr_sqlite.__all__ == [
        "Commit",
        "Finding",
        "Migration",
        "SqliteMessageReader",
        "SqliteMessageRemover",
        "SqliteMessageWriter",
        "SqliteStore",
        "check",
        "migrate",
        "parse_database_url",
        "rebuild",
    ]


def test_every_public_name_is_there() -> None:
    assert all(hasattr(lyftr_sqlite, name) for name in lyftr_sqlite.__all__)
