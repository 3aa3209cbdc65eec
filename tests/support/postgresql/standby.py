"""A second server that follows a first one, and can take its place."""

import time

from tests.support.postgresql.database_server import literal
from tests.support.postgresql.server import USER, PostgresServer

__all__ = ["StandbyServer", "require_standby"]

_HANGS = 60


class StandbyServer(PostgresServer):
    """A hot standby: a copy of a running primary, which it streams from through a slot of its own.

    Args:
        primary: Has to run until this one has started; it is not changed but for the slot.
        name: What the primary knows it by: its `application_name`, and the name of its slot.
    """

    def __init__(self, primary: PostgresServer, name: str = "standby") -> None:
        # What the primary waits for is in its settings, and copied: promoted, this one has nobody
        # to wait for.
        alone = {"synchronous_standby_names": ""}
        super().__init__(primary.installation, durable=primary.durable, settings=alone)
        self.name = name
        self._primary = primary

    def promote(self) -> None:
        """Make it a primary, and wait until it is one."""
        if self.sql(f"SELECT pg_promote(wait_seconds => {_HANGS})") != "t":
            raise TimeoutError(f"the standby {self.name} is not promoted")

    def _fill(self) -> None:
        primary = self._primary
        address = f"host='{primary.folder}' port={primary.port} user={USER}"
        self._run(
            "pg_basebackup",
            *(f"--dbname={address} application_name={self.name}", f"--pgdata={self.data}"),
            *("--create-slot", f"--slot={self.name}", "--write-recovery-conf"),
            *("--wal-method=stream", "--checkpoint=fast", "--no-sync"),
        )


def require_standby(primary: PostgresServer, standby: StandbyServer) -> None:
    """Have each commit of the primary wait for a standby from now on.

    Raises:
        TimeoutError: The standby does not stream.
    """
    primary.configure(synchronous_standby_names=standby.name)
    primary.reload()
    state = (
        "SELECT sync_state FROM pg_stat_replication"  # noqa: S608 - quoted
        f" WHERE application_name = {literal(standby.name)}"
    )
    deadline = time.monotonic() + _HANGS
    while (found := primary.sql(state)) != "sync":
        if time.monotonic() > deadline:
            raise TimeoutError(f"the standby {standby.name} is {found or 'not there'}")
        time.sleep(0.02)  # polling, up to the deadline
