"""Asks a receiver one case after another."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

import click

from lyftr_cli.conformance.cases import DELIVERY, Case, delivery_cases, group_names, vector_cases
from lyftr_cli.conformance.verdict import Verdict, judge
from lyftr_cli.sending.http_sender import HttpSender, Response
from lyftr_core import RequestSigner, SignedRequest
from lyftr_runtime.settings import Settings
from lyftr_runtime.signing import signer_of

__all__ = ["TRY_LATER", "CannotAsk", "Receiver", "run"]

TRY_LATER = {429, 503}
"""How a receiver asks for patience."""
_TRIES = 4
_USUAL_PAUSE = 1.0
_LONGEST_PAUSE = 5.0
"""In seconds: how long a receiver that asks for patience is given, at most."""


class Receiver:
    """Takes webhooks at an address, each on a connection of its own.

    Args:
        url: `http` or `https`, with a host.
        timeout: How many seconds each answer may take, from connecting to its last byte.
        sleep: Waits so many seconds.

    Raises:
        ValueError: The address is another one.
    """

    def __init__(
        self, url: str, *, timeout: float, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._sender = HttpSender(url, timeout=timeout)
        self._sleep = sleep

    def send(self, request: SignedRequest, method: str = "POST") -> Response:
        """Send a request, and again where the receiver asks for patience (429, 503).

        Never raises for what the receiver does: no answer is an answer too.
        """
        for _ in range(_TRIES - 1):
            answer = self._sender.send(request, method)
            if answer.status not in TRY_LATER:
                return answer
            pause = _USUAL_PAUSE if answer.retry_after is None else answer.retry_after
            self._sleep(min(pause, _LONGEST_PAUSE))
        return self._sender.send(request, method)


_SILENT = 5
"""After so many cases in a row without an answer there is nobody left to ask."""


class CannotAsk(click.ClickException):
    """There is no verdict, as there is nobody who can be asked."""

    exit_code = 2


def run(
    url: str, settings: Settings, only: Sequence[str], timeout: float
) -> tuple[list[Verdict], list[str]]:
    """Ask every case.

    Args:
        url: Of the receiver's webhook.
        settings: With the scheme and the secrets of the receiver.
        only: The names of groups; all if there are none.
        timeout: In seconds, for each answer.

    Returns:
        The verdicts, and the names of the cases that could not be asked.

    Raises:
        click.UsageError: The address or a group is none.
        CannotAsk: The receiver does not take an ordinary message, or falls silent.
    """
    groups = _groups(settings.webhook_scheme.value, only)
    receiver = _receiver(url, timeout)
    signer = signer_of(settings)
    ordinary, *others = delivery_cases(signer)
    first = judge(ordinary, receiver.send(ordinary.request))
    _refuse_strangers(url, first)
    verdicts: list[Verdict] = []
    left_out: list[str] = []
    if DELIVERY in groups:
        verdicts = [first, *_judge_all(receiver, others)]
    for group in groups[DELIVERY in groups :]:
        cases = _without_names(_cases(group, signer, settings), group, left_out)
        verdicts += _judge_all(receiver, cases)
    return verdicts, left_out


def _groups(scheme: str, only: Sequence[str]) -> list[str]:
    known = group_names(scheme)
    if unknown := set(only).difference(known):
        raise click.UsageError(f"--only {min(unknown)}: must be one of {', '.join(known)}")
    return [name for name in known if name in only or not only]


def _receiver(url: str, timeout: float) -> Receiver:
    try:
        return Receiver(url, timeout=timeout)
    except ValueError as exc:
        raise click.UsageError(f"--url {exc}") from None


def _refuse_strangers(url: str, first: Verdict) -> None:
    """See that there is a receiver which takes what is signed with this secret.

    Else every case that is to be refused would seem right.
    """
    if first.answer.status is None:
        raise CannotAsk(f"no answer from {url}: {first.answer.failure}")
    if not first.is_right:
        raise CannotAsk(
            f"{url} answers an ordinary message with {first.answer.status}: is it another secret, "
            "another scheme (--scheme), or no webhook?"
        )


def _cases(group: str, signer: RequestSigner, settings: Settings) -> Iterator[Case | str]:
    current, previous = settings.webhook_secret, settings.webhook_secret_previous
    assert current is not None, "the signer has a secret"  # noqa: S101 - `signer_of` refuses settings without one
    return vector_cases(
        group,
        signer,
        secret=current.value,
        previous=previous.value if previous else None,
        clock=lambda: datetime.now(UTC),
    )


def _without_names(cases: Iterable[Case | str], group: str, left_out: list[str]) -> Iterator[Case]:
    """Let through what can be asked, and note what cannot."""
    for case in cases:
        if isinstance(case, Case):
            yield case
        else:
            left_out.append(f"{group}/{case}")


def _judge_all(receiver: Receiver, cases: Iterable[Case]) -> Iterator[Verdict]:
    silent = 0
    for case in cases:
        verdict = judge(case, receiver.send(case.request, case.method))
        silent = silent + 1 if _is_silent(verdict.answer) else 0
        if silent == _SILENT:
            came = verdict.answer.failure or f"answered {verdict.answer.status}"
            raise CannotAsk(
                f"no answer to {_SILENT} cases in a row, the last {case.group}/{case.name}: {came}"
            )
        yield verdict


def _is_silent(answer: Response) -> bool:
    return answer.status is None or answer.status in TRY_LATER
