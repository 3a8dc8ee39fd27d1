//! `catalog check`: what `catalog apply` would say, without applying anything.

use super::resolved;
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Changes nothing.
pub(crate) async fn run(context: &Context, text: &str) -> Result<Answer, Failure> {
    let found = resolved(context, text).await?;
    let verdict = if found.violations.is_empty() {
        "the catalog can be applied"
    } else {
        "the catalog cannot be applied"
    };
    let text = format!("{}\n{verdict}", found.report());
    Ok(Answer { ok: found.violations.is_empty(), text, data: found.data() })
}
