"""`lyftr conformance`: ask a running receiver what it takes and what it refuses."""

import sys

import click

from lyftr_cli.commands.sign import webhook_url
from lyftr_cli.options import secret_options, settings_with_secrets, timeout_option
from lyftr_cli.output.output import say

__all__ = ["conformance"]

_EXAMPLES = """
\b
Examples:
  lyftr conformance --url http://127.0.0.1:8000/webhook
  lyftr conformance --url https://example.com/hooks --scheme standard
"""


@click.command(epilog=_EXAMPLES)
@click.option("--url", help="The receiver's webhook.  [default: from HOST and PORT]")
@secret_options
@click.option(
    "--only", "only", multiple=True, metavar="GROUP", help="Only this group; may be repeated."
)
@timeout_option
@click.option("--exact", is_flag=True, help="Fail too where an answer is not the one of lyftr.")
@click.option("--verbose", is_flag=True, help="List those answers.")
@click.option("--json", "print_json", is_flag=True, help="Print one JSON object a case.")
def conformance(  # noqa: PLR0913 - one for each option
    url: str | None,
    only: tuple[str, ...],
    timeout: float,
    *,
    exact: bool,
    verbose: bool,
    print_json: bool,
    **options: str | None,
) -> None:
    """Run the rules of lyftr against a running receiver, lyftr or another.

    Some hundreds of webhooks are sent, right ones and wrong ones, those of the signature scheme
    and those of each rule of validation. RIGHT counts those that were taken (2xx) or refused
    (401 or 403 for the signature, another 4xx for the body) as they should be, AS LYFTR those
    answered just as lyftr does.

    The receiver stores what it takes: use one for tests. Its messages have identifiers that
    begin with lyftr-conformance-, but for the one that is only `~`.

    The exit status is 0 if all are right, 1 if not, 2 if it could not be tried.
    """
    from lyftr_cli.conformance import report  # noqa: PLC0415 - a server must not load it
    from lyftr_cli.conformance.run import run  # noqa: PLC0415 - it loads a client of HTTP

    settings = settings_with_secrets(options, purpose="to sign with")
    url = webhook_url(settings) if url is None else url
    verdicts, left_out = run(url, settings, only, timeout)
    as_text = report.as_text(verdicts, verbose=verbose)
    for line in report.as_json_lines(verdicts) if print_json else as_text:
        say(line)
    if left_out:
        say(f"not asked, {len(left_out)}: {', '.join(left_out)}", err=True)
    is_good = all(v.is_right and (v.is_exact or not exact) for v in verdicts)
    sys.exit(0 if is_good else 1)
