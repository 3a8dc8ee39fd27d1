//! Check that a selection made under an earlier catalog may still be read under the present one.

use super::{Predicate, Selection};
use crate::catalog::{Dataset, Revision};
use crate::range::RangeKind;

/// Reason why a selection no longer fits the catalog: reading it would give rows the operator no longer allows, or
/// data that no longer matches its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The dataset was removed.
    #[error("the dataset is no longer in the catalog")]
    Removed,
    /// The dataset reads another relation or query.
    #[error("the relation or query of the dataset changed")]
    From,
    /// A column was removed or has another type.
    #[error("column {0} was removed or its type changed")]
    Column(String),
    /// Ranges are cut differently, or rows with NULL in the range column are no longer exported.
    #[error("the range column of the dataset changed")]
    Range,
    /// Another column, or none, determines the owner of the rows.
    #[error("the tenant column of the dataset changed")]
    Tenant,
    /// Requests may no longer filter on this column.
    #[error("{0} is no longer a filter, or its type changed")]
    Filter(String),
    /// The operator changed the epoch, to discard everything computed before.
    #[error("the epoch of the dataset changed")]
    Epoch,
}

impl Selection {
    /// Checks that `revision` still allows exactly these rows and columns. A change fits if it only widens the
    /// catalog (a new column, filter or dataset), or only concerns the order of rows or reuse: new requests then have
    /// other fingerprints, and nothing read before is wrong.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn fits(&self, revision: &Revision) -> Result<(), Unfit> {
        let dataset = revision.datasets.get(&self.dataset).ok_or(Unfit::Removed)?;
        if self.epoch != dataset.epoch {
            return Err(Unfit::Epoch);
        }
        if self.from != dataset.from {
            return Err(Unfit::From);
        }
        let same_tenants = match (&self.tenant_column, &dataset.tenant_column) {
            (Some(old), Some(new)) => old.fits(new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !same_tenants {
            return Err(Unfit::Tenant);
        }
        if self.search_path != dataset.search_path {
            return Err(Unfit::From);
        }
        self.range_fits(dataset)?;
        let there = |name: &str, oid: u32| dataset.columns.iter().any(|c| c.name == name && c.oid == oid);
        if let Some(column) = self.columns.iter().find(|c| !there(&c.name, c.oid)) {
            return Err(Unfit::Column(column.name.clone()));
        }
        let refused = |p: &&Predicate| !dataset.filters.iter().any(|f| p.fits(f));
        match self.conditions().find(refused) {
            Some(predicate) => Err(Unfit::Filter(predicate.column.clone())),
            None => Ok(()),
        }
    }

    fn range_fits(&self, dataset: &Dataset) -> Result<(), Unfit> {
        let fits = match (&self.range_column, &dataset.range) {
            (None, None) => true,
            (Some(old), Some(new)) => {
                // On the other kinds the zone only decides when rows are settled.
                let cut_alike = old.kind != RangeKind::Wall || old.zone() == new.zone();
                let same = (&old.name, old.kind) == (&new.name, new.kind) && cut_alike;
                same && (new.include_nulls || !old.include_nulls)
            }
            _ => false,
        };
        if fits { Ok(()) } else { Err(Unfit::Range) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{From, RangeColumn};
    use crate::column::{Column, ColumnType};
    use crate::selection::Test;

    fn dataset() -> Dataset {
        Dataset {
            from: From::Relation { schema: "shop".into(), name: "orders".into() },
            columns: vec![
                Column::native("id", 20, ColumnType::Int8),
                Column::native("email", 25, ColumnType::Text),
            ],
            range: Some(RangeColumn {
                name: "day".into(),
                kind: RangeKind::Date,
                time_zone: Some("UTC".into()),
                include_nulls: false,
            }),
            key: None,
            tenant_column: None,
            shared: true,
            filters: vec![Column::native("country", 25, ColumnType::Text)],
            settle_after_secs: Some(60),
            order: vec![],
            epoch: 1,
            search_path: vec![],
        }
    }

    fn selection() -> Selection {
        let dataset = dataset();
        Selection {
            dataset: "orders".into(),
            from: dataset.from,
            columns: dataset.columns,
            range_column: dataset.range,
            predicates: vec![Predicate { column: "country".into(), test: Test::IsNull, by: None }],
            settle_after_secs: Some(60),
            ..Selection::example()
        }
    }

    fn after(change: impl FnOnce(&mut Dataset)) -> Result<(), Unfit> {
        let mut dataset = dataset();
        change(&mut dataset);
        selection().fits(&Revision { datasets: [("orders".to_owned(), dataset)].into() })
    }

    #[test]
    fn selections_fit_a_wider_catalog() {
        assert_eq!(after(|_| ()), Ok(()));
        assert_eq!(after(|d| d.columns.insert(0, Column::native("new", 25, ColumnType::Text))), Ok(()));
        assert_eq!(after(|d| d.filters.push(Column::native("city", 25, ColumnType::Text))), Ok(()));
        assert_eq!(after(|d| d.range.as_mut().unwrap().include_nulls = true), Ok(()));
        assert_eq!(after(|d| (d.settle_after_secs, d.order) = (None, vec!["day".into()])), Ok(()));
    }

    #[test]
    fn selections_do_not_fit_a_narrower_or_changed_catalog() {
        assert_eq!(selection().fits(&Revision::default()), Err(Unfit::Removed));
        assert_eq!(after(|d| d.from = From::Query("select 1".into())), Err(Unfit::From));
        assert_eq!(after(|d| drop(d.columns.pop())), Err(Unfit::Column("email".into())));
        assert_eq!(after(|d| d.columns[0].oid = 23), Err(Unfit::Column("id".into())));
        assert_eq!(after(|d| d.tenant_column = Some("account".into())), Err(Unfit::Tenant));
        assert_eq!(after(|d| d.range = None), Err(Unfit::Range));
        let zone = |d: &mut Dataset| d.range.as_mut().unwrap().time_zone = Some("Asia/Kathmandu".into());
        assert_eq!(after(zone), Ok(()), "on a date column only reuse depends on it");
        let mut wall = selection();
        wall.range_column.as_mut().unwrap().kind = RangeKind::Wall;
        let mut of_wall = dataset();
        of_wall.range.as_mut().unwrap().kind = RangeKind::Wall;
        zone(&mut of_wall);
        let revision = Revision { datasets: [("orders".to_owned(), of_wall)].into() };
        assert_eq!(wall.fits(&revision), Err(Unfit::Range));
        assert_eq!(after(|d| d.filters.clear()), Err(Unfit::Filter("country".into())));
        assert_eq!(after(|d| d.epoch = 2), Err(Unfit::Epoch));
    }
}
