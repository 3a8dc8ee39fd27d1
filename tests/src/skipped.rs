//! Handling of a test that needs a program which is not on this machine: it prints so and passes, or fails if tests
//! must not be skipped.

/// Variable set to `1` where every program is available, as in CI: a test that does not run must not pass there.
const NOTHING_SKIPPED: &str = "SLUICE_NOTHING_SKIPPED";

/// Reports that a check is skipped because a program is missing, and how to get it.
///
/// # Panics
/// With `SLUICE_NOTHING_SKIPPED=1`.
#[track_caller]
pub fn skipped(missing: &str, remedy: &str) {
    let reason = format!("there is no {missing} on this machine; {remedy}");
    assert!(std::env::var(NOTHING_SKIPPED).as_deref() != Ok("1"), "{NOTHING_SKIPPED}=1, but {reason}");
    println!("skipped: {reason}");
}
