"""`lyftr copy` of a database whose server runs."""

import pytest

from tests.support.databases import NewUrl, held
from tests.support.results import lines_of
from tests.support.server import Lyftr, Serve


@pytest.mark.usefixtures("postgres_server")
def test_run_again_it_copies_what_came_meanwhile(
    lyftr: Lyftr, new_url: NewUrl, serve: Serve
) -> None:
    source, target = new_url("sqlite"), new_url("postgresql")
    with serve(DATABASE_URL=source) as server:
        server.deliver("m1").raise_for_status()
        assert lines_of(lyftr("copy", "--from", source, "--to", target))[0] == "1 messages copied"
        server.deliver("m2").raise_for_status()
        server.deliver("m1", text="another").raise_for_status()
        assert lines_of(lyftr("copy", "--from", source, "--to", target))[0] == "1 messages copied"
    assert lines_of(lyftr("copy", "--from", source, "--to", target))[0] == "0 messages copied"
    assert held(target) == held(source)
    assert len(held(target)[1]) == 1
