//! Planner estimates of a dataset: rows and bytes per month, per day for skewed months.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Estimates of one dataset, taken from `EXPLAIN` at `catalog apply` and by the sweeper.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetEstimate {
    /// Size of the whole dataset.
    pub total: Size,
    /// Sizes by calendar month of the range column in its own type, `2024-01`; months without an entry are outside of
    /// what was estimated.
    #[serde(default)]
    pub months: BTreeMap<String, Size>,
    /// Distribution of the rows within a month, for the months in which it is uneven.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub uneven: BTreeMap<String, Vec<DayRange>>,
    /// Share of an average tenant in all of this, for a dataset with a tenant column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_share: Option<f64>,
    /// Size of the rows whose range column is NULL, if they are exported.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub nulls: Size,
    /// Measurements on rows at `catalog apply`; the sizes here already include them.
    #[serde(default)]
    pub measured: Measured,
    /// True if a typical range is read through an index (or by pruning partitions).
    pub indexed: bool,
    /// Values of the key that divide the rows into about equal parts, ascending; empty if slices of it are not read
    /// through an index, or would be read out of the order of the heap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_bounds: Vec<i64>,
    /// Number of blocks of the largest heap of the dataset; 0 if it has none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub blocks: u64,
    /// Result of the check whether chunks can be found unchanged instead of being read again; absent in estimates of
    /// earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revalidation: Option<Revalidation>,
    /// Time of the estimate, in microseconds since 1970; set by the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_micros: Option<i64>,
}

/// Ability of the source to show that a chunk has not changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revalidation {
    /// Reason why it cannot; `None` if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// Rows and bytes of binary COPY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Size {
    /// Number of rows.
    pub rows: u64,
    /// Bytes on the wire.
    pub bytes: u64,
}

/// Corrections of the planner's estimates, measured on rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// Bytes of binary COPY per row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_bytes: Option<f64>,
    /// Counted rows divided by the planner's estimate of rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_factor: Option<f64>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_nothing(size: &Size) -> bool {
    *size == Size::default()
}

/// Consecutive days of a month, up to the day on which the next range begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRange {
    /// First of the days, from 1.
    pub day: u8,
    /// Estimated rows; only their share in the sum of the month's parts counts.
    pub rows: u64,
}

impl DatasetEstimate {
    /// Returns the part of a tenant of average size. The total would disclose to one tenant the size of the others.
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

    /// Corrects these estimates, which are the planner's alone, by what was measured.
    #[must_use]
    pub fn measured(mut self, measured: Measured) -> Self {
        let whole = measured.row_factor.unwrap_or(1.0);
        // All rows were counted, so the sum of the months is scaled to that count, whatever the planner estimates for
        // a condition on a computed column.
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

    /// Returns the share of each day in its month's rows, for a month of `length` days.
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

impl Size {
    /// Returns the size of at most `limit` rows of this, in proportion.
    #[must_use]
    pub fn of_first(self, limit: u64) -> Self {
        if self.rows <= limit {
            return self;
        }
        let bytes = u128::from(self.bytes) * u128::from(limit) / u128::from(self.rows);
        Self { rows: limit, bytes: u64::try_from(bytes).unwrap_or(u64::MAX) }
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
    fn tenant_estimate_is_scaled_to_its_share() {
        let size = Size { rows: 1000, bytes: 80_000 };
        let months = [("2024-02".to_owned(), size)].into();
        let all = DatasetEstimate { total: size, months, tenant_share: Some(0.1), ..Default::default() };
        let one = all.of_one_tenant();
        assert_eq!((one.total.rows, one.months["2024-02"].bytes), (100, 8000));
    }

    #[test]
    fn measured_factors_correct_rows_and_bytes() {
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
        let parts = vec![
            DayRange { day: 1, rows: 10 },
            DayRange { day: 11, rows: 80 },
            DayRange { day: 12, rows: 10 },
        ];
        let estimate =
            DatasetEstimate { uneven: [("2024-02".to_owned(), parts)].into(), ..Default::default() };
        let shares = estimate.shares("2024-02", 29);
        assert_eq!((shares.len(), shares[0], shares[10]), (29, 0.01, 0.8));
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert_eq!(estimate.shares("2024-03", 31)[30], 1.0 / 31.0);
    }
}
