//! `check`: is everything there that Sluice stands on, and is it set as the template says?

mod bucket;
mod capacity;
mod report;
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
    let store = store::look(context, &mut report).await;
    let source = source::look(context, &mut report).await;
    capacity::look(&context.settings, store.as_ref(), source.as_ref(), &mut report);
    bucket::look(context, &mut report).await;
    let (ok, text) = (report.is_fine(), report.text());
    Answer { ok, text, data: json!({"checks": report.lines()}) }
}
