"""The ledger of one switch under a change: every step is on record before the next one begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from agent.model.change import Receipt, ReceiptState, Step, StepResult
from agent.ports import Clock, Progress, Report, Store

DEVICE = "the switch answers and obeys"
SAFETY = "it is safe to go on"
STALE = "the state is the plan's"
VERDICTS = frozenset({DEVICE, SAFETY, STALE})
"""Names of the failed step that ends a switch's share, by whose fault it was."""

CARRIED = frozenset({ReceiptState.APPLIED, ReceiptState.HELD, ReceiptState.FAILED})
"""What an earlier attempt may have left on a switch."""


def verdict(receipts: Iterable[Receipt]) -> Step | None:
    """The failed step that says best why the switches are not changed; None where no step failed."""
    failed = [step for receipt in receipts for step in receipt.steps if step.result is StepResult.FAILED]
    return next((step for step in failed if step.name in VERDICTS), failed[0] if failed else None)


def is_stale(receipt: Receipt) -> bool:
    """True where the switch was not what the plan was made from: then the plan is spent, not only the attempt."""
    return any(step.name == STALE and step.result is StepResult.FAILED for step in receipt.steps)


@dataclass(slots=True)
class Ledger:
    """Collects steps and saves the receipt after each; until `close` it reads `held`, which is true after a crash."""

    change: str
    switch: str
    store: Store = field(repr=False)
    clock: Clock = field(repr=False)
    report: Report = field(repr=False)
    earlier: Receipt | None = None
    undo_file: str = ""
    before: str = ""
    steps: list[Step] = field(default_factory=list)
    started: datetime | None = None

    def add(self, step: Step) -> None:
        """Record one step and save."""
        now = self.clock.now()
        self.started = self.started or now
        self.steps.append(Step(step.name, step.result, step.detail, now))
        self.report(Progress(self.switch, len(self.steps), 0, f"{step.name}: {step.result}"))
        self.store.save_receipt(self._receipt(ReceiptState.HELD, ""))

    def ok(self, name: str, detail: str = "") -> None:
        """Record a step that went well."""
        self.add(Step(name, StepResult.OK, detail))

    def failed(self, name: str, detail: str) -> None:
        """Record a step that did not."""
        self.add(Step(name, StepResult.FAILED, detail))

    def stand(self) -> Receipt:
        """Close where nothing was written: what an earlier attempt left is still there, else it is untouched."""
        if self.earlier and self.earlier.state in CARRIED:
            return self.close(self.earlier.state, self.earlier.after)
        return self.close(ReceiptState.UNTOUCHED, self.before)

    def close(self, state: ReceiptState, after: str) -> Receipt:
        """Save and return what the switch really carries now."""
        receipt = self._receipt(state, after)
        self.store.save_receipt(receipt)
        return receipt

    def _receipt(self, state: ReceiptState, after: str) -> Receipt:
        now = self.clock.now()
        return Receipt(
            change=self.change,
            switch=self.switch,
            state=state,
            started=self.started or now,
            ended=now,
            steps=tuple(self.steps),
            before=self.before,
            after=after,
            undo_file=self.undo_file or (self.earlier.undo_file if self.earlier else ""),
        )
