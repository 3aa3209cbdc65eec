"""What a type checker refuses: code that skips a stage of a webhook's way."""

import os
import re
import subprocess
import sys
from textwrap import dedent

import pytest

# Each line that must be refused says with which code of mypy.
_REFUSED = re.compile(r"# refused: ([\w-]+)$")
_ERROR = re.compile(r"^(\w+\.py):(\d+): error: .*\[([\w-]+)\]$", re.MULTILINE)

SNIPPETS = {
    "unverified bytes are not parsed": """
        from lyftr_core import parse

        def receive(body: bytes) -> None:
            parse(body)  # refused: arg-type
    """,
    "unverified text is not parsed": """
        from lyftr_core import parse

        def receive(body: str) -> None:
            parse(body)  # refused: arg-type
    """,
    "a signed request is not parsed before it is verified": """
        from lyftr_core import SignedRequest, parse

        def receive(request: SignedRequest) -> None:
            parse(request)  # refused: arg-type
    """,
    "a verified body is no message": """
        from datetime import UTC, datetime
        from lyftr_core import AddOutcome, MessageWriter, VerifiedBody

        async def store(writer: MessageWriter, body: VerifiedBody) -> AddOutcome:
            now = datetime.now(UTC)
            return await writer.add(body, received_at=now)  # refused: arg-type
    """,
    "a class of one's own is no verified body": """
        from lyftr_core import VerifiedBody

        class Forged(VerifiedBody):  # refused: misc
            pass
    """,
    "a proof is not exchanged": """
        from lyftr_core import VerifiedBody

        def tamper(body: VerifiedBody) -> None:
            body.content = b"{}"  # refused: misc
    """,
    "a message does not change": """
        from lyftr_core import Message

        def tamper(message: Message) -> None:
            message.text = "other"  # refused: misc
    """,
    "the way goes through every stage": """
        from datetime import UTC, datetime
        from lyftr_core import AddOutcome, HexHmacSha256, MessageWriter, SignedRequest, parse

        async def receive(request: SignedRequest, writer: MessageWriter) -> AddOutcome:
            message = parse(HexHmacSha256("secret").verify(request))
            return await writer.add(message, received_at=datetime.now(UTC))
    """,
    "the use case takes the way": """
        from datetime import UTC, datetime
        from lyftr_core import (
            HexHmacSha256, IngestMessage, Ingested, InMemoryMessageRepository, SignedRequest,
        )

        async def receive(request: SignedRequest) -> Ingested:
            ingest = IngestMessage(
                HexHmacSha256("secret"), InMemoryMessageRepository(), lambda: datetime.now(UTC)
            )
            return await ingest(request)
    """,
    "the repository in memory has every port": """
        from lyftr_core import (
            InMemoryMessageRepository, MessageReader, MessageWriter, ReadinessProbe,
        )

        repository = InMemoryMessageRepository()
        writer: MessageWriter = repository
        reader: MessageReader = repository
        probe: ReadinessProbe = repository
    """,
    "the SQLite store has every port": """
        from lyftr_core import MessageReader, MessageWriter, ReadinessProbe
        from lyftr_sqlite import SqliteMessageReader, SqliteMessageWriter, SqliteStore

        def ports(store: SqliteStore) -> tuple[MessageWriter, MessageReader, ReadinessProbe]:
            return store.writer, store.reader, store.probe

        def roles(writer: SqliteMessageWriter, reader: SqliteMessageReader) -> None:
            a_writer: MessageWriter = writer
            a_reader: MessageReader = reader
    """,
    "a reader is no writer": """
        from lyftr_core import MessageWriter
        from lyftr_sqlite import SqliteMessageReader

        def confuse(reader: SqliteMessageReader) -> MessageWriter:
            return reader  # refused: return-value
    """,
    "every scheme is one, and those with a secret sign": """
        from datetime import UTC, datetime

        from lyftr_core import (
            HexHmacSha256, RequestSigner, SignatureScheme, StandardWebhooks, UnconfiguredScheme,
        )

        ours = HexHmacSha256("secret", previous=b"old")
        standard = StandardWebhooks("whsec_c2VjcmV0", clock=lambda: datetime.now(UTC))
        schemes: list[SignatureScheme] = [ours, standard, UnconfiguredScheme()]
        signers: list[RequestSigner] = [ours, standard]
        nobody: RequestSigner = UnconfiguredScheme()  # refused: assignment
    """,
}

Refusals = dict[str, set[tuple[int, str]]]


def file_name(title: str) -> str:
    return re.sub(r"\W", "_", title) + ".py"


@pytest.fixture(scope="module")
def refusals(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Refusals:
    """What mypy refuses, by file: lines and codes. It runs once, over all snippets."""
    folder = tmp_path_factory.mktemp("snippets")
    for title, snippet in SNIPPETS.items():
        (folder / file_name(title)).write_text(dedent(snippet))
    # Kept between runs, as each would otherwise read SQLAlchemy anew; one for each xdist worker.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    cache_dir = request.config.cache.mkdir(f"mypy-{worker}")
    options = ["--strict", "--config-file=", f"--cache-dir={cache_dir}", "--no-pretty"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: Refusals = {}
    for file, line, code in _ERROR.findall(done.stdout):
        found.setdefault(file, set()).add((int(line), code))
    assert f"checked {len(SNIPPETS)} source files" in done.stdout, done.stdout
    return found


@pytest.mark.parametrize("title", SNIPPETS)
def test_mypy_refuses_the_marked_lines_and_no_others(title: str, refusals: Refusals) -> None:
    lines = SNIPPETS[title].splitlines()
    marked = {(n, m[1]) for n, line in enumerate(lines, 1) if (m := _REFUSED.search(line))}
    assert refusals.get(file_name(title), set()) == marked
