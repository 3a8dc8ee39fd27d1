//! Progress on stderr: a bar on a terminal, now and then a line elsewhere.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// One thing that goes on.
pub(super) struct Progress {
    bar: ProgressBar,
    last_line: Mutex<(Option<Instant>, String)>,
}

impl Progress {
    /// Begins; it is done at `length`.
    pub(super) fn new(length: u64) -> Self {
        let bar = ProgressBar::new(length.max(1));
        let template = "{spinner} {bar:30} {percent:>3}%  {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, last_line: Mutex::default() }
    }

    /// Shows how far it is; `text` is made only when it is shown.
    pub(super) fn show(&self, position: u64, text: impl FnOnce() -> String) {
        self.bar.set_position(position);
        if !self.bar.is_hidden() {
            self.bar.set_message(text());
            return;
        }
        let mut last = self.last_line.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.0.is_some_and(|at| at.elapsed() < LINE_EVERY) {
            return;
        }
        let line = text();
        if line != last.1 {
            eprintln!("{line}");
            *last = (Some(Instant::now()), line);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
