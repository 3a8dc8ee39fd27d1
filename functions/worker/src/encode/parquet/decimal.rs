//! Conversion of `numeric` with a declared precision to DECIMAL of the same precision and scale.

use export::parquet_type::decimal;

use crate::encode::ValueProblem::{self, Malformed, Unsupported};

/// Precision and scale declared by a column and supported by DECIMAL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    /// Total number of digits, 1 to 38.
    pub(super) precision: u8,
    /// Digits after the point, 0 to `precision`.
    pub(super) scale: u8,
}

impl Declared {
    /// Reads a type modifier; `None` if it declares nothing, or something that DECIMAL does not support.
    pub(super) fn from_typmod(typmod: i32) -> Option<Self> {
        decimal(typmod).map(|(precision, scale)| Self { precision, scale })
    }

    /// Returns the value as a multiple of its last digit's unit.
    pub(super) fn read(self, value: &[u8]) -> Result<i128, ValueProblem> {
        let (header, digits) = value.split_first_chunk::<8>().ok_or(Malformed)?;
        let [count, weight, sign, _] = [0, 2, 4, 6].map(|i| i16::from_be_bytes([header[i], header[i + 1]]));
        let negative = match sign as u16 {
            0x0000 => false,
            0x4000 => true,
            0xC000 => return Err(Unsupported("NaN in a decimal")),
            0xD000 | 0xF000 => return Err(Unsupported("infinity in a decimal")),
            _ => return Err(Malformed),
        };
        if usize::try_from(count).ok().and_then(|count| count.checked_mul(2)) != Some(digits.len()) {
            return Err(Malformed);
        }
        // Digits are stored in groups of four. The first groups are used completely, one group partly, and the rest
        // must be zero.
        let (scale, first) = (usize::from(self.scale), i32::from(weight) + 1);
        let (groups, _) = digits.as_chunks::<2>();
        let whole = usize::try_from(first + i32::from(self.scale / 4)).unwrap_or(0).min(groups.len());
        let (whole, rest) = groups.split_at(whole);
        let mut units = gathered(whole)?;
        if let Some((part, rest)) = rest.split_first() {
            let part = group(part)?;
            let (kept, cut) = (POWERS[scale % 4], POWERS[4 - scale % 4]);
            // If the number is smaller than the group that contains the unit, its first group is further to the
            // right.
            let near = first + i32::from(self.scale / 4) >= 0;
            if (part != 0 && !near) || part % cut != 0 || rest.iter().any(|g| *g != [0, 0]) {
                return Err(TOO_MANY);
            }
            units = units.checked_mul(kept).and_then(|u| u.checked_add(part / cut)).ok_or(TOO_MANY)?;
        } else if units > 0 {
            let shift = i32::from(self.scale) + 4 * (first - i32::from(count));
            let power = u32::try_from(shift).ok().and_then(|shift| 10u128.checked_pow(shift));
            units = power.and_then(|power| units.checked_mul(power)).ok_or(TOO_MANY)?;
        }
        if units >= 10u128.pow(self.precision.into()) {
            return Err(TOO_MANY);
        }
        let units = units as i128;
        Ok(if negative { -units } else { units })
    }
}

const TOO_MANY: ValueProblem = Unsupported("a number with more digits than the column declares");

const POWERS: [u128; 5] = [1, 10, 100, 1_000, 10_000];

/// Returns the four digits of a group.
fn group(bytes: &[u8; 2]) -> Result<u128, ValueProblem> {
    match u16::from_be_bytes(*bytes) {
        group @ 0..10_000 => Ok(group.into()),
        _ => Err(Malformed),
    }
}

/// Combines groups into one number.
fn gathered(groups: &[[u8; 2]]) -> Result<u128, ValueProblem> {
    if groups.len() <= 4 {
        // The common case, in one machine word.
        let digits = groups.iter().try_fold(0u64, |sum, g| Ok(sum * 10_000 + group(g)? as u64));
        return digits.map(u128::from);
    }
    groups.iter().try_fold(0u128, |sum, g| {
        let g = group(g)?;
        sum.checked_mul(10_000).and_then(|sum| sum.checked_add(g)).ok_or(TOO_MANY)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(sign: u16, weight: i16, groups: &[u16]) -> Vec<u8> {
        let header = [groups.len() as u16, weight as u16, sign, 0];
        header.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect()
    }

    const CENTS: Declared = Declared { precision: 12, scale: 2 };

    #[test]
    fn a_modifier_declares_precision_and_scale() {
        assert_eq!(Declared::from_typmod(((12 << 16) | 2) + 4), Some(CENTS));
        assert_eq!(Declared::from_typmod(((38 << 16) | 38) + 4), Some(Declared { precision: 38, scale: 38 }));
        for beyond in [-1, 0, ((39 << 16) | 2) + 4, ((5 << 16) | 6) + 4, ((5 << 16) | (-2 & 0x7ff)) + 4] {
            assert_eq!(Declared::from_typmod(beyond), None);
        }
    }

    #[test]
    fn numerics_become_integers_of_the_declared_scale() {
        assert_eq!(CENTS.read(&numeric(0, 0, &[12, 3_400])), Ok(1_234));
        assert_eq!(CENTS.read(&numeric(0x4000, 2, &[99])), Ok(-990_000_000_000));
        assert_eq!(CENTS.read(&numeric(0, -1, &[100])), Ok(1));
        assert_eq!(CENTS.read(&numeric(0, 0, &[7, 5_000, 0])), Ok(750));
        let tiny = Declared { precision: 20, scale: 18 };
        assert_eq!(tiny.read(&numeric(0, -5, &[100])), Ok(1));
        assert_eq!(tiny.read(&numeric(0, -4, &[1])), Ok(100));
        assert_eq!(tiny.read(&numeric(0, 0, &[3])), Ok(3 * 10i128.pow(18)));
        assert_eq!(CENTS.read(&numeric(0, 0, &[])), Ok(0));
        let wide = Declared { precision: 38, scale: 10 };
        let nines = numeric(0, 6, &[9_999; 10]);
        assert!(wide.read(&nines).is_err());
        assert_eq!(
            wide.read(&numeric(
                0,
                6,
                &[9_999, 9_999, 9_999, 9_999, 9_999, 9_999, 9_999, 9_999, 9_999, 9_900]
            )),
            Ok(10i128.pow(38) - 1)
        );
    }

    #[test]
    fn excess_digits_are_refused() {
        assert_eq!(CENTS.read(&numeric(0, 0, &[12, 3_450])), Err(TOO_MANY));
        assert_eq!(CENTS.read(&numeric(0, -2, &[100])), Err(TOO_MANY));
        assert_eq!(CENTS.read(&numeric(0, 0, &[7, 5_000, 1])), Err(TOO_MANY));
        assert_eq!(CENTS.read(&numeric(0, 2, &[100])), Err(TOO_MANY));
        assert_eq!(CENTS.read(&numeric(0, i16::MAX, &[1])), Err(TOO_MANY));
        assert_eq!(CENTS.read(&numeric(0, i16::MIN, &[1])), Err(TOO_MANY));
        assert_eq!(CENTS.read(&numeric(0xC000, 0, &[])), Err(Unsupported("NaN in a decimal")));
        assert_eq!(CENTS.read(&numeric(0, 0, &[10_000])), Err(Malformed));
    }
}
