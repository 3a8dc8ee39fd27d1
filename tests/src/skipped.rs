//! What becomes of a test that needs a program which is not on this machine: it says so and passes, or, where nothing may
//! be skipped, fails.

/// `1` where every program can be had, as in CI: there a test that does not run must not pass.
const NOTHING_SKIPPED: &str = "SLUICE_NOTHING_SKIPPED";

/// Says that something is not tried for want of a program, and how to get it.
///
/// # Panics
/// With `SLUICE_NOTHING_SKIPPED=1`.
#[track_caller]
pub fn skipped(missing: &str, remedy: &str) {
    let told = format!("there is no {missing} on this machine; {remedy}");
    assert!(std::env::var(NOTHING_SKIPPED).as_deref() != Ok("1"), "{NOTHING_SKIPPED}=1, but {told}");
    println!("skipped: {told}");
}
