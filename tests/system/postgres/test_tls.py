"""TLS to PostgreSQL, as the options of the URL ask for it: libpq gets them as they are."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.postgresql.accounts import give, unprivileged
from tests.support.postgresql.server import USER, PostgresServer
from tests.support.server import Lyftr, Serve, refusal

_DAYS = "2"
_NEW_KEY = ("-newkey", "rsa:2048", "-nodes")
_NAMED = "subjectAltName = DNS:localhost"
# Every connection by TCP has to be encrypted, and to bring a certificate of the user.
_RULES = """local all all trust
hostssl all all 127.0.0.1/32 trust clientcert=verify-full
"""
_CONNECTIONS = """SELECT count(*) >= 4 AND bool_and(ssl) AND bool_and(client_dn = '/CN=postgres')
    FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'lyftr'"""


class Pair(NamedTuple):
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates.

    Args:
        folder: Where it and they are.
        name: What it is called.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.own = Pair(folder / f"{name}.crt", folder / f"{name}.key")
        made = ("-keyout", str(self.own.key), "-out", str(self.own.certificate))
        _openssl("req", "-x509", "-subj", f"/CN={name}", "-days", _DAYS, *_NEW_KEY, *made)

    def sign(self, common_name: str, extension: str) -> Pair:
        """Return a new certificate with its key."""
        pair = Pair(self._folder / f"{common_name}.crt", self._folder / f"{common_name}.key")
        request, extensions = pair.key.with_suffix(".csr"), pair.key.with_suffix(".ext")
        extensions.write_text(f"{extension}\n")
        made = ("-keyout", str(pair.key), "-out", str(request))
        _openssl("req", "-subj", f"/CN={common_name}", *_NEW_KEY, *made)
        by = ("-CA", str(self.own.certificate), "-CAkey", str(self.own.key), "-CAcreateserial")
        signed = ("-in", str(request), "-out", str(pair.certificate), "-extfile", str(extensions))
        _openssl("x509", "-req", "-days", _DAYS, *by, *signed)
        pair.key.chmod(0o600)  # libpq takes no key that others may read
        return pair


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not there to make certificates")
    return Authority(tmp_path, "authority")


@pytest.fixture
def server(primary_to_break: PostgresServer, authority: Authority) -> PostgresServer:
    """A PostgreSQL that takes nothing by TCP but with TLS and a certificate of the client."""
    if primary_to_break.sql("SHOW ssl_library") == "":
        pytest.skip("this PostgreSQL is built without TLS")
    own = authority.sign("localhost", _NAMED)
    given = {"ssl_cert_file": own.certificate, "ssl_key_file": own.key}
    given["ssl_ca_file"] = authority.own.certificate
    for file in given.values():
        give(Path(shutil.copy(file, primary_to_break.data)), unprivileged())
    (primary_to_break.data / "pg_hba.conf").write_text(_RULES)
    files = {setting: file.name for setting, file in given.items()}
    primary_to_break.configure(ssl="on", **files)
    primary_to_break.restart()
    return primary_to_break


def url(server: PostgresServer, *options: str, host: str = "localhost") -> str:
    """Return the URL of a host, whose address is not asked for."""
    by = "&".join((f"hostaddr=127.0.0.1&port={server.port}", *options))
    return f"postgresql://{USER}@{host}/inbox?{by}"


def test_every_connection_is_encrypted_and_both_sides_have_shown_who_they_are(
    serve: Serve, lyftr: Lyftr, server: PostgresServer, authority: Authority
) -> None:
    client = authority.sign(USER, "extendedKeyUsage = clientAuth")
    shown = (f"sslcert={client.certificate}", f"sslkey={client.key}")
    trusted = ("sslmode=verify-full", f"sslrootcert={authority.own.certificate}")
    with serve(DATABASE_URL=url(server, *trusted, *shown)) as running:
        running.deliver("m1").raise_for_status()
        assert running.http.get("/messages").json()["total"] == 1
        assert running.http.get("/health/ready").status_code == 200
        assert server.sql(_CONNECTIONS) == "t"
    stats = lyftr("stats", "--json", DATABASE_URL=url(server, *trusted, *shown))
    assert b'"total_messages":1' in stats.stdout


def test_who_is_not_trusted_is_refused_in_one_line(
    lyftr: Lyftr, server: PostgresServer, authority: Authority, tmp_path: Path
) -> None:
    client = authority.sign(USER, "extendedKeyUsage = clientAuth")
    shown = (f"sslcert={client.certificate}", f"sslkey={client.key}")
    other = Authority(tmp_path, "somebody-else").own.certificate

    def refused(*options: str, host: str = "localhost") -> str:
        return refusal(lyftr("stats", DATABASE_URL=url(server, *options, host=host)))

    trusted = f"sslrootcert={authority.own.certificate}"
    full = "sslmode=verify-full"
    assert "certificate verify failed" in refused(full, f"sslrootcert={other}", *shown)
    assert "not match host name" in refused(full, trusted, *shown, host="elsewhere")
    assert "valid client certificate" in refused(full, trusted)
    assert "no encryption" in refused("sslmode=disable")


def _openssl(*arguments: str) -> None:
    command = ["openssl", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
