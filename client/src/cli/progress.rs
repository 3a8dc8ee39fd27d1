//! Progress on stderr: a bar on a terminal, occasional lines elsewhere.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::text::one_line;

/// Time before the first line and between two lines, if there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Progress of a running operation.
pub(super) struct ProgressOutput {
    bar: ProgressBar,
    lines: Mutex<Lines>,
}

/// Last line printed if there is no terminal.
struct Lines {
    at: Instant,
    last: String,
}

impl ProgressOutput {
    /// Begins an operation that is complete at `length`.
    pub(super) fn new(length: u64) -> Self {
        let bar = ProgressBar::new(length.max(1));
        // The message has separate lines: a long line would be cut off at the edge and hide the important part.
        let template = "{spinner} {bar:30} {percent:>3}%  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, lines: Mutex::new(Lines { at: Instant::now(), last: String::new() }) }
    }

    /// Shows the position. `text` is called only if it is shown. Each line of the text is a separate line on a
    /// terminal.
    pub(super) fn show(&self, position: u64, text: impl FnOnce() -> String) {
        self.bar.set_position(position);
        if !self.bar.is_hidden() {
            let text = text();
            let lines: Vec<_> = text.lines().map(one_line).collect();
            self.bar.set_message(lines.join("\n  "));
            return;
        }
        let mut lines = self.lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if lines.at.elapsed() >= LINE_EVERY {
            lines.print(&text());
        }
    }

    /// Prints the last state if lines were printed before, so that the final line is not an outdated one.
    pub(super) fn finish(&self, text: impl FnOnce() -> String) {
        let mut lines = self.lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.bar.is_hidden() && !lines.last.is_empty() {
            lines.print(&text());
        }
    }
}

impl Lines {
    fn print(&mut self, text: &str) {
        let line = one_line(&text.lines().collect::<Vec<_>>().join(", ")).into_owned();
        if line != self.last {
            eprintln!("{line}");
            (self.at, self.last) = (Instant::now(), line);
        }
    }
}

impl Drop for ProgressOutput {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
