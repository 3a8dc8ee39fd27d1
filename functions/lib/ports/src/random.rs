//! Randomness of the operating system, for ids, secrets and jitter.

use std::time::Duration;

/// Returns random bytes.
///
/// # Panics
/// If the operating system has none, which on Linux happens only before it has booted.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}

/// Returns a pause between half of `pause` and the whole, so that waiting callers do not retry at the same time.
pub fn jitter(pause: Duration) -> Duration {
    let share = f64::from(u16::from_le_bytes(bytes())) / f64::from(u16::MAX);
    pause.mul_f64(0.5 + 0.5 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_between_half_and_the_whole() {
        let pause = Duration::from_secs(8);
        for _ in 0..1000 {
            let jittered = jitter(pause);
            assert!(jittered >= pause / 2 && jittered <= pause, "{jittered:?}");
        }
    }
}
