"""`lyftr conformance`: what it says of our server."""

import pytest

from tests.support.results import table_of
from tests.support.server import SECRET, STANDARD, Lyftr, Serve

PREVIOUS = {
    "lyftr": "the secret before",
    "standard": "whsec_bHlmdHIgY29uZm9ybWFuY2UgYmVmb3Jl",
}


@pytest.mark.parametrize("scheme", PREVIOUS)
def test_our_server_answers_every_case_just_as_the_contract_has_it(
    serve: Serve, lyftr: Lyftr, scheme: str
) -> None:
    secrets = STANDARD if scheme == "standard" else {"WEBHOOK_SECRET": SECRET}
    secrets = {**secrets, "WEBHOOK_SECRET_PREVIOUS": PREVIOUS[scheme]}
    with serve(**secrets) as server:
        url = f"http://127.0.0.1:{server.port}/webhook"
        for _ in range(2):  # what it leaves behind must change no verdict
            done = lyftr("conformance", "--url", url, "--exact", "--verbose", **secrets)
            assert done.returncode == 0, done.stdout.decode()
            assert [
                name for name, (cases, *rest) in table_of(done).items() if {cases} != {*rest}
            ] == []
            assert int(table_of(done)["all"][0]) > 350
        stored = server.http.get("/messages?limit=100").json()
        assert all(i["message_id"].startswith(("lyftr-conf", "~")) for i in stored["items"])
