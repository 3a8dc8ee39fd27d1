//! `check`: is everything there that Sluice stands on, and is it set as the template says?

mod bucket;
mod capacity;
mod report;
mod room;
mod source;
mod source_role;
mod store;

use serde_json::json;

use crate::answer::Answer;
use crate::context::Context;
use report::Report;

/// Looks at everything, also where something before is wrong. Changes nothing.
pub(crate) async fn run(context: &Context) -> Answer {
    let mut report = Report::default();
    let state = store::look(context, &mut report).await;
    let source = source::look(context, &mut report).await;
    capacity::look(&context.settings, state.as_ref().map(|s| &s.server), source.as_ref(), &mut report);
    room::look(context, state.as_ref(), source.is_some(), &mut report).await;
    bucket::look(context, &mut report).await;
    let (ok, text) = (report.is_fine(), report.text());
    Answer { ok, text, data: json!({"checks": report.lines()}) }
}
