//! Checks of rows that were read before, turned on and off by the operator.

use super::connection::{Store, sql};
use super::error::StoreError;

impl Store {
    /// Turns checks on, for exports that are accepted afterwards, or off, for all chunks that start afterwards. Returns
    /// false if they already were.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn turn_checks(&self, on: bool) -> Result<bool, StoreError> {
        let change = if on {
            "delete from sluice.setting where name = 'checks' and value = 'off'"
        } else {
            include_str!("../sql/checks/off.sql")
        };
        let mut tx = self.begin().await?;
        let changed = tx.run(sql(change)).await? == 1;
        tx.commit().await?;
        Ok(changed)
    }
}
