//! The shortest decimal inside a float's rounding interval, and the nearest to the float among those.
//!
//! The method is Raffaele Giulietti's *Schubfach*: one multiplication by a power of ten, rounded to odd, for the
//! float and for each end of its interval decides exactly. There is one deliberate difference: the ends never belong
//! to the interval. PostgreSQL (Ryu without "accept bounds") never writes a decimal exactly halfway between two
//! floats, even if it would be parsed as the right one.

use std::sync::LazyLock;

/// Decimal number `digits * 10^exponent`, without trailing zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) digits: u64,
    pub(super) exponent: i32,
}

/// Returns the shortest decimal for `significand * 2^power`, not zero. `lower_is_closer`: the float is a power of
/// two, so the next smaller one is only half as far away.
pub(super) fn shortest(significand: u64, power: i32, lower_is_closer: bool) -> Decimal {
    // Small integers are their own shortest form.
    if (-52..=0).contains(&power) && significand.trailing_zeros() >= power.unsigned_abs() {
        return trim(significand >> power.unsigned_abs(), 0);
    }
    // All values are in units of a quarter of 2^power.
    let (low, middle, high) =
        (4 * significand - 2 + u64::from(lower_is_closer), 4 * significand, 4 * significand + 2);

    // The interval is at least 10^k wide and less than 10^(k+1).
    // floor(log10(2^power)), or of 3/4 of it where the interval is that much narrower.
    let k = (power * 1_262_611 - if lower_is_closer { 524_031 } else { 0 }) >> 22;
    // floor(log2(10^-k)), to bring the product to the unit 10^k / 4.
    let shift = power + ((-k * 1_741_647) >> 19) + 1;
    let ten = power_of_ten(-k);
    let [low, middle, high] = [low, middle, high].map(|c| round_to_odd(ten, c << shift));
    let (low, high) = (low + 1, high - 1);

    let s = middle / 4;
    if s >= 10 {
        // At most one multiple of 10^(k+1) is inside; it is the shortest.
        let tens = s / 10;
        let (below, above) = (low <= 40 * tens, 40 * tens + 40 <= high);
        if below != above {
            return trim(tens + u64::from(above), k + 1);
        }
    }
    let (below, above) = (low <= 4 * s, 4 * s + 4 <= high);
    let up = if below == above {
        // Both or neither: the nearer one, or the even one for a tie.
        let half = 4 * s + 2;
        middle > half || (middle == half && s & 1 != 0)
    } else {
        above
    };
    trim(s + u64::from(up), k)
}

/// Removes trailing zeros, of which there are at most 19.
fn trim(mut digits: u64, mut exponent: i32) -> Decimal {
    for (power, zeros) in [(100_000_000, 8), (100_000_000, 8), (10_000, 4), (100, 2), (10, 1)] {
        if digits.is_multiple_of(power) {
            digits /= power;
            exponent += zeros;
        }
    }
    Decimal { digits, exponent }
}

/// Returns the upper 64 bits of `ten * c / 2^64`, with the lowest bit set if anything was cut off.
#[inline]
fn round_to_odd(ten: u128, c: u64) -> u64 {
    let low = (ten & u128::from(u64::MAX)) * u128::from(c);
    let high = (ten >> 64) * u128::from(c) + (low >> 64);
    (high >> 64) as u64 | u64::from(high as u64 > 1)
}

const MIN_TEN: i32 = -292;
const MAX_TEN: i32 = 324;

/// Table of `10^n` for the range above, scaled to 128 bits with the highest bit set, rounded up.
static POWERS_OF_TEN: LazyLock<Vec<u128>> = LazyLock::new(|| (MIN_TEN..=MAX_TEN).map(scaled_power).collect());

#[inline]
fn power_of_ten(n: i32) -> u128 {
    POWERS_OF_TEN[(n - MIN_TEN) as usize]
}

/// Computes a power with exact long arithmetic on words of 32 bits, least significant first. It runs once per
/// process.
fn scaled_power(n: i32) -> u128 {
    let mut power = vec![1u32];
    for _ in 0..n.unsigned_abs() {
        let mut carry = 0u64;
        for word in &mut power {
            carry += u64::from(*word) * 10;
            *word = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            power.push(carry as u32);
        }
    }
    if n >= 0 { leading_bits(&power) } else { leading_bits_of_inverse(&power) }
}

/// Returns the first 128 bits, rounded up.
fn leading_bits(number: &[u32]) -> u128 {
    let bits = number.len() * 32 - number.last().map_or(0, |w| w.leading_zeros() as usize);
    let bit = |i: usize| number[i / 32] >> (i % 32) & 1;
    let taken = bits.min(128);
    let head = (bits - taken..bits).rev().fold(0u128, |head, i| head << 1 | u128::from(bit(i)));
    let rest = (0..bits - taken).any(|i| bit(i) != 0);
    (head << (128 - taken)) + u128::from(rest)
}

/// Returns the first 128 bits of the inverse of a number greater than one that is not a power of two, rounded up:
/// long division, bit by bit.
fn leading_bits_of_inverse(number: &[u32]) -> u128 {
    let mut remainder = vec![0u32; number.len() + 1];
    remainder[0] = 1;
    let mut quotient = 0u128;
    while quotient >> 127 == 0 {
        let mut carry = 0;
        for word in &mut remainder {
            (*word, carry) = (*word << 1 | carry, *word >> 31);
        }
        quotient <<= 1;
        if is_at_least(&remainder, number) {
            quotient |= 1;
            let mut borrow = false;
            for (i, word) in remainder.iter_mut().enumerate() {
                let (once, b1) = word.overflowing_sub(number.get(i).copied().unwrap_or(0));
                let (twice, b2) = once.overflowing_sub(u32::from(borrow));
                (*word, borrow) = (twice, b1 || b2);
            }
        }
    }
    quotient + 1
}

fn is_at_least(a: &[u32], b: &[u32]) -> bool {
    let words = (0..a.len()).rev().map(|i| (a[i], b.get(i).copied().unwrap_or(0)));
    words.into_iter().find(|(x, y)| x != y).is_none_or(|(x, y)| x > y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_ten_are_exact_or_rounded_up() {
        assert_eq!(power_of_ten(0), 1 << 127);
        assert_eq!(power_of_ten(1), 10 << 124);
        assert_eq!(power_of_ten(27), 10u128.pow(27) << (128 - 90));
        assert_eq!(power_of_ten(-1), 0xcccc_cccc_cccc_cccc_cccc_cccc_cccc_cccd);
        assert_eq!(power_of_ten(-292), 0xff77_b1fc_bebc_dc4f_25e8_e89c_13bb_0f7b);
        assert!(POWERS_OF_TEN.iter().all(|p| p >> 127 == 1));
    }

    #[test]
    fn interval_ends_are_excluded() {
        // 2.000000000000001e16 is exactly halfway between this double and the next.
        let x = 20_000_000_000_000_008.0f64.to_bits();
        let significand = x & ((1 << 52) - 1) | 1 << 52;
        let decimal = shortest(significand, (x >> 52) as i32 - 1_075, false);
        assert_eq!(decimal, Decimal { digits: 20_000_000_000_000_008, exponent: 0 });
    }
}
