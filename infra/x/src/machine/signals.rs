//! Ctrl-C and SIGTERM set a flag that is checked between steps, so that everything started is also stopped.
//!
//! Children in the foreground (cargo, pip, scripts) get the terminal's Ctrl-C themselves and fail, which ends the step.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Registers the handlers. From now on these signals only set a flag.
pub(crate) fn listen() -> Result<()> {
    let mark = INTERRUPTED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(mark))?;
    }
    Ok(())
}

/// Returns true if one of the signals has arrived.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.get().is_some_and(|mark| mark.load(Ordering::Relaxed))
}

/// Fails if one of the signals has arrived.
pub(crate) fn check() -> Result<()> {
    if interrupted() {
        bail!("interrupted");
    }
    Ok(())
}

/// Waits until one of the signals arrives.
pub(crate) fn wait() {
    while !interrupted() {
        std::thread::sleep(Duration::from_millis(100));
    }
}
