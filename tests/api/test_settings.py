"""The settings: where they come from, and what is said of a wrong value."""

import os
from pathlib import Path

import msgspec
import pytest

from lyftr_runtime.settings import (
    VARIABLES,
    InvalidSettings,
    Secret,
    Settings,
    WebhookScheme,
    load_settings,
)

_CANARY = "canary-secret"


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_defaults_are_the_documented_ones() -> None:
    settings = load_settings({})
    assert msgspec.structs.asdict(settings) == {
        "webhook_secret": None,
        "webhook_secret_previous": None,
        "webhook_scheme": "lyftr",
        "database_url": "sqlite:///lyftr.db",
        "database_read_url": None,
        "database_pool_size": 5,
        "host": "127.0.0.1",
        "port": 8000,
        "log_level": "INFO",
        "log_format": "json",
        "request_timeout": 10,
        "max_webhooks_in_flight": 10_000,
        "max_reads_in_flight": 256,
        "max_streams": 400,
        "shutdown_timeout": 10,
        "api_tokens": (),
        "allow_anonymous_reads": False,
        "allowed_hosts": (),
        "retention_days": 0,
    }
    assert settings == Settings()


def test_every_variable_is_read() -> None:
    settings = load_settings(
        {
            "WEBHOOK_SECRET": "whsec_cw==",
            "WEBHOOK_SECRET_PREVIOUS": "whsec_cHM=",
            "WEBHOOK_SCHEME": "standard",
            "DATABASE_URL": "sqlite:////data/inbox.db",
            "HOST": "0.0.0.0",  # noqa: S104 - read, not bound
            "PORT": "0",
            "LOG_LEVEL": "WARNING",
            "LOG_FORMAT": "console",
            "API_TOKENS": "a,b",
            "ALLOW_ANONYMOUS_READS": "true",
            "ALLOWED_HOSTS": "inbox.example.com, [::2],*",
            "RETENTION_DAYS": "90",
        }
    )
    assert settings.webhook_secret
    assert settings.webhook_secret_previous
    assert settings.webhook_secret.value == "whsec_cw=="
    assert settings.webhook_secret_previous.value == "whsec_cHM="
    assert settings.webhook_scheme is WebhookScheme.STANDARD
    assert (settings.database_url, settings.host) == ("sqlite:////data/inbox.db", "0.0.0.0")  # noqa: S104 - as above
    assert (settings.port, settings.log_level, settings.log_format) == (0, "WARNING", "console")
    assert [token.value for token in settings.api_tokens] == ["a", "b"]
    assert settings.allow_anonymous_reads is True
    assert settings.allowed_hosts == ("inbox.example.com", "[::2]", "*")
    assert settings.retention_days == 90


def test_the_file_is_read_and_the_environment_wins(dotenv: Path) -> None:
    dotenv.write_text("PORT=1\nHOST=::1\nWEBHOOK_SECRET='of the file'\n# PORT=3\nOTHER=x\n")
    settings = load_settings({"PORT": "2"}, dotenv)
    assert (settings.port, settings.host) == (2, "::1")
    assert settings.webhook_secret
    assert settings.webhook_secret.value == "of the file"


def test_a_file_that_is_not_there_is_as_if_empty(dotenv: Path) -> None:
    assert load_settings({}, dotenv) == Settings()


@pytest.mark.parametrize("name", VARIABLES)
def test_an_empty_variable_is_as_if_absent(dotenv: Path, name: str) -> None:
    assert load_settings({name: ""}) == Settings()
    for line in (f"{name}=", f"{name}=''"):
        dotenv.write_text(line + "\n")
        assert load_settings({}, dotenv) == Settings()


def test_an_empty_variable_of_the_environment_does_not_hide_the_file(dotenv: Path) -> None:
    dotenv.write_text("PORT=1\n")
    assert load_settings({"PORT": ""}, dotenv).port == 1


@pytest.mark.parametrize(("given", "read"), [("debug", "DEBUG"), ("Info", "INFO")])
def test_letter_case_of_the_level_does_not_matter(given: str, read: str) -> None:
    assert load_settings({"LOG_LEVEL": given}).log_level == read


@pytest.mark.parametrize(("given", "read"), [("0", 0), ("65535", 65_535), ("08000", 8000)])
def test_a_port_is_any_that_there_is(given: str, read: int) -> None:
    assert load_settings({"PORT": given}).port == read


@pytest.mark.parametrize(
    "port", ["65536", "-1", "+1", "80.0", "1e3", " 80", "80 ", "http", "٨٠", "8_0", "9" * 5_000]
)
def test_a_wrong_port_is_told_with_what_is_taken(port: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings({"PORT": port})
    assert str(caught.value) == "PORT must be a number from 0 to 65535"


def test_a_wrong_level_is_told_with_what_is_taken() -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings({"LOG_LEVEL": "LOUD"})
    assert str(caught.value) == "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL"


def test_a_wrong_format_is_told_with_what_is_taken() -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings({"LOG_FORMAT": "xml"})
    assert str(caught.value) == "LOG_FORMAT must be one of json, console"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        ("  a , b  ", ["a", "b"]),
        ("AZaz09-._~+/==", ["AZaz09-._~+/=="]),
        ("x" * 5_000, ["x" * 5_000]),
    ],
)
def test_tokens_are_divided_by_commas_and_spaces_do_not_count(given: str, read: list[str]) -> None:
    assert [token.value for token in load_settings({"API_TOKENS": given}).api_tokens] == read


@pytest.mark.parametrize(
    "given",
    [
        *(
            " ",
            ",",
            "a,",
            ",a",
            "a,,b",
            "a b",
            "a\tb",
            "a\n",
            "\ta",
            "a;b",
            '"a"',
            "a=b",
            "=",
            "a,=",
        ),
        *("ä", "\udcff", "a\0", "a,b:c", "\u00a0a", "٣"),
    ],
)
def test_wrong_tokens_are_told_with_what_is_taken_and_never_shown(given: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings({"API_TOKENS": f"{_CANARY},{given}"})
    assert str(caught.value) == (
        "API_TOKENS must be tokens with commas between them, each of letters, digits and"
        " -._~+/ with any number of = at its end"
    )
    assert caught.value.__cause__ is None
    assert _CANARY not in repr(caught.value.__context__)


@pytest.mark.parametrize(
    ("given", "read"), [("true", True), ("TRUE", True), ("False", False), ("false", False)]
)
def test_leave_to_read_is_true_or_false_in_any_letter_case(given: str, *, read: bool) -> None:
    assert load_settings({"ALLOW_ANONYMOUS_READS": given}).allow_anonymous_reads is read


@pytest.mark.parametrize("given", ["1", "yes", "on", " true", "true ", "t", "truee"])
def test_other_leave_to_read_is_told_with_what_is_taken(given: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings({"ALLOW_ANONYMOUS_READS": given})
    assert str(caught.value) == "ALLOW_ANONYMOUS_READS must be one of true, false"


def test_a_wrong_value_in_the_file_is_told_the_same_way(dotenv: Path) -> None:
    dotenv.write_text("PORT=x\n")
    with pytest.raises(InvalidSettings, match=r"^PORT must be"):
        load_settings({}, dotenv)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"WEBHOOK_SECRET=canary-secret\xff\n", 1),
        (b"PORT=1\n# caf\xe9\r\nWEBHOOK_SECRET=canary-secret\n", 2),
        (b"PORT=1\r\n\n\xe9", 3),
        ("WEBHOOK_SECRET=canary-secret\n".encode("utf-16"), 1),
        ("WEBHOOK_SECRET=canary-secret\n".encode("utf-16-le"), 1),
        (b"PORT=1\nOTHER=a\0b\n", 2),
    ],
)
def test_a_line_that_is_not_utf8_is_told_without_its_content(
    dotenv: Path, content: bytes, line: int
) -> None:
    dotenv.write_bytes(content)
    with pytest.raises(InvalidSettings) as caught:
        load_settings({}, dotenv)
    assert str(caught.value) == f"{dotenv}, line {line}: the line is not in UTF-8"


@pytest.mark.parametrize(
    "name",
    [
        *('"WEBHOOK_SECRET"', 'export "WEBHOOK_SECRET"', "`WEBHOOK_SECRET`", '"WEBHOOK_SECRET" '),
        *(
            "\u201cWEBHOOK_SECRET\u201d",
            "$WEBHOOK_SECRET",
            '"WEBHOOK_SECRET',
            "WEBHOOK_SECRET\u200b",
        ),
    ],
)
def test_a_variable_is_not_lost_to_quotes_around_its_name(dotenv: Path, name: str) -> None:
    dotenv.write_text(f"PORT=1\n{name}=canary-secret\n", encoding="utf-8")
    with pytest.raises(InvalidSettings) as caught:
        load_settings({}, dotenv)
    assert str(caught.value) == (
        f"{dotenv}, line 2: the line has more than the name WEBHOOK_SECRET before its =;"
        " write WEBHOOK_SECRET=VALUE"
    )


def test_names_of_other_programs_may_be_any(dotenv: Path) -> None:
    dotenv.write_text("'PORT'=1\nspring.port=2\n\"X\"=3\nMY-HOST=4\n")
    assert load_settings({}, dotenv) == Settings(port=1)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("WEBHOOK_SECRET='canary-secret\n", 1),
        ('PORT=1\n# why\n\n\nWEBHOOK_SECRET="canary-secret\nHOST=::1\n', 5),
        ("PORT=1\r\nWEBHOOK_SECRET='canary-secret' x\r\n", 2),
        ("WEBHOOK_SECRET canary-secret\n", 1),
        ("WEBHOOK_SECRET: canary-secret\n", 1),
        ("WEBHOOK_SECRET:canary-secret\n", 1),
        ("PORT=1\nWEBHOOK_SECRET\n", 2),
        ("WEBHOOK_SECRET=first\ncanary-secret\n", 2),
        ("=canary-secret\n", 1),
        ("export WEBHOOK_SECRET canary-secret", 1),
        ("OTHER='x\n", 1),
        ("WEBHOOK_SECRET='canary-secret\nHOST=::1\nOTHER='\n", 1),
        ('\n\t HOST="a\nb"\n', 2),
    ],
)
def test_a_broken_line_of_the_file_is_told_by_its_number(
    dotenv: Path, capfd: pytest.CaptureFixture[str], text: str, line: int
) -> None:
    dotenv.write_text(text)
    with pytest.raises(InvalidSettings) as caught:
        load_settings({"WEBHOOK_SECRET": "set"}, dotenv)
    assert str(caught.value).startswith(f"{dotenv}, line {line}: ")
    assert _CANARY not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_comments_empty_lines_and_what_a_shell_takes_are_no_broken_lines(dotenv: Path) -> None:
    dotenv.write_text(
        "\ufeff# why\n\n  PORT = 1  # which\n\texport HOST='::1' #\n"
        "OTHER='two\nlines'\nRETENTION_DAYS=1\nRETENTION_DAYS=2\nAPI_TOKENS= # none",
        encoding="utf-8",
    )
    settings = load_settings({}, dotenv)
    assert (settings.port, settings.host, settings.retention_days) == (1, "::1", 2)
    dotenv.write_text(r'WEBHOOK_SECRET="a\nb"')
    secret = load_settings({}, dotenv).webhook_secret
    assert secret
    assert secret.value == "a\nb"


def test_a_file_that_cannot_be_read_is_told(dotenv: Path, tmp_path: Path) -> None:
    dotenv.mkdir()
    with pytest.raises(InvalidSettings) as caught:
        load_settings({}, dotenv)
    assert str(caught.value) == f"{dotenv} is a folder, not a file; rename or remove it"
    dotenv.rmdir()
    dotenv.symlink_to(tmp_path / "lost")
    with pytest.raises(InvalidSettings) as caught:
        load_settings({}, dotenv)
    assert str(caught.value) == f"{dotenv} is a link to a file that does not exist"
    dotenv.unlink()
    dotenv.symlink_to(dotenv)
    with pytest.raises(InvalidSettings, match=r"^cannot read .*: Too many levels of symbolic link"):
        load_settings({}, dotenv)
    dotenv.unlink()
    os.mkfifo(dotenv)
    with pytest.raises(InvalidSettings) as caught:
        load_settings({}, dotenv)
    assert str(caught.value) == f"{dotenv} is not a regular file; rename or remove it"


def test_a_link_to_a_file_or_to_the_null_device_is_read(dotenv: Path, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("PORT=1\n")
    dotenv.symlink_to(tmp_path / "real")
    assert load_settings({}, dotenv) == Settings(port=1)
    dotenv.unlink()
    dotenv.symlink_to(os.devnull)
    assert load_settings({}, dotenv) == Settings()


def test_a_secret_need_not_be_utf8() -> None:
    undecodable = b"\xff\xc3".decode(errors="surrogateescape")  # as `os.environ` has it
    secret = load_settings({"WEBHOOK_SECRET": undecodable}).webhook_secret
    assert secret
    assert secret.key == b"\xff\xc3"


@pytest.mark.parametrize("value", ["${HOME}", "a#b", "ß😀", "a b", "$HOME", r"a\nb"])
def test_a_secret_in_the_file_is_kept_to_the_character(dotenv: Path, value: str) -> None:
    dotenv.write_text(f"WEBHOOK_SECRET='{value}'\n", encoding="utf-8")
    secret = load_settings({}, dotenv).webhook_secret
    assert secret
    assert (secret.value, secret.key) == (value, value.encode())


def test_the_secrets_show_themselves_to_nobody() -> None:
    settings = load_settings(
        {
            "WEBHOOK_SECRET": _CANARY,
            "WEBHOOK_SECRET_PREVIOUS": _CANARY,
            "API_TOKENS": f"{_CANARY},{_CANARY}2",
            "DATABASE_URL": f"postgresql://me:{_CANARY}@localhost/inbox",
            "DATABASE_READ_URL": f"postgresql://me:{_CANARY}@replica/inbox",
        }
    )
    for shown in (repr(settings), str(settings), f"{settings.webhook_secret}", repr([settings])):
        assert _CANARY not in shown
    assert "<secret>" in repr(settings)
    assert repr(Settings()).startswith("Settings(webhook_secret=None, ")
    assert "database_url='sqlite:///lyftr.db', " in repr(Settings())


def test_no_error_shows_the_secret() -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings({"WEBHOOK_SECRET": _CANARY, "PORT": "x"})
    error: BaseException | None = caught.value
    while error:
        assert _CANARY not in str(error) + repr(error)
        error = error.__cause__ or error.__context__


def test_a_secret_is_kept_to_the_character() -> None:
    for value in (" ", "  spaced  ", "${HOME}", "#", "ß😀"):
        settings = load_settings({"WEBHOOK_SECRET": value})
        assert settings.webhook_secret
        assert settings.webhook_secret.value == value


@pytest.mark.parametrize(
    ("given", "read"),
    [("lyftr", WebhookScheme.LYFTR), ("Standard", WebhookScheme.STANDARD)],
)
def test_letter_case_of_the_scheme_does_not_matter(given: str, read: WebhookScheme) -> None:
    assert load_settings({"WEBHOOK_SCHEME": given}).webhook_scheme is read


def test_a_wrong_scheme_is_told_with_what_is_taken() -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings({"WEBHOOK_SCHEME": "none"})
    assert str(caught.value) == "WEBHOOK_SCHEME must be one of lyftr, standard"


def test_a_previous_secret_alone_is_refused() -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings({"WEBHOOK_SECRET_PREVIOUS": _CANARY})
    assert str(caught.value) == "WEBHOOK_SECRET_PREVIOUS needs WEBHOOK_SECRET beside it"


@pytest.mark.parametrize(
    "secret", [_CANARY, f"whsec_{_CANARY}", "whsec_", "whsec_cw", "whsec_cw==\n", "whsec_\udcff"]
)
def test_a_secret_without_the_form_of_the_standard_is_told_and_not_shown(secret: str) -> None:
    right = "whsec_cw=="
    form = "must be whsec_ and then padded base64, as WEBHOOK_SCHEME is standard"
    for current, previous, refusal in (
        (secret, "", f"WEBHOOK_SECRET {form}"),
        (right, secret, f"WEBHOOK_SECRET_PREVIOUS {form}"),
        (secret, secret, f"WEBHOOK_SECRET {form}; WEBHOOK_SECRET_PREVIOUS {form}"),
    ):
        variables = {"WEBHOOK_SECRET": current, "WEBHOOK_SECRET_PREVIOUS": previous}
        with pytest.raises(InvalidSettings) as caught:
            load_settings({"WEBHOOK_SCHEME": "standard", **variables})
        assert str(caught.value) == refusal
        assert load_settings({"WEBHOOK_SCHEME": "lyftr", **variables}).webhook_secret


def test_everything_wrong_is_told_at_once() -> None:
    wrong = {"WEBHOOK_SECRET_PREVIOUS": "s", "WEBHOOK_SCHEME": "standard", "PORT": "x"}
    with pytest.raises(InvalidSettings) as caught:
        load_settings(wrong)
    assert [part.split()[0] for part in str(caught.value).split("; ")] == [
        *("PORT", "WEBHOOK_SECRET_PREVIOUS", "WEBHOOK_SECRET_PREVIOUS"),
    ]


def test_other_variables_do_not_matter() -> None:
    assert load_settings({"port": "1", "LYFTR_PORT": "2", "PATH": "/bin"}) == Settings()


def test_settings_and_secrets_cannot_be_changed() -> None:
    settings = load_settings({})
    with pytest.raises(AttributeError):
        settings.port = 1  # type: ignore[misc] # the test expects a refusal
    with pytest.raises(AttributeError):
        Secret("a").other = 1  # type: ignore[attr-defined] # as above
