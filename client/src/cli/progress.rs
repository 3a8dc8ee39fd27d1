//! Progress on stderr: a bar with the datasets on a terminal, a line every few seconds elsewhere, or JSON.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::terminal::{self, Progress};
use crate::text::one_line;

/// Time before the first line and between two lines, if there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Time between two JSON objects.
const JSON_EVERY: Duration = Duration::from_secs(1);

/// Progress of a running operation.
pub(super) struct ProgressOutput {
    form: Form,
}

enum Form {
    Bar(ProgressBar),
    Lines(Mutex<Lines>),
    Json(Mutex<Lines>),
    None,
}

/// State of an operation.
pub(super) struct View {
    /// Summary, with the most important part first. Each line is a separate line on a terminal.
    pub(super) summary: String,
    /// Lines that are only shown on a terminal.
    pub(super) details: Vec<String>,
    /// The same for programs.
    pub(super) data: Value,
}

/// Last line printed if there is no terminal.
struct Lines {
    at: Option<Instant>,
    began: Instant,
    last: String,
    /// Datasets as they were printed last, by name.
    datasets: BTreeMap<String, Value>,
}

impl ProgressOutput {
    /// Begins an operation that is complete at `length`.
    pub(super) fn new(length: u64) -> Self {
        let lines = || {
            Mutex::new(Lines {
                at: None,
                began: Instant::now(),
                last: String::new(),
                datasets: BTreeMap::new(),
            })
        };
        let form = match terminal::progress() {
            Progress::None => Form::None,
            Progress::Json => Form::Json(lines()),
            Progress::Auto if std::io::stderr().is_terminal() => Form::Bar(bar(length)),
            Progress::Auto | Progress::Lines => Form::Lines(lines()),
        };
        Self { form }
    }

    /// Returns true if details are shown, which may cost requests.
    pub(super) fn is_detailed(&self) -> bool {
        matches!(self.form, Form::Bar(_) | Form::Json(_))
    }

    /// Shows the position. `view` is called only if it is shown.
    pub(super) fn show(&self, position: u64, view: impl FnOnce() -> View) {
        match &self.form {
            Form::None => {}
            Form::Bar(bar) => {
                bar.set_position(position);
                let View { summary, details, .. } = view();
                let lines: Vec<_> =
                    summary.lines().chain(details.iter().map(String::as_str)).map(one_line).collect();
                bar.set_message(lines.join("\n  "));
            }
            Form::Lines(lines) => {
                let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                if lines.at.unwrap_or(lines.began).elapsed() >= LINE_EVERY {
                    lines.print(line(&view()));
                }
            }
            Form::Json(lines) => {
                let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                if lines.at.is_none_or(|at| at.elapsed() >= JSON_EVERY) {
                    lines.print_json(view().data);
                }
            }
        }
    }

    /// Prints the last state if lines were printed before, so that the final line is not an outdated one.
    pub(super) fn finish(&self, view: impl FnOnce() -> View) {
        match &self.form {
            Form::Bar(_) | Form::None => {}
            Form::Lines(lines) => {
                let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                if !lines.last.is_empty() {
                    lines.print(line(&view()));
                }
            }
            Form::Json(lines) => {
                lines.lock().unwrap_or_else(PoisonError::into_inner).print_json(view().data);
            }
        }
    }
}

fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length.max(1));
    // The message has separate lines: a long line would be cut off at the edge and hide the important part.
    let template = "{spinner} {bar:30.cyan} {percent:>3}%  {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn line(view: &View) -> String {
    view.summary.lines().collect::<Vec<_>>().join(", ")
}

impl Lines {
    /// Prints an object with the datasets that have changed since the last one.
    fn print_json(&mut self, mut data: Value) {
        if let Some(datasets) = data["datasets"].as_array_mut() {
            datasets.retain(|dataset| {
                let name = dataset["name"].as_str().unwrap_or_default().to_owned();
                self.datasets.insert(name, dataset.clone()).as_ref() != Some(dataset)
            });
        }
        self.print(data.to_string());
    }

    fn print(&mut self, text: String) {
        let line = one_line(&text).into_owned();
        if line != self.last {
            eprintln!("{line}");
            (self.at, self.last) = (Some(Instant::now()), line);
        }
    }
}

impl Drop for ProgressOutput {
    fn drop(&mut self) {
        if let Form::Bar(bar) = &self.form {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_lines_have_only_datasets_that_changed() {
        let mut lines =
            Lines { at: None, began: Instant::now(), last: String::new(), datasets: BTreeMap::new() };
        let dataset = |name: &str, done: u64| json!({"name": name, "done": done});
        let data = |carts: u64| json!({"datasets": [dataset("orders", 1), dataset("carts", carts)]});
        lines.print_json(data(0));
        assert!(lines.last.contains("orders") && lines.last.contains("carts"));
        lines.print_json(data(1));
        assert!(!lines.last.contains("orders") && lines.last.contains("carts"), "{}", lines.last);
    }
}
