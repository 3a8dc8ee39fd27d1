"""Dispatch, budget and workers as a discrete-event simulation: who waits how long, and what is busy.

What it copies from `dispatch()`: at most twice the budget of chunks are out; the next chunk is of the tenant, and of its
export, that was served least recently; one caller decides at a time. What it copies from the trigger: as many workers as
the budget, each with one chunk.
"""

import heapq
from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Export:
    """One request: when it is accepted, whose it is, and how long each of its chunks occupies a worker, in seconds."""

    at: float
    tenant: str
    chunks: tuple


@dataclass
class Outcome:
    """Seconds. Waits are from acceptance to the first chunk's start, stays to the last chunk's end."""

    end: float = 0.0
    busy: float = 0.0
    deciding: float = 0.0
    waits: list = field(default_factory=list)
    stays: list = field(default_factory=list)

    def worker_use(self, budget):
        return self.busy / (budget * self.end) if self.end else 0.0

    def decider_use(self):
        return self.deciding / self.end if self.end else 0.0


def percentile(values, share):
    """The value below which that share lies."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0


class _Turns:
    """Tenants, and the exports of each, by when they were served last."""

    def __init__(self):
        self.exports, self.order, self.served, self.count = {}, [], {}, 0

    def add(self, tenant, export):
        if tenant not in self.exports:
            self.exports[tenant] = (deque(), deque())
            heapq.heappush(self.order, (self.served.get(tenant, -1), tenant))
        self.exports[tenant][0].append(export)

    def take(self):
        """The next chunk of whose turn it is: (export, seconds); None if there is none."""
        if not self.order:
            return None
        _, tenant = heapq.heappop(self.order)
        fresh, served = self.exports[tenant]
        # One that was never served goes before those that were.
        export = (fresh or served).popleft()
        chunk = export.left.popleft()
        self.count += 1
        self.served[tenant] = self.count
        if export.left:
            served.append(export)
        if fresh or served:
            heapq.heappush(self.order, (self.count, tenant))
        else:
            del self.exports[tenant]
        return export, chunk


class _Live:
    def __init__(self, export):
        self.at, self.left, self.open = export.at, deque(export.chunks), len(export.chunks)
        self.started = False


def run(exports, budget, message_secs=0.0, decide_secs=lambda waiting: 0.0):
    """Simulates until everything is done. `decide_secs` is what one decision takes with so many tenants waiting."""
    outcome, turns = Outcome(), _Turns()
    events, number = [], 0
    for export in sorted(exports, key=lambda e: e.at):
        heapq.heappush(events, (export.at, number, "accept", export))
        number += 1
    doorbell, out, running, decider_free = deque(), 0, 0, 0.0

    def start(now):
        nonlocal running, number
        while doorbell and running < budget:
            live, secs = doorbell.popleft()
            running += 1
            if not live.started:
                live.started = True
                outcome.waits.append(now - live.at)
            outcome.busy += secs
            heapq.heappush(events, (now + secs, number, "done", live))
            number += 1

    def decide(now):
        """One call of dispatch(): it takes its time, alone, and then rings."""
        nonlocal out, decider_free, number
        picked = []
        taken = 0.0
        while out < 2 * budget:
            taken += decide_secs(len(turns.exports))
            chunk = turns.take()
            if chunk is None:
                break
            picked.append(chunk)
            out += 1
        decider_free = max(decider_free, now) + taken
        outcome.deciding += taken
        for chunk in picked:
            heapq.heappush(events, (decider_free + message_secs, number, "ring", chunk))
            number += 1

    while events:
        now, _, kind, what = heapq.heappop(events)
        outcome.end = max(outcome.end, now)
        if kind == "accept":
            live = _Live(what)
            if live.open:
                turns.add(what.tenant, live)
                decide(now)
        elif kind == "ring":
            doorbell.append(what)
        else:
            out -= 1
            running -= 1
            what.open -= 1
            if what.open == 0:
                outcome.stays.append(now - what.at)
            decide(now)
        start(now)
    return outcome
