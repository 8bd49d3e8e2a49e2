"""The server by HTTPS: with the county's own certificate, and a clear word where that cannot be used."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dashboards import assets
from dashboards.server import check_certificate
from geo.errors import Refused
from tests.dashboards.doors import staffed

PATIENCE = timedelta(seconds=60)


def own_certificate(folder: Path, password: bytes | None = None) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    folder.mkdir(exist_ok=True)
    made = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begins = datetime.now(UTC) - timedelta(days=1)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(made, hashes.SHA256())
    )
    certificate, key = folder / "county.crt", folder / "county.key"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    key.write_bytes(
        made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, locked)
    )
    return certificate, key


def test_it_is_served_encrypted_and_the_cookie_never_goes_in_the_clear(
    county_folder: Path, tmp_path: Path
) -> None:
    assets.install()
    certificate, key = own_certificate(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = staffed(county_folder, tmp_path)
    command = [sys.executable, "-m", "pipelines", "serve", str(root), "--port", str(port)]
    command += ["--certificate", str(certificate), "--key", str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            assert f"https://127.0.0.1:{port}" in process.stdout.readline()
            status, headers = asked(port, certificate, "/sign-in")
            assert status == 200
            assert "; Secure" in headers["set-cookie"]
            assert asked(port, certificate, "/print")[1]["location"].startswith("/sign-in")
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as plain:
                plain.request("GET", "/sign-in")
                with pytest.raises((http.client.HTTPException, OSError)):
                    plain.getresponse()
        finally:
            process.terminate()


def asked(port: int, certificate: Path, path: str) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer to whoever trusts that certificate; waits until the server is there."""
    trusting = ssl.create_default_context(cafile=str(certificate))
    end = time.monotonic() + PATIENCE.total_seconds()
    while True:
        with closing(http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=trusting)) as line:
            try:
                line.request("GET", path, headers={"accept": "text/html"})
                answer = line.getresponse()
                return answer.status, {name.lower(): value for name, value in answer.getheaders()}
            except ConnectionError:
                if time.monotonic() > end:
                    raise
        time.sleep(0.1)


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path)
    check_certificate(None, None)
    check_certificate(certificate, key)
    for given in ((certificate, None), (None, key)):
        with pytest.raises(Refused) as refused:
            check_certificate(*given)
        assert refused.value.code == "certificate_alone"


def test_what_cannot_be_used_is_refused_before_anything_listens(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path / "one")
    other, locked = own_certificate(tmp_path / "other", b"secret")
    (tmp_path / "text.crt").write_text("no certificate")
    for given in (
        (tmp_path / "missing.crt", key),
        (certificate, tmp_path / "missing.key"),
        (tmp_path / "text.crt", key),
        (other, key),
        (other, locked),
    ):
        with pytest.raises(Refused) as refused:
            check_certificate(*given)
        assert refused.value.code == "certificate_unusable"
        assert str(given[0]) in refused.value.words("zh") and "None" not in refused.value.words("en")
