"""The SSH face of the switch: VTYs, login, echo, paging; lines go to a Session."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import asyncssh

from lab.switch.machine import Machine
from lab.switch.session import Session
from lab.switch.spec import User

MORE = " --More-- "
ERASE = "\b" * 9 + " " * 8 + "\b" * 9


class Login(asyncssh.SSHServer):
    """One connection: it takes a VTY as soon as it is made, and gives it back when it is lost."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.line: int | None = None
        self.host = ""
        self.user: User | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Without a free VTY the connection is closed at once: Cisco, "Configuring Secure Shell", number of vtys."""
        self.host = str(conn.get_extra_info("peername")[0])
        self.line = self.machine.free_line()
        if self.line is None:
            self.machine.log.log("SSH-3-NO_FREE_VTY", f"No free VTY line for connection from {self.host}")
            conn.abort()
            return
        self.machine.lines[self.line] = ("", self.host)
        self.machine.line_uses[self.line] = self.machine.line_uses.get(self.line, 0) + 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Free the VTY."""
        if self.line is not None:
            self.machine.lines.pop(self.line, None)

    def begin_auth(self, username: str) -> bool:
        """A password is always asked for."""
        return True

    def password_auth_supported(self) -> bool:
        """And nothing else is."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Against the local users; each attempt is logged as `login on-success|on-failure log` does."""
        user = next((one for one in self.machine.spec.users if one.name == username), None)
        good = user is not None and user.password == password
        outcome = "Success" if good else "failed"
        self.machine.log.log(
            f"SEC_LOGIN-{5 if good else 4}-LOGIN_{outcome.upper()}",
            f"Login {outcome} [user: {username}] [Source: {self.host}] [localport: 22]",
        )
        if good and self.line is not None:
            self.user = user
            self.machine.lines[self.line] = (username, self.host)
        return good


class Terminal:
    """Characters in and out of one session: echo, line editing, paging."""

    def __init__(self, process: asyncssh.SSHServerProcess[str], session: Session) -> None:
        self.process, self.session = process, session
        self._after_return = False
        self._typed: list[str] = []

    def write(self, text: str) -> None:
        """Send text with the line ends of a terminal."""
        self.process.stdout.write(text.replace("\r\n", "\n").replace("\n", "\r\n"))

    def notice(self, message: str) -> None:
        """A log message, where the session wants them (`terminal monitor`)."""
        if self.session.monitor:
            self.write(f"\n{message}\n")

    async def key(self) -> str:
        """The next character; raises EOFError at the end."""
        while not self._typed:
            try:
                data = await self.process.stdin.read(1024)
            except (asyncssh.TerminalSizeChanged, asyncssh.BreakReceived, asyncssh.SignalReceived):
                continue
            if not data:
                raise EOFError
            self._typed.extend(data)
        return self._typed.pop(0)

    async def line(self) -> str:
        """A line as typed: return ends it, backspace and Control-U edit, Control-C gives it up, Control-Z is `end`."""
        text = ""
        hidden = bool(self.session.question and self.session.question.hidden)
        while True:
            key = await self.key()
            if key == "\n" and self._after_return:
                self._after_return = False
                continue
            self._after_return = key == "\r"
            if key in "\r\n":
                self.write("\n")
                return text
            if self.session.question and self.session.question.key:
                self.write("\n")
                return key
            if key in "\x03\x1a":
                self.write("^C\n" if key == "\x03" else "^Z\n")
                return "" if key == "\x03" else "end"
            text = self._edit(text, key, hidden)

    def _edit(self, text: str, key: str, hidden: bool) -> str:
        if key in "\b\x7f":
            if text and not hidden:
                self.write("\b \b")
            return text[:-1]
        if key == "\x15":
            self.write("\b \b" * len(text))
            return ""
        if key.isprintable():
            if not hidden:
                self.write(key)
            return text + key
        return text

    async def page(self, text: str) -> None:
        """Print with `--More--` after each screenful, unless `terminal length 0`."""
        lines = list(_wrapped(text, self.session.width))
        room = self.session.length - 1
        shown = 0
        for at, line in enumerate(lines):
            if self.session.length and shown >= room and at < len(lines):
                self.write(MORE)
                key = await self.key()
                self.process.stdout.write(ERASE)
                if key in "qQ\x03":
                    return
                shown = room - 1 if key in "\r\n" else 0
            self.write(line)
            shown += 1

    async def run(self) -> None:
        """The session from its first prompt to its end."""
        self.write("\n" + self.session.prompt)
        while not self.session.closed:
            typed = await self.line()
            if typed == "end" and not self.session.mode.startswith("config"):
                answer = self.session.handle("" if not self.session.question else typed)
            else:
                answer = self.session.handle(typed)
            await self.page(answer)
            if not self.session.closed:
                self.write(self.session.prompt)


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Lines with their ends, broken at the terminal's width as IOS breaks them."""
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\n")
        while width and len(bare) > width:
            yield bare[:width] + "\n"
            bare = bare[width:]
        yield bare + ("\n" if line.endswith("\n") else "")


async def hang_up(process: asyncssh.SSHServerProcess[str]) -> None:
    """Close the channel, and the connection once the other side has read what was said (or after a second)."""
    process.exit(0)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait_closed(), 1)
    process.get_extra_info("connection").close()


async def serve_process(process: asyncssh.SSHServerProcess[str], machine: Machine) -> None:
    """A shell; single commands (`ssh switch show version`) are refused."""
    login = process.get_extra_info("connection").get_owner()
    if process.command is not None or login.user is None or login.line is None:
        process.stdout.write("Exec channel is not supported.\r\n")
        process.exit(255)
        return
    session = Session(machine, login.user, login.line, login.host)
    terminal = Terminal(process, session)
    end: Callable[[], None] = process.close
    machine.on_reboot.append(end)
    machine.log.listeners.append(terminal.notice)
    try:
        await terminal.run()
    except (EOFError, asyncssh.ConnectionLost, BrokenPipeError):
        pass  # the other side hung up; closing the session below is all that is left to do
    finally:
        machine.on_reboot.remove(end)
        machine.log.listeners.remove(terminal.notice)
        session.close()
        await hang_up(process)


async def listen(machine: Machine, sock: socket.socket | None = None) -> asyncssh.SSHAcceptor:
    """Listen on the management address, or on a socket that is bound already."""
    where = {"sock": sock} if sock else {"host": machine.spec.management_ip, "port": machine.spec.ssh_port}

    async def process(one: asyncssh.SSHServerProcess[str]) -> None:
        await serve_process(one, machine)

    return await asyncssh.listen(
        **where,
        server_factory=lambda: Login(machine),
        server_host_keys=[machine.spec.host_key_file],
        process_factory=process,
        line_editor=False,
        reuse_address=True,
        login_timeout=120,
    )


def closing(acceptor: asyncssh.SSHAcceptor) -> asyncio.Future[None]:
    """Stop listening."""
    acceptor.close()
    return asyncio.ensure_future(acceptor.wait_closed())
