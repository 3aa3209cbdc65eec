"""What `lyftr_postgres` offers."""

import lyftr_postgres


def test_these_names_and_no_others() -> None:
    assert lyftr_postgres.__all__ == [
        "Commit",
        "Migration",
        "PostgresMessageReader",
        "PostgresMessageRemover",
        "PostgresMessageWriter",
        "PostgresReadinessProbe",
        "PostgresStore",
        "migrate",
        "parse_database_url",
        "prepare",
    ]
    assert sorted(lyftr_postgres.__all__) == lyftr_postgres.__all__
    assert all(hasattr(lyftr_postgres, name) for name in lyftr_postgres.__all__)
