"""Notices arrive: at real servers on the loopback, over each transport, signed, encrypted, or refused."""

from __future__ import annotations

import hmac
import json
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent.config import NotifySettings
from agent.model.errors import EnvironmentFault, UnknownName
from agent.model.notice import Notice, NoticeKind
from agent.notify import notifiers
from agent.ports import Notifier, Secret

NOTICE = Notice(
    "new_device r-1", NoticeKind.NEW_DEVICE, "taipei-hq", datetime(2026, 11, 22, 8, 0, 0, 5000, UTC),
    "taipei-hq: 1 new device", "d-1: printer HP 影印機\nd-2: phone", (("run", "r-1"),),
)  # fmt: skip


class Known:
    """Credentials as a file would hold them."""

    def __init__(self, **values: str) -> None:
        self._secret = Secret("desk", values)

    def get(self, name: str) -> Secret:
        if name != "desk":
            raise UnknownName(f"there is no credential '{name}'")
        return self._secret

    def names(self) -> tuple[str, ...]:
        return ("desk",)


def way(url: str, known: Known | None = None, **settings: Any) -> Notifier:
    return notifiers([NotifySettings("way", url, **settings)], known or Known(password="s3cret"))["way"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's certificate for 127.0.0.1, and its key, in one file."""
    made = tmp_path_factory.mktemp("tls") / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", made.with_name("key"),
         "-out", made.with_name("certificate")],
        check=True, capture_output=True,
    )  # fmt: skip
    made.write_bytes(made.with_name("key").read_bytes() + made.with_name("certificate").read_bytes())
    return made


def secured(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]  # type: ignore[index]  # an Internet address has a port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def check_syslog(message: bytes) -> None:
    head, text = message.split(b"\xef\xbb\xbf")
    assert head.startswith(b"<109>1 2026-11-22T08:00:00.005Z ")
    assert head.split(b" ")[3] == b"lanward" and head.split(b" ")[5:7] == [b"new_device", b"-"]
    assert text.decode() == "taipei-hq: 1 new device | d-1: printer HP 影印機 | d-2: phone | run=r-1"


def test_syslog_over_udp_and_a_local_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        way(f"udp://127.0.0.1:{server.getsockname()[1]}").tell(NOTICE)
        check_syslog(server.recv(4096))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(f"{tmp_path}/log")
        server.settimeout(5)
        way(f"unix://{tmp_path}/log").tell(NOTICE)
        check_syslog(server.recv(4096))


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_syslog_over_a_stream_is_counted(scheme: str, certificate: Path) -> None:
    got: list[bytes] = []
    done = threading.Event()

    class Server(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            stream = secured(certificate).wrap_socket(self.request, server_side=True) if scheme == "tls" else None
            with (stream or self.request).makefile("rb") as file:
                got.append(file.read())
            done.set()

    with serving(socketserver.TCPServer(("127.0.0.1", 0), Server)) as port:
        way(f"{scheme}://127.0.0.1:{port}", ca=certificate).tell(NOTICE)
        assert done.wait(5)
    length, _, message = got[0].partition(b" ")
    assert int(length) == len(message)
    check_syslog(message)


def test_a_server_that_nobody_vouches_for_gets_nothing(certificate: Path) -> None:
    class Server(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with pytest.raises(ssl.SSLError):
                secured(certificate).wrap_socket(self.request, server_side=True)

    with (
        serving(socketserver.TCPServer(("127.0.0.1", 0), Server)) as port,
        pytest.raises(EnvironmentFault, match="way"),
    ):
        way(f"tls://127.0.0.1:{port}").tell(NOTICE)


@pytest.mark.parametrize(
    "url", ["tcp://127.0.0.1:9", "unix:///nowhere/log", "http://127.0.0.1:9/x", "smtp://127.0.0.1:9"]
)
def test_nobody_there_is_one_line(url: str) -> None:
    with pytest.raises(EnvironmentFault, match=r"^way") as error:
        way(url, sender="a@example.com", to=("b@example.com",)).tell(NOTICE)
    assert "\n" not in str(error.value)


class Hook(BaseHTTPRequestHandler):
    answer = 204
    got: list[tuple[str | None, bytes]]

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.headers["X-Lanward-Signature"], sent))
        self.send_response(self.answer)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_: Any) -> None:
        return


def hook(answer: int) -> type[Hook]:
    return type("Hook", (Hook,), {"answer": answer, "got": []})


def test_a_webhook_is_signed_with_the_named_secret() -> None:
    handler = hook(204)
    with serving(HTTPServer(("127.0.0.1", 0), handler)) as port:
        way(f"http://127.0.0.1:{port}/x", credential="desk").tell(NOTICE)
        way(f"http://127.0.0.1:{port}/x").tell(NOTICE)
    (signature, sent), (unsigned, _) = handler.got
    assert signature == f"sha256={hmac.new(b's3cret', sent, 'sha256').hexdigest()}" and unsigned is None
    document = json.loads(sent)
    assert document["key"] == "new_device r-1" and document["facts"] == {"run": "r-1"}
    assert document["at"] == "2026-11-22T08:00:00.005000Z" and b"s3cret" not in sent


@pytest.mark.parametrize("answer", [302, 404, 500])
def test_any_other_answer_is_a_failure_and_leads_nowhere(answer: int) -> None:
    handler = hook(answer)
    with (
        serving(HTTPServer(("127.0.0.1", 0), handler)) as port,
        pytest.raises(EnvironmentFault, match=str(answer)),
    ):
        way(f"http://127.0.0.1:{port}/x").tell(NOTICE)
    assert len(handler.got) == 1


def test_a_credential_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownName, match="nobody"):
        way("http://127.0.0.1:9/x", credential="nobody").tell(NOTICE)


class Post(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a client needs; STARTTLS where a certificate is there."""

    certificate: Path | None
    said: list[str]

    def handle(self) -> None:
        self.answer("220 here")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            line = f"{verb.upper()} {rest}".rstrip()
            self.said.append(line)
            if line.startswith("EHLO"):
                offer = ["250-here", "250-AUTH PLAIN"] + (["250-STARTTLS"] if self.certificate else [])
                self.answer("\r\n".join((*offer, "250 8BITMIME")))
            elif line == "STARTTLS":
                self.answer("220 go on")
                assert self.certificate is not None
                self.request = secured(self.certificate).wrap_socket(self.request, server_side=True)
                self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
            elif line == "DATA":
                self.answer("354 go on")
                data: list[str] = []
                while (text := self.rfile.readline().decode()) != ".\r\n":
                    data.append(text)
                self.said.append("".join(data))
                self.answer("250 taken")
            elif line == "QUIT":
                self.answer("221 bye")
                return
            else:
                self.answer("235 ok" if line.startswith("AUTH") else "250 ok")

    def answer(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def post(certificate: Path | None) -> type[Post]:
    return type("Post", (Post,), {"certificate": certificate, "said": []})


def mail(port: int, **settings: Any) -> Notifier:
    known = Known(username="lanward", password="s3cret")
    return way(f"smtp://127.0.0.1:{port}", known, sender="lw@example.com", to=("a@example.com",), **settings)


def test_a_mail_is_sent_under_starttls(certificate: Path) -> None:
    server = post(certificate)
    with serving(socketserver.TCPServer(("127.0.0.1", 0), server)) as port:
        mail(port, ca=certificate, credential="desk").tell(NOTICE)
    told = server.said
    assert told.index("STARTTLS") < next(n for n, line in enumerate(told) if line.startswith("AUTH"))
    letter = next(line for line in told if line.startswith("Subject:"))
    assert "Subject: taipei-hq: 1 new device" in letter and "Auto-Submitted: auto-generated" in letter
    assert letter.count("Message-ID: <") == 1 and "s3cret" not in letter


def test_no_password_goes_over_the_wire_in_clear() -> None:
    server = post(None)
    with (
        serving(socketserver.TCPServer(("127.0.0.1", 0), server)) as port,
        pytest.raises(EnvironmentFault, match="no STARTTLS"),
    ):
        mail(port, credential="desk").tell(NOTICE)
    assert not [line for line in server.said if line.startswith(("AUTH", "MAIL"))]


def test_a_mail_without_a_credential_goes_through_a_relay() -> None:
    server = post(None)
    with serving(socketserver.TCPServer(("127.0.0.1", 0), server)) as port:
        mail(port).tell(NOTICE)
    assert any(line.startswith("RCPT TO:<a@example.com>") for line in server.said)
