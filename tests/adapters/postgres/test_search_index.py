"""What is inserted waits in a list of the search index, for the follower and not for a webhook."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection, Connection

from lyftr_postgres.connection.connecting import opener
from lyftr_postgres.connection.writing import WritingConnection
from lyftr_postgres.projections.follower import Follower
from lyftr_postgres.schema.migrate import prepare
from lyftr_postgres.schema.search_index import empty_pending_list
from lyftr_postgres.schema.tables import SEARCH_INDEX

_FILL = """INSERT INTO messages (message_id, seq, sender, recipient, ts, text, received_at)
    SELECT 'm' || number, number, '+12', '+13', number, 'hello ' || number, 0
    FROM generate_series(1, 100) AS numbers (number)"""
_PENDING = "SELECT n_pending_tuples FROM gin_metapage_info(get_raw_page(%s, 0))"


@pytest.fixture
def database(postgres_url: str) -> Iterator[Connection[Any]]:
    """One with a hundred messages, which wait in the list."""
    prepare(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        try:
            connection.execute("CREATE EXTENSION pageinspect")
        except psycopg.errors.FeatureNotSupported as missing:
            pytest.skip(f"nothing shows the list: {missing}")
        found = connection.execute("SELECT to_regclass(%s)", [SEARCH_INDEX]).fetchone()
        if found == (None,):
            pytest.skip("pg_trgm is not there, so there is no search index")
        connection.execute(_FILL)
        assert _pending(connection) == 100
        yield connection


async def test_the_follower_empties_the_list(database: Connection[Any], postgres_url: str) -> None:
    connection = WritingConnection(opener(postgres_url))
    await Follower(connection).fold_all()
    await connection.close()
    assert _pending(database) == 0


async def test_who_does_not_own_the_index_leaves_the_list_to_autovacuum(
    database: Connection[Any], postgres_url: str
) -> None:
    async with await AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute("SET ROLE pg_monitor")
        await empty_pending_list(connection)
    assert _pending(database) == 100


def _pending(connection: Connection[Any]) -> int:
    """Return how many messages wait in the list."""
    (count,) = connection.execute(_PENDING, [SEARCH_INDEX]).fetchall()[0]
    return int(count)
