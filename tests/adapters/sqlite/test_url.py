"""Database URLs."""

from pathlib import Path

import pytest

from lyftr_sqlite import parse_database_url


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+aiosqlite"])
@pytest.mark.parametrize(
    ("rest", "path"),
    [
        (":///lyftr.db", "lyftr.db"),
        (":///./data/lyftr.db", "data/lyftr.db"),
        (":////var/lib/lyftr.db", "/var/lib/lyftr.db"),
        (":////srv/my inbox.db", "/srv/my inbox.db"),
        (":////srv/my%20inbox.db", "/srv/my inbox.db"),
        (":////srv/50%25.db", "/srv/50%.db"),
        (":////srv/why%3F.db", "/srv/why?.db"),
        (":////srv/a#b.db", "/srv/a#b.db"),
        (":////srv/Postfächer/данные.db", "/srv/Postfächer/данные.db"),
    ],
)
def test_both_schemes_name_the_same_file(driver: str, rest: str, path: str) -> None:
    assert parse_database_url(driver + rest) == Path(path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lyftr.db",
        "/var/lib/lyftr.db",
        "sqlite",
        "file:lyftr.db",
        "postgresql://localhost/lyftr",
        "sqlite+pysqlite:///lyftr.db",
        "sqlite://lyftr.db",
        "sqlite://host/lyftr.db",
        "sqlite:///lyftr.db?mode=memory",
        "sqlite:///file:lyftr.db?uri=true",
    ],
)
def test_another_kind_of_url_is_refused_with_what_is_taken(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be sqlite:///FILE \(relative\)"):
        parse_database_url(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="a database in memory keeps nothing"):
        parse_database_url(url)


def test_the_refusal_does_not_repeat_a_password() -> None:
    with pytest.raises(ValueError, match="must be") as refused:
        parse_database_url("postgresql://user:hunter2@host/db")
    assert "hunter2" not in str(refused.value)


def test_a_plain_question_mark_never_names_another_file() -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_database_url("sqlite:////srv/why?.db")
