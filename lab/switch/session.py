"""One CLI session, without I/O: a line in, text and the next prompt out.

Transcripts that the wording follows: the confirmed-change dialogues of byteworks.com, "Cisco configuration rollback"
(15.x), and of the IOS-XE 17 guide "Configuration Rollback Confirmed Change"; refusals as in grammar.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lab.switch import acl, edit, exec_actions, modes
from lab.switch import config as tree
from lab.switch.exec_actions import Question
from lab.switch.grammar import Ambiguous, Incomplete, Invalid, Match, Refusal, Words, match
from lab.switch.machine import Lock, Machine, NoArchive
from lab.switch.spec import User

LOCK_NOTICE = (
    "Configuration mode locked exclusively. The lock will be cleared once you exit out of configuration mode using"
    " end/exit"
)
ENTER = "Enter configuration commands, one per line.  End with CNTL/Z."


class Session:
    """A user's session on a VTY."""

    def __init__(self, machine: Machine, user: User, line: int, host: str) -> None:
        self.machine, self.user, self.line, self.host = machine, user, line, host
        self.mode = "privileged" if user.privilege >= 15 else "exec"
        self.path: tuple[str, ...] = ()
        self.length, self.width = 24, 80
        self.closed = self.monitor = False
        self.question: Question | None = None
        self._changed = False
        self._commands = 0

    @property
    def prompt(self) -> str:
        """What the terminal shows when it waits for a line."""
        if self.question:
            return self.question.prompt
        return self.machine.hostname[:20] + modes.SUFFIX[self.mode]

    @property
    def privileged(self) -> bool:
        """Whether the session has privilege level 15."""
        return self.mode != "exec"

    def handle(self, text: str) -> str:
        """Do what a typed line says; the text to print, which may be empty."""
        if self.question:
            asked, self.question = self.question, None
            return asked.then(text.strip())
        limit = self.machine.faults.drop_session_after
        self._commands += 1
        if limit is not None and self._commands > limit:
            self.close()
            return ""
        line = text.rstrip()
        if not line.strip() or line.strip().startswith("!"):
            return ""
        return self._run(line)

    def _run(self, line: str) -> str:
        try:
            found = self._match(Words.of(line))
        except Refusal as refusal:
            return refuse(refusal, line, len(self.prompt))
        # A denied command is answered so: Cisco IOS Security Configuration Guide, "Configuring Authorization".
        if self._denied(found.line) or self._denied(line.strip()):
            return "Command authorization failed.\n"
        try:
            return self._act(found, line)
        except Refusal as refusal:
            return refuse(refusal, line, len(self.prompt))
        except acl.DuplicateSequence:
            return "% Duplicate sequence number\n"

    def _denied(self, command: str) -> bool:
        patterns = (*self.user.deny, *self.machine.faults.deny)
        return any(re.search(pattern, command) for pattern in patterns)

    def _match(self, words: Words) -> Match:
        """The mode's own commands first, then those of global configuration, as IOS looks them up."""
        if self.mode == "config-ext-nacl" and _is_entry(words):
            return Match("ENTRY", (), words.text.strip(), "entry")
        try:
            return match(words, modes.TABLES[self.mode])
        except Refusal as own:
            if not self.mode.startswith("config-"):
                raise
            try:
                return match(words, modes.CONFIG)
            except Refusal:
                raise own from None

    def _act(self, found: Match, line: str) -> str:
        if found.action == "" or found.action.startswith("enter:"):
            return self._merge(found, line)
        if found.action in exec_actions.ACTIONS:
            return exec_actions.ACTIONS[found.action](self, line)
        action: Callable[[Match, str], str] = getattr(self, "_do_" + found.action.partition(":")[0].replace("-", "_"))
        return action(found, line)

    def _exists(self, interface: str) -> bool:
        """A front port is there or is not; other interfaces are made by naming them."""
        made = interface.startswith(("Vlan", "Port-channel", "Loopback"))
        return made or any(port.name == interface for port in self.machine.spec.ports)

    def _merge(self, found: Match, line: str) -> str:
        """A configuration line: into the tree, and into its sub-mode where it has one."""
        if found.action == "enter:config-if" and not self._exists(found.arguments[0]):
            raise Invalid(line.rstrip().rfind(line.split()[-1]))
        new = tree.put(self.machine.running, self._base(found.action), found.line)
        if found.action.startswith("enter:"):
            mode = found.action.removeprefix("enter:")
            self.path = (*self._base(found.action), found.line)
            self.mode = mode
        elif self.mode != "config" and not self._is_own(found):
            self.mode, self.path = "config", ()
            new = tree.put(self.machine.running, (), found.line)
        return self._change(new)

    def _is_own(self, found: Match) -> bool:
        return any(row == (found.pattern, found.action) for row in modes.TABLES[self.mode])

    def _base(self, action: str) -> tuple[str, ...]:
        """Where a line belongs: first-level sections at the top, other lines in the section they are typed in."""
        if action.startswith("enter:") and action != "enter:config-archive-log-cfg":
            return ()
        return self.path

    def _change(self, new: tree.Config) -> str:
        self._changed = True
        if new != self.machine.running:
            self.machine.change(new)
        return ""

    def close(self) -> None:
        """End the session; configuration mode and its lock go with it."""
        self._leave()
        self.closed = True

    def _leave(self) -> None:
        if self.mode.startswith("config"):
            self.machine.log.log(
                "SYS-5-CONFIG_I", f"Configured from console by {self.user.name} on vty{self.line} ({self.host})"
            )
            if self.machine.lock == Lock(self.user.name, self.line):
                self.machine.lock = None
            self.mode, self.path = "privileged", ()

    # --- moving between modes

    def _do_exit(self, _found: Match, _line: str) -> str:
        after = modes.EXIT.get(self.mode)
        if after is None:
            self.close()
        elif after == "privileged":
            self._leave()
        else:
            self.mode, self.path = after, self.path[:-1]
        return ""

    def _do_end(self, _found: Match, _line: str) -> str:
        self._leave()
        return ""

    def _do_close(self, _found: Match, _line: str) -> str:
        self.close()
        return ""

    def _do_enable(self, _found: Match, _line: str) -> str:
        if not self.privileged:
            self.question = Question("Password: ", self._enable, hidden=True)
        return ""

    def _enable(self, password: str) -> str:
        if password != self.machine.spec.enable or not password:
            return "% Access denied\n\n"
        self.mode = "privileged"
        return ""

    def _do_disable(self, _found: Match, _line: str) -> str:
        self.mode = "exec"
        return ""

    def _do_terminal_length(self, found: Match, _line: str) -> str:
        self.length = int(found.arguments[0])
        return ""

    def _do_terminal_width(self, found: Match, _line: str) -> str:
        self.width = int(found.arguments[0])
        return ""

    def _do_monitor(self, _found: Match, _line: str) -> str:
        self.monitor = True
        return ""

    def _do_no_monitor(self, _found: Match, _line: str) -> str:
        self.monitor = False
        return ""

    def _do_incomplete(self, _found: Match, _line: str) -> str:
        raise Incomplete

    # --- configuration mode

    def _enter(self, notice: str = "") -> str:
        """Configuration mode, unless another session holds it (`configure exclusive`)."""
        held = self.machine.lock
        if held and held != Lock(self.user.name, self.line):
            # "Exclusive Configuration Change Access and Access Session Locking", and the message of a locked IOS.
            return (
                f"Configuration mode is locked by process '{300 + held.line}' user '{held.user}' from terminal"
                f" '{held.line + 2}'. Please try later.\n"
            )
        self.mode, self.path = "config", ()
        return f"{notice}{ENTER}\n"

    def _do_configure(self, _found: Match, _line: str) -> str:
        auto = tree.has(self.machine.running, "configuration mode exclusive auto")
        if auto and not self.machine.lock:
            return self._do_configure_lock(_found, _line)
        return self._enter()

    def _do_configure_ask(self, found: Match, line: str) -> str:
        self.question = Question(
            "Configuring from terminal, memory, or network [terminal]? ", lambda _: self._do_configure(found, line)
        )
        return ""

    def _do_configure_lock(self, found: Match, _line: str) -> str:
        manual = any(line.startswith("configuration mode exclusive") for line in tree.lines(self.machine.running))
        if found.line.endswith("lock") and not manual:
            return "Configuration mode exclusive manual is not configured\n"
        text = self._enter()
        if self.mode == "config":
            self.machine.lock = Lock(self.user.name, self.line)
            text += LOCK_NOTICE + "\n"
        return text

    def _do_configure_revert(self, found: Match, _line: str) -> str:
        """`configure terminal revert timer N`: "Turn config archive on" is what IOS answers where there is none."""
        if self.machine.rollback:
            return "%Error: Rollback Confirmed Change is already in progress\n"
        held = self.machine.lock
        if held and held != Lock(self.user.name, self.line):
            return self._enter()
        minutes = int(found.arguments[0])
        try:
            name = self.machine.archive()
        except NoArchive:
            return "Turn config archive on before using Rollback Confirmed Change.\n"
        self.machine.arm(name, minutes, self.user.name, "idle" in found.pattern)
        self.machine.log.log("ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_BACKUP", f"Backing up current running config to {name}")
        self.machine.log.log(
            "ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_START_ABSTIMER",
            f"User: {self.user.name}(Priv: 15, View: 0): Scheduled to rollback to config {name} in {minutes} minutes",
        )
        return self._enter(f"Rollback Confirmed Change: Backing up current running config to {name}\n\n")

    def _do_configure_confirm(self, _found: Match, _line: str) -> str:
        if not self.machine.rollback:
            return "%No Rollback Confirmed Change pending\n"
        self.machine.cancel()
        self.machine.log.log(
            "ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_CONFIRM", f"User: {self.user.name}: Confirm the configuration change"
        )
        return ""

    def _do_revert_now(self, _found: Match, _line: str) -> str:
        pending = self.machine.rollback
        if not pending:
            return "%No Rollback Confirmed Change pending\n"
        passes = edit.passes(self.machine.running, pending.target)
        self.machine.fire()
        return f"Rollback Confirmed Change: rolling to:{pending.name}\n\n{passes}"

    def _do_revert_timer(self, found: Match, _line: str) -> str:
        if not self.machine.rollback:
            return "%No Rollback Confirmed Change pending\n"
        self.machine.restart_timer(int(found.arguments[0]), self.user.name)
        return ""

    def _do_configure_replace(self, found: Match, _line: str) -> str:
        words = found.arguments[0].split()
        target = edit.target(self.machine, words[0])
        if target is None:
            return f"%Error opening {words[0]} (No such file or directory)\n"
        if "force" in words:
            return self._replace(target)
        self.question = Question(
            edit.WARNING, lambda answer: self._replace(target) if answer.lower().startswith("y") else "Aborting\n"
        )
        return ""

    def _replace(self, target: tree.Config) -> str:
        passes = edit.passes(self.machine.running, target)
        self.machine.change(target)
        return passes

    def _do_do(self, found: Match, line: str) -> str:
        """`do`: an EXEC command in configuration mode."""
        before, path, column = self.mode, self.path, len(self.prompt) + len(line) - len(found.arguments[0])
        self.mode, self.path = "privileged", ()
        try:
            command = match(Words.of(found.arguments[0]), modes.PRIVILEGED)
            if self._denied(command.line):
                return "Command authorization failed.\n"
            return self._act(command, found.arguments[0])
        except Refusal as refusal:
            return refuse(refusal, found.arguments[0], column)
        finally:
            if self.mode == "privileged":
                self.mode, self.path = before, path

    def _do_no(self, found: Match, line: str) -> str:
        words = Words.of(line).drop(1)
        if self.mode == "config-ext-nacl" and _is_entry(words):
            return self._no_entry(words)
        try:
            inner = match(words, modes.TABLES[self.mode], prefix=True)
            path = self.path
        except Refusal as own:
            if not self.mode.startswith("config-"):
                raise
            try:
                inner = match(words, modes.CONFIG, prefix=True)
            except Refusal:
                raise own from None
            path = ()
            self.mode, self.path = "config", ()
        return self._change(edit.negate(self.machine.running, path, inner))

    # --- access lists

    def _do_entry(self, _found: Match, line: str) -> str:
        words = Words.of(line)
        entries = acl.read(tree.lines(self.machine.running, *self.path))
        entry = acl.parse_entry(words.words, words.columns, entries)
        new = acl.insert(entries, entry)
        return self._change(tree.set_lines(self.machine.running, self.path, [acl.line(one) for one in new]))

    def _no_entry(self, words: Words) -> str:
        entries = acl.read(tree.lines(self.machine.running, *self.path))
        only_number = len(words.words) == 1 and words.words[0].isdigit()
        target = int(words.words[0]) if only_number else acl.parse_entry(words.words, words.columns, entries)
        new = acl.remove(entries, target)
        return self._change(tree.set_lines(self.machine.running, self.path, [acl.line(one) for one in new]))

    def _do_resequence(self, found: Match, _line: str) -> str:
        name, start, step = found.arguments
        section = f"ip access-list extended {name}"
        if not tree.has(self.machine.running, section):
            return f"% Access list {name} does not exist\n"
        new = acl.resequence(acl.read(tree.lines(self.machine.running, section)), int(start), int(step))
        return self._change(tree.set_lines(self.machine.running, (section,), [acl.line(one) for one in new]))

    def _do_trunk(self, found: Match, _line: str) -> str:
        operation = found.action.partition(":")[2]
        lines = tree.lines(self.machine.running, *self.path)
        wanted = edit.trunk_vlans(lines, operation, found.arguments[0] if found.arguments else "")
        prefix = "switchport trunk allowed vlan"
        without = tree.drop(self.machine.running, self.path, prefix)
        return self._change(tree.put(without, self.path, f"{prefix} {wanted}") if wanted else without)


def _is_entry(words: Words) -> bool:
    """Whether a line in the access-list sub-mode is an entry: a number, or (the beginning of) permit, deny, remark."""
    first = words.words[0].lower() if words.words else ""
    return first.isdigit() or (
        bool(first)
        and any(word.startswith(first) for word in ("permit", "deny", "remark"))
        and not "default".startswith(first)
    )


def refuse(refusal: Refusal, line: str, column: int) -> str:
    """IOS's answer to a line that it does not take; the marker stands under the first bad character."""
    if isinstance(refusal, Invalid):
        return f"{' ' * (column + refusal.column)}^\n% Invalid input detected at '^' marker.\n\n"
    if isinstance(refusal, Ambiguous):
        return f'% Ambiguous command:  "{line.strip()}"\n'
    return "% Incomplete command.\n\n"
