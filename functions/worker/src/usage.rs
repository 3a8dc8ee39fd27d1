//! Resource usage of an attempt: times reported by its callers, CPU time and memory read from Linux.

use std::fs;

use export::usage::Usage;

/// Ticks per second in `/proc`; fixed on Linux.
const TICKS_PER_SEC: u64 = 100;

/// Usage meter of one attempt.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    usage: Usage,
    cpu_before_ms: u64,
}

impl Meter {
    /// Starts counting.
    pub(crate) fn start(waited_ms: u64) -> Self {
        Self { usage: Usage { waited_ms, ..Usage::default() }, cpu_before_ms: cpu_ms() }
    }

    /// Returns the times measured so far, for the caller to complete.
    pub(crate) fn times(&mut self) -> &mut Usage {
        &mut self.usage
    }

    /// Returns the usage up to now.
    pub(crate) fn usage(&self) -> Usage {
        let cpu_ms = cpu_ms().saturating_sub(self.cpu_before_ms);
        Usage { cpu_ms, peak_memory_bytes: peak_memory_bytes(), ..self.usage.clone() }
    }
}

/// Returns the CPU time of this process; 0 if `/proc` is missing.
fn cpu_ms() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is a name in parentheses and may contain spaces.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok());
    ticks.sum::<u64>() * 1_000 / TICKS_PER_SEC
}

/// Returns the peak memory of this process; 0 if `/proc` is missing.
fn peak_memory_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1_024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_measured_on_linux() {
        let meter = Meter::start(5);
        let mut n = 0u64;
        while cpu_ms() < meter.cpu_before_ms + 20 {
            n = std::hint::black_box(n + 1);
        }
        let usage = meter.usage();
        assert!(usage.cpu_ms >= 20 && usage.waited_ms == 5 && usage.peak_memory_bytes > 1 << 20);
    }
}
