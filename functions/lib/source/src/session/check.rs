//! Proofs and checks: rows that were read before and have not changed need not be read again.

use export::id::TenantId;
use export::proof::{Check, Proof};
use export::range::Range;
use export::selection::Selection;
use tokio::sync::oneshot;

use super::{Order, Session};
use crate::SourceError;
use crate::explain::PlanNode;
use crate::proof::{self, Provable};

impl Session {
    /// Takes the proof by which a later session can find out that the rows, read after this call, have not changed;
    /// `None` if that cannot be proven for this selection. The relations are locked by [`Session::describe`].
    pub async fn prove(&self, selection: &Selection) -> Result<Option<Proof>, SourceError> {
        let Some(sql) = proof::state_sql(selection) else { return Ok(None) };
        match proof::read_state(&self.texts(sql).await?)? {
            Provable::Yes(proof) => Ok(Some(proof)),
            Provable::No(_) => Ok(None),
        }
    }

    /// Finds out whether the query of a chunk would return the rows of `earlier` again. `now` is the proof taken by
    /// this session. False means that rows may have changed.
    pub async fn is_unchanged(
        &self,
        selection: &Selection,
        range: &Range,
        tenant: &TenantId,
        earlier: &Check,
        now: &Proof,
    ) -> Result<bool, SourceError> {
        if !now.continues(&earlier.proof) {
            return Ok(false);
        }
        let sql = proof::count_sql(selection, range, tenant, &earlier.proof);
        let plan = self.texts(format!("explain (format json)\n{sql}")).await?;
        let plan = plan.first().and_then(|text| PlanNode::parse(text.as_deref()?));
        if !plan.is_some_and(|plan| proof::reads_heaps_only(&plan)) {
            return Ok(false);
        }
        let counts = self.texts(sql).await?;
        let number = |i: usize| counts.get(i).and_then(|text| text.as_deref()?.parse::<u64>().ok());
        if number(0) != Some(earlier.rows) || number(1) != Some(0) {
            return Ok(false);
        }
        // A partition may have been attached since `now` was taken: a parent's lock does not prevent that.
        Ok(self.prove(selection).await?.is_some_and(|last| last.continues(&earlier.proof)))
    }

    /// Reads a row of texts.
    pub(super) async fn texts(&self, sql: String) -> Result<Vec<Option<String>>, SourceError> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(Order::Texts(sql, answer)).await.map_err(|_| SourceError::gone())?;
        answered.await.map_err(|_| SourceError::gone())?
    }
}
