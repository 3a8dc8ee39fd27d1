//! Dispatch, budget and workers as a discrete-event simulation of waiting times and of what is busy.
//!
//! Copied from `dispatch()`: at most twice the budget of chunks are out; the next chunk is of the tenant, and of its
//! export, that was served least recently; one caller decides at a time. Copied from the trigger: as many workers as
//! the budget, each with one chunk.

mod turns;

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

use turns::Turns;

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Export {
    /// Second at which it is accepted.
    pub(super) at: f64,
    pub(super) tenant: String,
    /// Seconds for which each of its chunks occupies a worker.
    pub(super) chunks: Vec<f64>,
}

/// Result, in seconds.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Time of the last event.
    pub(super) end: f64,
    /// Sum over the workers.
    pub(super) busy: f64,
    /// Time of decisions.
    pub(super) deciding: f64,
    /// From acceptance to the first chunk's start, of each export.
    pub(super) waits: Vec<f64>,
    /// From acceptance to the last chunk's end, of each export.
    pub(super) stays: Vec<f64>,
}

impl Outcome {
    /// Returns the share of the workers' time in which they worked.
    pub(super) fn worker_use(&self, budget: u32) -> f64 {
        if self.end > 0.0 { self.busy / (f64::from(budget) * self.end) } else { 0.0 }
    }

    /// Returns the share of the time in which a decision was being made.
    pub(super) fn decider_use(&self) -> f64 {
        if self.end > 0.0 { self.deciding / self.end } else { 0.0 }
    }
}

/// Returns the value below which this share of the values lies; 0 without values.
pub(super) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut ordered = values.to_vec();
    ordered.sort_by(f64::total_cmp);
    let index = (share * ordered.len() as f64) as usize;
    ordered.get(index).or(ordered.last()).copied().unwrap_or_default()
}

/// Export that has not ended. Exports are named by their index.
struct Live {
    at: f64,
    tenant: String,
    left: VecDeque<f64>,
    open: usize,
    started: bool,
}

enum What {
    Accepted(usize),
    /// The message of a chunk with this many seconds of work has arrived.
    Rung(usize, f64),
    Done(usize),
}

struct Event {
    at: f64,
    number: u64,
    what: What,
}

/// The earliest event is the greatest, because the heap returns the greatest first; of two at the same time it is the
/// one that was added first.
impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then_with(|| other.number.cmp(&self.number))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Event {}

struct Run<D> {
    budget: u32,
    message_secs: f64,
    decide_secs: D,
    outcome: Outcome,
    live: Vec<Live>,
    turns: Turns,
    events: BinaryHeap<Event>,
    numbers: u64,
    arrived: VecDeque<(usize, f64)>,
    out: u32,
    running: u32,
    decider_free: f64,
}

/// Simulates until all exports have ended. `decide_secs` returns the seconds of one decision with this many tenants
/// waiting; a message takes `message_secs` from the decision to the worker.
pub(super) fn run(
    mut exports: Vec<Export>,
    budget: u32,
    message_secs: f64,
    decide_secs: impl Fn(usize) -> f64,
) -> Outcome {
    exports.sort_by(|a, b| a.at.total_cmp(&b.at));
    let mut run = Run {
        budget,
        message_secs,
        decide_secs,
        outcome: Outcome::default(),
        live: Vec::with_capacity(exports.len()),
        turns: Turns::default(),
        events: BinaryHeap::new(),
        numbers: 0,
        arrived: VecDeque::new(),
        out: 0,
        running: 0,
        decider_free: 0.0,
    };
    for export in exports {
        run.add(export.at, What::Accepted(run.live.len()));
        let Export { at, tenant, chunks } = export;
        let open = chunks.len();
        run.live.push(Live { at, tenant, left: chunks.into(), open, started: false });
    }
    while let Some(event) = run.events.pop() {
        run.handle(event);
    }
    run.outcome
}

impl<D: Fn(usize) -> f64> Run<D> {
    fn add(&mut self, at: f64, what: What) {
        self.events.push(Event { at, number: self.numbers, what });
        self.numbers += 1;
    }

    fn handle(&mut self, event: Event) {
        let now = event.at;
        self.outcome.end = self.outcome.end.max(now);
        match event.what {
            What::Accepted(export) => {
                if self.live[export].open > 0 {
                    self.turns.add(&self.live[export].tenant, export);
                    self.decide(now);
                }
            }
            What::Rung(export, secs) => self.arrived.push_back((export, secs)),
            What::Done(export) => {
                self.out -= 1;
                self.running -= 1;
                let live = &mut self.live[export];
                live.open -= 1;
                if live.open == 0 {
                    self.outcome.stays.push(now - live.at);
                }
                self.decide(now);
            }
        }
        self.start(now);
    }

    /// Makes one call of `dispatch()`: it takes its time, while no other call can decide, and then sends messages.
    fn decide(&mut self, now: f64) {
        let (mut picked, mut taken) = (Vec::new(), 0.0);
        while self.out < 2 * self.budget {
            taken += (self.decide_secs)(self.turns.waiting());
            let Some(chunk) = self.turns.take(|export| {
                let left = &mut self.live[export].left;
                (left.pop_front(), !left.is_empty())
            }) else {
                break;
            };
            picked.push(chunk);
            self.out += 1;
        }
        self.decider_free = self.decider_free.max(now) + taken;
        self.outcome.deciding += taken;
        for (export, secs) in picked {
            self.add(self.decider_free + self.message_secs, What::Rung(export, secs));
        }
    }

    /// Starts workers for the messages that have arrived.
    fn start(&mut self, now: f64) {
        while self.running < self.budget {
            let Some((export, secs)) = self.arrived.pop_front() else { break };
            self.running += 1;
            let live = &mut self.live[export];
            if !live.started {
                live.started = true;
                self.outcome.waits.push(now - live.at);
            }
            self.outcome.busy += secs;
            self.add(now + secs, What::Done(export));
        }
    }
}

#[cfg(test)]
mod tests;
