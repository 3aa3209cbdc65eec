"""`lyftr completion` refuses a shell that it does not support."""

from tests.support.server import Lyftr, refusal


def test_another_shell_is_refused(lyftr: Lyftr) -> None:
    assert "bash" in refusal(lyftr("completion", "csh"))
