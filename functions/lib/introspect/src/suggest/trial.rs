//! Trial of drafts that may fail although the catalogs show nothing wrong, as `catalog check` would make it.

use std::time::Instant;

use source::{Inspector, SourceError};

use super::draft::Draft;
use super::toml_text::one_line;
use crate::resolve;

/// Tries the risky drafts until `deadline`. Returns those that would be accepted, and the reasons against the others.
/// Datasets that were not tried in time are kept, with a comment.
///
/// # Errors
/// If the source has no free session.
pub(super) async fn keep_accepted<'a>(
    inspector: &mut Inspector,
    drafts: Vec<Draft<'a>>,
    tenants: u64,
    deadline: Instant,
) -> Result<(Vec<Draft<'a>>, Vec<(String, String)>), SourceError> {
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for mut draft in drafts {
        if !draft.is_risky() {
            kept.push(draft);
            continue;
        }
        if Instant::now() >= deadline {
            draft.notes.push("not tried yet: `catalog check` shows whether its rows can be read".to_owned());
            kept.push(draft);
            continue;
        }
        let found = resolve(inspector, &draft.name, &draft.definition, tenants).await?;
        match found.violations.first() {
            None => kept.push(draft),
            Some(_) if is_only_slow(&found.violations) => {
                draft.definition.require_index = Some(false);
                draft.notes.push("require_index = false accepts that each day reads a large table as a whole; `catalog check` shows it without this key".to_owned());
                kept.push(draft);
            }
            Some(violation) => {
                let reason = format!("{}: {}", one_line(&violation.message), one_line(&violation.remedy));
                refused.push((draft.relation.quoted.clone(), reason));
            }
        }
    }
    Ok((kept, refused))
}

/// Reports whether an index is all that is missing.
fn is_only_slow(violations: &[export::problem::Violation]) -> bool {
    violations.iter().all(|violation| {
        violation.pointer.ends_with(".range_column") && violation.remedy.contains("require_index")
    })
}
