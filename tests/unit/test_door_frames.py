"""Frames, one connection and its files: whatever a client sends is a request or refused, and no file is another's."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.door import client, files
from agent.door.caller import VARIABLE, caller
from agent.door.frames import (
    HEADER,
    MOST_GIVEN,
    MOST_OCTETS,
    MOST_WORDS,
    BadFrame,
    Decoder,
    Frame,
    Kind,
    Request,
    parse_request,
)
from agent.door.lending import Lending
from agent.door.line import Line, peer
from agent.model.errors import BadInput, EnvironmentFault, Refused

ASKED = Request(("devices", "--json"), {"TERM": "xterm"}, "/home/ann", "/home/ann")

# -- frames ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.builds(Frame, st.sampled_from(Kind), st.binary(max_size=300))), st.integers(1, 50))
def test_frames_arrive_whole_however_they_are_cut(sent: list[Frame], size: int) -> None:
    octets, decoder = b"".join(frame.encoded() for frame in sent), Decoder()
    pieces = (octets[at : at + size] for at in range(0, len(octets), size))
    assert [frame for piece in pieces for frame in decoder.feed(piece)] == sent


@given(st.lists(st.binary(max_size=60)))
def test_any_octets_are_frames_or_refused(pieces: list[bytes]) -> None:
    decoder = Decoder()
    try:
        for piece in pieces:
            assert all(len(frame.body) <= MOST_OCTETS for frame in decoder.feed(piece))
    except BadFrame:
        return


def test_a_length_is_refused_before_its_octets_come() -> None:
    with pytest.raises(BadFrame, match="4294967295 octets"):
        Decoder().feed(HEADER.pack(b"R", 0xFFFFFFFF))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(max_size=9), one, max_size=4),
    max_leaves=9,
)
FIELDS = st.fixed_dictionaries(dict.fromkeys(("words", "terminal", "directory", "home"), JSON))


@given(st.binary(max_size=200) | (JSON | FIELDS).map(lambda one: json.dumps(one).encode()))
def test_any_request_is_one_or_refused(body: bytes) -> None:
    try:
        request = parse_request(body)
    except BadFrame:
        return
    assert request.directory.startswith("/") and all(isinstance(word, str) for word in request.words)


def test_a_request_says_of_the_environment_what_a_terminal_is_and_no_more() -> None:
    assert parse_request(ASKED.encoded()) == ASKED
    told = {"TERM": "xterm", "LANG": "../../evil", "LANWARD_DB": "x", "PYTHONPATH": "/tmp", "LC_ALL": "zh_TW.UTF-8"}
    sizes = {"COLUMNS": "1000000000", "LINES": "40"}
    request = parse_request(Request((), told | sizes, "/", "/").encoded())
    assert request.terminal == {"TERM": "xterm", "LC_ALL": "zh_TW.UTF-8", "LINES": "40"}


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, Request(("x",) * (MOST_WORDS + 1), {}, "/", "/").encoded(), b'{"words": []}']
)
def test_a_request_that_is_too_much_or_not_enough(body: bytes) -> None:
    with pytest.raises(BadFrame):
        parse_request(body)


def test_a_command_line_that_no_frame_holds_is_the_callers_fault() -> None:
    with pytest.raises(BadInput, match="too long for one command"):
        Request(("x" * MOST_OCTETS,), {}, "/", "/").encoded()


@given(st.text(alphabet="./a~\\", max_size=20), st.text(alphabet="./b", max_size=9))
def test_no_path_leads_above_the_root(text: str, directory: str) -> None:
    path = files.absolute(text, f"/{directory}")
    assert path.startswith("/") and ".." not in path.split("/")
    assert path == files.absolute(path, "/")


# -- one connection ----------------------------------------------------------------------------------------------------


@contextmanager
def pair() -> Iterator[tuple[socket.socket, Line]]:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with one, other:
        yield one, Line(other)


def send_streams(one: socket.socket, octets: bytes, count: int) -> None:
    socket.send_fds(one, [octets], [0] * count)


@pytest.mark.parametrize(
    "hostile",
    [
        lambda one: None,
        lambda one: one.close(),
        lambda one: send_streams(one, Frame(Kind.REQUEST, ASKED.encoded()).encoded()[:9], 3),
        lambda one: send_streams(one, Frame(Kind.REQUEST, ASKED.encoded()).encoded(), 2),
        lambda one: send_streams(one, Frame(Kind.SIGNAL, b"INT").encoded(), 3),
        lambda one: [send_streams(one, bytes([octet]), 3) for octet in b"R\0\0"],
        lambda one: one.sendall(b"GET / HTTP/1.1\r\n\r\n"),
    ],
    ids=["silence", "gone", "half", "streams", "signal", "descriptors", "http"],
)
def test_what_is_no_request_is_refused_in_time_and_leaves_no_descriptor(
    hostile: Callable[[socket.socket], object],
) -> None:
    before = set(os.listdir("/proc/self/fd"))
    with pair() as (one, line):
        hostile(one)
        started = time.monotonic()
        with pytest.raises(BadFrame):
            line.receive_request(0.3)
        assert time.monotonic() - started < 2
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_request_arrives_with_the_callers_own_streams() -> None:
    with pair() as (one, line), TemporaryDirectory() as made, (Path(made) / "out").open("w+") as out:
        Line(one).send_request(ASKED, (out.fileno(), out.fileno(), out.fileno()))
        request, streams = line.receive_request(5)
        assert request == ASKED and peer(line.connection) == os.geteuid()
        os.write(streams[1], b"told")
        assert (Path(made) / "out").read_text() == "told"
        for stream in streams:
            os.close(stream)


@contextmanager
def lending(home: Path, *words: str, root: bool = False) -> Iterator[Lending]:
    """Both ends of a request's files; the caller stands in `home`."""
    (home / "room").mkdir()
    request = Request(words, {}, str(home), str(home))
    reading, writing = os.pipe()
    with pair() as (one, line):
        lent = Lending(line, request, home / "room")
        talk = Thread(target=client.Conversation(Line(one), request, root=root).follow, args=(reading,))
        answers = Thread(target=answers_of, args=(lent,))
        for thread in (talk, answers):
            thread.start()
        yield lent
        line.send(Kind.EXIT, b"{}")
        talk.join()
        one.shutdown(socket.SHUT_RDWR)
        answers.join()
    os.close(reading)
    os.close(writing)


def answers_of(lent: Lending) -> None:
    while (frame := lent.line.receive()) is not None:
        lent.answers.put(frame)


def test_the_caller_reads_only_what_he_named(tmp_path: Path) -> None:
    for name in ("named.csv", "other.csv"):
        (tmp_path / name).write_bytes(name.encode() * 50_000)
    with lending(tmp_path, "import", "devices", "named.csv", "--map=~/gone.csv") as lent:
        place = lent.given("named.csv")
        assert place.is_relative_to(lent.room) and place.read_bytes() == b"named.csv" * 50_000
        assert lent.shown(f"{place}: 3 rows") == "named.csv: 3 rows"
        with pytest.raises(BadInput, match=r"other\.csv: cannot be read: it is not named on the command line"):
            lent.given("other.csv")
        with pytest.raises(BadInput, match="cannot be read: No such file"):
            lent.given("~/gone.csv")


def test_the_caller_writes_what_he_named(tmp_path: Path) -> None:
    """And nothing else; neither through a link that somebody put there, nor over a pipe."""
    (tmp_path / "old.csv").write_text("old")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "a.csv").write_text("old")
    (tmp_path / "pack" / ".a.csv.partial").symlink_to(tmp_path / "old.csv")
    os.mkfifo(tmp_path / "pack" / "pipe")
    pipe = os.open(tmp_path / "pack" / "pipe", os.O_RDWR)
    with lending(tmp_path, "export", "--output=pack", "--ticket=") as lent:
        for name in ("a.csv", "pipe"):
            deliver(lent, f"pack/{name}", "new")
        for text in ("old.csv", "new.csv", ".bashrc", "pack/../old.csv"):
            refused(lent, text)
    assert os.read(pipe, 9) == b"new" and (tmp_path / "pack" / "pipe").is_fifo()
    os.close(pipe)
    assert left(tmp_path) == {"old.csv": "old", "pack/a.csv": "new"}


@pytest.mark.parametrize("root", [False, True])
def test_the_screens_write_what_is_new_and_seen_but_not_for_root(tmp_path: Path, root: bool) -> None:
    (tmp_path / "old.csv").write_text("old")
    with lending(tmp_path, "tui", root=root) as lent:
        for text in ("old.csv", ".bashrc", ".config/x", *(["new.csv"] if root else [])):
            refused(lent, text)
        if not root:
            deliver(lent, "~/new.csv", "new")
    assert left(tmp_path) == {"old.csv": "old"} | ({} if root else {"new.csv": "new"})


def deliver(lent: Lending, text: str, octets: str) -> None:
    place = lent.written(text)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(octets)
    lent.deliver(place)


def refused(lent: Lending, text: str) -> None:
    with pytest.raises(EnvironmentFault, match="cannot be written: it is no word of the command line"):
        deliver(lent, text, "evil")


def left(home: Path) -> dict[str, str]:
    shutil.rmtree(home / "room")
    return {str(path.relative_to(home)): path.read_text() for path in home.rglob("*") if path.is_file()}


def test_what_one_request_reads_has_an_end(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(MOST_GIVEN // 2 + 1)
    with lending(tmp_path, "big") as lent:
        lent.given("big")
        with pytest.raises(BadInput, match="with what came before it"):
            lent.given("big")
        lent.deliver()
    assert (tmp_path / "big").stat().st_size == MOST_GIVEN // 2 + 1, "what came in part is not sent back"


# -- who is behind a process -------------------------------------------------------------------------------------------


def test_a_variable_is_nobodys_name(tmp_path: Path) -> None:
    assert caller({}, tmp_path, "inventory.db") is None
    (tmp_path / "inventory.db").touch()
    with pair() as (one, _):
        for value in (str(one.fileno()), "9999", "ann", ""):
            with pytest.raises(Refused, match="names no connection to this agent"):
                caller({VARIABLE: value}, tmp_path / "door", str(tmp_path / "inventory.db"))
