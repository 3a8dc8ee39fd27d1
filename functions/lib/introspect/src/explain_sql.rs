//! Statements for `EXPLAIN`: the columns of a dataset, under conditions.

use export::catalog::{Dataset, RangeColumn};
use export::column::Column;
use export::estimate::Size;
use export::format::Format;
use export::range::Span;

use super::bounds;
use source::explain::PlanNode;
use source::from_clause;
use source::sql::{self, identifier};
use source::{Inspector, SourceError};

/// Builder of the statements for `EXPLAIN`.
pub(super) struct Ask<'a> {
    pub(super) dataset: &'a Dataset,
    list: String,
    from: String,
}

impl<'a> Ask<'a> {
    pub(super) fn new(dataset: &'a Dataset) -> Self {
        let list: Vec<_> = dataset.columns.iter().map(|c| column(&c.name)).collect();
        Self { dataset, list: list.join(", "), from: from_clause(&dataset.from) }
    }

    /// Returns the select of the dataset's columns under a condition; an empty condition is none.
    pub(super) fn select(&self, condition: &str) -> String {
        let word = if condition.is_empty() { "" } else { " where " };
        format!("select {} from {}{word}{condition}", self.list, self.from)
    }

    /// Returns the select of the columns as the COPY of a chunk selects them.
    pub(super) fn copied(&self, condition: &str) -> String {
        let list: Vec<_> = self.dataset.columns.iter().map(|c| sql::select(c, Format::Csv)).collect();
        let word = if condition.is_empty() { "" } else { " where " };
        format!("select {} from {}{word}{condition}", list.join(", "), self.from)
    }

    pub(super) fn within(&self, range: &RangeColumn, span: Span) -> String {
        bounds::within(span, &column(&range.name))
    }

    /// Returns the condition that a column equals a value of its type that is unknown to the planner.
    pub(super) async fn equals_something(
        &self,
        inspector: &mut Inspector,
        name: &str,
    ) -> Result<String, SourceError> {
        let name = column(name);
        let of_type = format!(
            "select pg_typeof({name})::text from (values (1)) v left join (select * from {} limit 0) q on true",
            self.from
        );
        let type_name = inspector.text(&of_type).await?.unwrap_or_else(|| "text".to_owned());
        Ok(format!("{name} operator(pg_catalog.=) (select null::{type_name})"))
    }

    /// Returns the same condition for a filter, by the operator of its type.
    pub(super) async fn filter_equals_something(
        &self,
        inspector: &mut Inspector,
        filter: &Column,
    ) -> Result<String, SourceError> {
        match &filter.compare {
            None => self.equals_something(inspector, &filter.name).await,
            Some(compare) => {
                let (operator, of) = (sql::operator(&compare.eq), sql::qualified(&compare.of));
                Ok(format!("{} {operator} (select null::{of})", column(&filter.name)))
            }
        }
    }

    pub(super) fn size(&self, plan: &PlanNode) -> Size {
        plan.size(self.dataset.columns.len())
    }
}

/// Returns the SQL of a column of the relation or query.
pub(super) fn column(name: &str) -> String {
    format!("q.{}", identifier(name))
}
