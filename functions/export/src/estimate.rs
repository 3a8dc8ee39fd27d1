//! What the planner of PostgreSQL believes about a dataset, per month and where needed per day.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Estimates of one dataset, taken from `EXPLAIN` at `catalog apply` and by the sweeper.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetEstimate {
    /// The whole dataset.
    pub total: Size,
    /// By calendar month of the range column in its own type, `2024-01`; months without an entry are
    /// outside what was estimated.
    #[serde(default)]
    pub months: BTreeMap<String, Size>,
    /// How the rows of a month lie in it, for the months in which they lie unevenly.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub uneven: BTreeMap<String, Vec<Part>>,
    /// The share of an average tenant in all of this, for a dataset with a tenant column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_share: Option<f64>,
    /// Rows whose range column is NULL, where they are exported.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub nulls: Size,
    /// What was measured on rows at `catalog apply`, and is part of the sizes here.
    #[serde(default)]
    pub measured: Measured,
    /// Whether a typical range is read through an index (or by pruning partitions).
    pub indexed: bool,
    /// When it was taken, in microseconds since 1970; the store knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_micros: Option<i64>,
}

/// Rows and bytes of binary COPY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Rows.
    pub rows: u64,
    /// Bytes as they cross the wire.
    pub bytes: u64,
}

/// What rows told about the planner's guesses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// Bytes of binary COPY of one row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_bytes: Option<f64>,
    /// How many times as many rows there are as the planner thinks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_factor: Option<f64>,
}

fn is_nothing(size: &Size) -> bool {
    *size == Size::default()
}

/// Some days of a month; they end where the next part begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The first of them, from 1.
    pub day: u8,
    /// Rows; only their share of the month's parts counts.
    pub rows: u64,
}

impl DatasetEstimate {
    /// What a tenant of average size has of it. The whole would tell one tenant how much the others have.
    #[must_use]
    pub fn of_one_tenant(mut self) -> Self {
        if let Some(share) = self.tenant_share {
            let part = |n: u64| (n as f64 * share.clamp(0.0, 1.0)).ceil() as u64;
            for size in self.months.values_mut().chain([&mut self.total, &mut self.nulls]) {
                *size = Size { rows: part(size.rows), bytes: part(size.bytes) };
            }
        }
        self
    }

    /// These estimates, which are the planner's alone, put right by what was measured.
    #[must_use]
    pub fn measured(mut self, measured: Measured) -> Self {
        let whole = measured.row_factor.unwrap_or(1.0);
        // All rows were counted, so the months together have them, whatever the planner makes of a condition
        // on a computed column.
        let parts = self.months.values().chain([&self.nulls]).map(|size| size.rows).sum::<u64>();
        let part = match measured.row_factor {
            Some(factor) if parts > 0 => self.total.rows as f64 * factor / parts as f64,
            _ => whole,
        };
        let right = |size: Size, factor: f64| {
            let rows = size.rows as f64 * factor;
            let bytes = match (measured.row_bytes, size.rows) {
                (Some(bytes), _) => rows * bytes,
                (None, 0) => 0.0,
                (None, planned) => rows * size.bytes as f64 / planned as f64,
            };
            Size { rows: rows.round() as u64, bytes: bytes.round() as u64 }
        };
        self.total = right(self.total, whole);
        for size in self.months.values_mut().chain([&mut self.nulls]) {
            *size = right(*size, part);
        }
        self.measured = measured;
        self
    }

    /// The share of each day in its month's rows, for a month of `length` days.
    pub fn shares(&self, month: &str, length: usize) -> Vec<f64> {
        let even = || vec![1.0 / length.max(1) as f64; length];
        let Some(parts) = self.uneven.get(month) else { return even() };
        let all: u64 = parts.iter().map(|part| part.rows).sum();
        if all == 0 {
            return even();
        }
        let mut shares = vec![0.0; length];
        for (i, part) in parts.iter().enumerate() {
            let first = usize::from(part.day).saturating_sub(1).min(length);
            let end = parts.get(i + 1).map_or(length, |next| usize::from(next.day).saturating_sub(1));
            let end = end.clamp(first, length);
            let share = part.rows as f64 / all as f64 / (end - first).max(1) as f64;
            shares[first..end].fill(share);
        }
        shares
    }
}

impl std::ops::Add for Size {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl std::ops::AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

impl std::iter::Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        let mut sum = Self::default();
        sizes.for_each(|size| sum += size);
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_told_of_its_own_share() {
        let size = Size { rows: 1000, bytes: 80_000 };
        let months = [("2024-02".to_owned(), size)].into();
        let all = DatasetEstimate { total: size, months, tenant_share: Some(0.1), ..Default::default() };
        let one = all.of_one_tenant();
        assert_eq!((one.total.rows, one.months["2024-02"].bytes), (100, 8000));
    }

    #[test]
    fn measuring_puts_rows_and_bytes_right() {
        let size = Size { rows: 1000, bytes: 80_000 };
        let planned = DatasetEstimate { total: size, ..Default::default() };
        let right =
            |row_bytes, row_factor| planned.clone().measured(Measured { row_bytes, row_factor }).total;
        assert_eq!(right(None, None), size);
        assert_eq!(right(Some(20.0), None), Size { rows: 1000, bytes: 20_000 });
        assert_eq!(right(None, Some(0.1)), Size { rows: 100, bytes: 8000 });
        assert_eq!(right(Some(20.0), Some(3.0)), Size { rows: 3000, bytes: 60_000 });
        let month = Size { rows: 5, bytes: 400 };
        let months = ["2024-01", "2024-02"].map(|key| (key.to_owned(), month)).into();
        let counted = DatasetEstimate { total: size, months, ..Default::default() }
            .measured(Measured { row_bytes: Some(80.0), row_factor: Some(0.5) });
        assert_eq!(counted.months["2024-01"], Size { rows: 250, bytes: 20_000 });
    }

    #[test]
    fn the_days_of_a_month_share_its_rows() {
        let parts = vec![Part { day: 1, rows: 10 }, Part { day: 11, rows: 80 }, Part { day: 12, rows: 10 }];
        let estimate =
            DatasetEstimate { uneven: [("2024-02".to_owned(), parts)].into(), ..Default::default() };
        let shares = estimate.shares("2024-02", 29);
        assert_eq!((shares.len(), shares[0], shares[10]), (29, 0.01, 0.8));
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert_eq!(estimate.shares("2024-03", 31)[30], 1.0 / 31.0);
    }
}
