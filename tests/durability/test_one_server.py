"""One server keeps every acknowledged message across `kill -9`."""

import signal
from pathlib import Path

from tests.support.load import Load, fields_of
from tests.support.server import SECRET, Serve
from tests.support.stored import assert_kept, assert_nothing_wrong


def test_one_server_takes_webhooks_survives_kill_9_and_serves_them_back(
    serve: Serve, tmp_path: Path
) -> None:
    with serve() as server, Load(server.port, SECRET, "m") as load:
        load.wait_for(500)
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        load.stop()
    with serve() as server:
        # Resend unanswered messages, as a sender would.
        with Load(server.port, SECRET, "m", first=load.pending, limit=0) as retried:
            retried.join()
        acknowledged = {**load.acknowledged, **retried.acknowledged}
        assert server.http.get("/health/ready").status_code == 200
        assert server.http.get("/stats").json()["total_messages"] == len(acknowledged)
        asked = fields_of(max(acknowledged))
        (found,) = server.http.get("/messages", params={"q": asked["text"]}).json()["items"]
        assert found.items() >= asked.items()
        assert server.stop() == 0
    assert assert_kept(tmp_path / "lyftr.db", acknowledged) == len(acknowledged)
    assert_nothing_wrong(tmp_path / "lyftr.db")
