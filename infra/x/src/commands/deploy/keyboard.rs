//! Lines from standard input, while Ctrl-C still ends the command.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::machine::signals;

/// Time between two looks at the signals.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Reads one line. Returns `None` at the end of the input.
///
/// A thread reads, since Ctrl-C only sets a flag and does not end a read.
///
/// # Errors
/// If the input cannot be read, or a signal has arrived.
pub(super) fn line() -> Result<Option<String>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        // The receiver is gone after a signal.
        let _ = sender.send(read.map(|bytes| (bytes > 0).then_some(line)));
    });
    loop {
        match receiver.recv_timeout(POLL_INTERVAL) {
            Ok(read) => return Ok(read?),
            Err(RecvTimeoutError::Timeout) => signals::check()?,
            Err(RecvTimeoutError::Disconnected) => bail!("standard input cannot be read"),
        }
    }
}
