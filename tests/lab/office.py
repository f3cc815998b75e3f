"""An office of several operating-system users: the agent owns database and credentials, people come by its socket.

As docs/agent.md and docs/systemd/ say it; the users are Debian's own, so that none has to be made.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.lab.site import LANWARD, Site

REPOSITORY = Path(__file__).parents[2]
AGENT, REQUESTER, APPROVER = "news", "games", "daemon"
ROLES = {"requester": f'["{REQUESTER}", "{AGENT}"]', "approver": f'["{APPROVER}"]'}

PATIENCE = 30.0
"""Seconds that a screen may take to show what is waited for."""


@dataclass(frozen=True)
class Office:
    """A site whose files stand in a directory that only the agent's user can open."""

    site: Site

    @property
    def directory(self) -> Path:
        return self.site.directory / "office"

    @property
    def config(self) -> Path:
        return self.directory / "lanward.toml"

    @property
    def socket(self) -> Path:
        return self.site.directory / "run" / "lanward.sock"

    def furnish(self) -> None:
        """Hand the site's files over to the agent's user."""
        owner = pwd.getpwnam(AGENT)
        self.site.set_toml("roles", **ROLES)
        self.site.set_toml("agent", socket=f'"{self.socket}"')
        for directory, mode in ((self.directory, 0o700), (self.socket.parent, 0o755)):
            directory.mkdir()
            directory.chmod(mode)
            os.chown(directory, owner.pw_uid, owner.pw_gid)
        for name in ("lanward.toml", "policy.yaml", "credentials.toml", "inventory.db"):
            made = Path(shutil.copy(self.site.directory / name, self.directory / name))
            made.chmod(0o600)
            os.chown(made, owner.pw_uid, owner.pw_gid)

    def script(self, user: str, *words: str) -> Path:
        """What runs WORDS as that user on the agent's machine."""
        number = pwd.getpwnam(user)
        raw = ("--inh-caps=-all,+net_raw", "--ambient-caps=+net_raw") if user == AGENT else ("--inh-caps=-all",)
        group = str(number.pw_gid)
        become = ("setpriv", "--reuid", user, "--regid", group, "--groups", group, *raw, "--reset-env")
        as_user = shlex.join([*become, "env", "LC_ALL=C.UTF-8", f"LANWARD_SOCKET={self.socket}", *words])
        script = self.site.directory / f"{user}-{len(words)}-{Path(words[-1]).name}.sh"
        script.write_text("\n".join(["set -e", *walls_down(self.site.directory / "hold"), f"exec {as_user}", ""]))
        return script

    def command(self, script: Path) -> list[str]:
        """A script in the agent's namespaces, of the network and of mounts."""
        return ["ip", "netns", "exec", self.site.lab.truth()["namespaces"]["agent"], "sh", str(script)]

    def lanward(self, user: str, *words: str) -> list[str]:
        """A person's command, which the agent is asked to do: no configuration, no database."""
        return self.command(self.script(user, LANWARD, *words))

    def run(self, user: str, *words: str) -> subprocess.CompletedProcess[str]:
        """One command of a person, to its end; LANWARD is lanward."""
        return subprocess.run(self.command(self.script(user, *words)), capture_output=True, text=True, timeout=60)

    @contextmanager
    def agent(self) -> Iterator[Path]:
        """`lanward agent` as its own user while inside; its log."""
        log = self.site.directory / "agent.log"
        with log.open("wb") as out:
            command = self.command(self.script(AGENT, LANWARD, "--config", str(self.config), "agent"))
            process = subprocess.Popen(command, stderr=out, start_new_session=True)
        try:
            wait_for(lambda: "agent ready" in log.read_text() or process.poll() is not None, log.read_text)
            assert process.poll() is None, log.read_text()
            yield log
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)


def wait_for(reached: Callable[[], object], seen: Callable[[], str], seconds: float = PATIENCE) -> None:
    """Look again and again; fail with what was seen last."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, f"not within {seconds:g} s:\n{seen()}"
        time.sleep(0.1)


def walls_down(hold: Path) -> Iterator[str]:
    """Shell lines for a mount namespace of one's own: this Python's files, where only their owner may reach them.

    An interpreter under root's home is no other user's; the machine itself stays as it is.
    """
    trees = [Path(tree).resolve() for tree in dict.fromkeys((sys.base_prefix, sys.prefix, str(REPOSITORY)))]
    walled = {tree: wall for tree in trees if (wall := _wall(tree))}
    for number, tree in enumerate(walled):
        yield f"mkdir -p {hold}/{number}"
        yield f"mount --bind {shlex.quote(str(tree))} {hold}/{number}"
    for wall in sorted(set(walled.values())):
        yield f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(str(wall))}"
    for number, tree in enumerate(walled):
        yield f"mkdir -p {shlex.quote(str(tree))}"
        yield f"mount --bind {hold}/{number} {shlex.quote(str(tree))}"


def _wall(tree: Path) -> Path | None:
    return next((above for above in reversed(tree.parents) if not above.stat().st_mode & 0o001), None)


@dataclass(frozen=True)
class Desk:
    """One person's terminal in tmux; `socket` is the name of the tests' own server."""

    socket: str
    user: str

    def tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-L", self.socket, "-f", "/dev/null", *words], capture_output=True, text=True)
        assert done.returncode == 0, f"tmux {words[0]}: {done.stderr}"
        return done.stdout

    def open(self, command: list[str], width: int, height: int) -> None:
        """Sit down: the program in a terminal of this size, which says in the end what it was left with."""
        size = ("-x", str(width), "-y", str(height))
        self.tmux("new-session", "-d", "-s", self.user, *size, f"{shlex.join(command)}; echo left with $?; read _")
        self.tmux("set-option", "-t", self.user, "status", "off")

    def screen(self) -> str:
        """What stands on it."""
        return self.tmux("capture-pane", "-p", "-t", self.user)

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self.tmux("send-keys", "-t", self.user, *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self.tmux("send-keys", "-t", self.user, "-l", text)

    def sees(self, *texts: str, seconds: float = PATIENCE) -> str:
        """Wait until all of these stand on the screen at once; the screen."""
        wait_for(lambda: all(text in self.screen() for text in texts), lambda: f"{texts}\n{self.screen()}", seconds)
        return self.screen()
