//! Finds out whether chunks of a dataset can be checked instead of read again.
//!
//! The worker decides again for each chunk. This is for operators and clients, who see the reason.

use export::catalog::Dataset;
use export::estimate::Revalidation;
use export::format::Output;
use export::selection::Selection;

use source::explain::PlanNode;
use source::proof::{self, Provable};
use source::{Inspector, SourceError};

/// Returns the result for the whole dataset; `whole` is the plan of reading it. A request may filter by a column whose
/// type does not allow a check.
pub(super) async fn find(
    inspector: &mut Inspector,
    dataset: &Dataset,
    whole: &PlanNode,
) -> Result<Revalidation, SourceError> {
    let because = |why: String| Ok(Revalidation { because: Some(why) });
    let selection = selection(dataset);
    if let Some(why) = proof::obstacle(&selection) {
        return because(why);
    }
    let Some(sql) = proof::state_sql(&selection) else { return because("it is not a table".to_owned()) };
    let rows = match inspector.texts(&sql).await {
        Ok(rows) => rows,
        Err(error) if error.sqlstate.is_some() && error.code.signal().is_none() => {
            return because("the source role may not read the state of the database".to_owned());
        }
        Err(error) => return Err(error),
    };
    if let Provable::No(why) = proof::read_state(rows.first().map(Vec::as_slice).unwrap_or_default())? {
        return because(why);
    }
    if !proof::reads_heaps_only(whole) {
        return because("its plan has nodes other than scans of tables".to_owned());
    }
    Ok(Revalidation { because: None })
}

/// Returns the selection of a request for all columns of the dataset.
pub(super) fn selection(dataset: &Dataset) -> Selection {
    Selection {
        dataset: String::new(),
        from: dataset.from.clone(),
        columns: dataset.columns.clone(),
        range_column: dataset.range.clone(),
        key: dataset.key.clone(),
        tenant_column: dataset.tenant_column.clone(),
        predicates: Vec::new(),
        alternatives: Vec::new(),
        order: dataset.order.clone(),
        limit: None,
        settle_after_secs: None,
        epoch: dataset.epoch,
        output: Output::default(),
        search_path: dataset.search_path.clone(),
    }
}
