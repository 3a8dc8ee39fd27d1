//! `real` and `double precision`: the shortest text that parses to the same value, as PostgreSQL writes it since
//! version 12: fixed notation for exponents from -4 to 14 (5 for `real`), else `1.5e+20`.

use super::digits::{two, unsigned};
use super::exactly;
use crate::decode::Malformed;
use crate::encode::shortest::{Decimal, shortest};

pub(super) fn float8(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let bits = u64::from_be_bytes(exactly(value)?);
    write(
        bits >> 63 != 0,
        bits >> 52 & 0x7ff,
        bits & ((1 << 52) - 1),
        FloatFormat { bits: 52, top: 0x7ff, fixed: 15 },
        out,
    );
    Ok(())
}

pub(super) fn float4(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let bits = u32::from_be_bytes(exactly(value)?);
    let (exponent, fraction) = (u64::from(bits >> 23 & 0xff), u64::from(bits & ((1 << 23) - 1)));
    write(bits >> 31 != 0, exponent, fraction, FloatFormat { bits: 23, top: 0xff, fixed: 6 }, out);
    Ok(())
}

struct FloatFormat {
    /// Number of bits of the fraction.
    bits: u32,
    /// Exponent of infinities and NaN.
    top: u64,
    /// Upper bound (exclusive) of the decimal exponents written in fixed notation, which begin at -4.
    fixed: i32,
}

#[inline]
fn write(negative: bool, exponent: u64, fraction: u64, format: FloatFormat, out: &mut Vec<u8>) {
    if exponent == format.top && fraction != 0 {
        return out.extend_from_slice(b"NaN");
    }
    if negative {
        out.push(b'-');
    }
    if exponent == format.top {
        return out.extend_from_slice(b"Infinity");
    }
    if exponent == 0 && fraction == 0 {
        return out.push(b'0');
    }
    // value = significand * 2^power
    let bias = (format.top / 2) as i32 + format.bits as i32;
    let (significand, power) = match exponent {
        0 => (fraction, 1 - bias),
        _ => (fraction | 1 << format.bits, exponent as i32 - bias),
    };
    let decimal = shortest(significand, power, fraction == 0 && exponent > 1);
    notation(decimal, format.fixed, out);
}

/// Writes `digits * 10^exponent`.
fn notation(Decimal { digits, exponent }: Decimal, fixed: i32, out: &mut Vec<u8>) {
    let begin = out.len();
    unsigned(digits, out);
    let count = (out.len() - begin) as i32;
    // The exponent of the first digit.
    let first = exponent + count - 1;
    if !(-4..fixed).contains(&first) {
        if count > 1 {
            out.insert(begin + 1, b'.');
        }
        out.extend_from_slice(if first < 0 { b"e-" } else { b"e+" });
        if first.abs() < 100 {
            out.extend_from_slice(&two(first.unsigned_abs()));
        } else {
            unsigned(first.unsigned_abs().into(), out);
        }
    } else if first < 0 {
        const ZEROS: &[u8] = b"0.000";
        let zeros = ZEROS[..1 + first.unsigned_abs() as usize].iter().copied();
        out.splice(begin..begin, zeros);
    } else if exponent >= 0 {
        out.extend(std::iter::repeat_n(b'0', exponent as usize));
    } else {
        out.insert(begin + 1 + first as usize, b'.');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::written;
    use super::*;

    fn double(x: f64) -> String {
        written(float8, &x.to_be_bytes())
    }

    fn real(x: f32) -> String {
        written(float4, &x.to_be_bytes())
    }

    #[test]
    fn doubles_are_written_like_postgresql() {
        for (x, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (100.0, "100"),
            (123456.789, "123456.789"),
            (1e14, "100000000000000"),
            (1e15, "1e+15"),
            (123456789012345.0, "123456789012345"),
            (999999999999999.0, "999999999999999"),
            (9007199254740993.0, "9.007199254740992e+15"),
            (1e-4, "0.0001"),
            (0.00012345, "0.00012345"),
            (1e-5, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (1e100, "1e+100"),
            (1.5e300, "1.5e+300"),
            (5e-324, "5e-324"),
            (2.2250738585072014e-308, "2.2250738585072014e-308"),
            (f64::MAX, "1.7976931348623157e+308"),
            (std::f64::consts::PI, "3.141592653589793"),
            // The shortest decimal is exactly halfway between two doubles. PostgreSQL does not use it.
            (20000000000000008.0, "2.0000000000000008e+16"),
            (9e22, "9e+22"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double(x), text);
        }
        assert_eq!(written(float8, &(-f64::NAN).to_be_bytes()), "NaN");
    }

    #[test]
    fn reals_are_written_like_postgresql() {
        for (x, text) in [
            (0.1, "0.1"),
            (1.0, "1"),
            (123456.0, "123456"),
            (1_234_567.0, "1.234567e+06"),
            (999_999.0, "999999"),
            (1e6, "1e+06"),
            (16_777_216.0, "1.6777216e+07"),
            (33_554_432.0, "3.3554432e+07"),
            (1e-4, "0.0001"),
            (1.2e-5, "1.2e-05"),
            (f32::MAX, "3.4028235e+38"),
            (1e-45, "1e-45"),
            (f32::MIN_POSITIVE, "1.1754944e-38"),
        ] {
            assert_eq!(real(x), text);
        }
    }

    proptest! {
        #[test]
        fn every_double_reads_back_the_same(bits: u64) {
            let x = f64::from_bits(bits);
            if !x.is_nan() {
                prop_assert_eq!(double(x).parse::<f64>().unwrap().to_bits(), bits);
            }
        }

        #[test]
        fn every_real_reads_back_the_same(bits: u32) {
            let x = f32::from_bits(bits);
            if !x.is_nan() {
                prop_assert_eq!(real(x).parse::<f32>().unwrap().to_bits(), bits);
            }
        }

        /// Compares with Rust, which finds the shortest digits too but also accepts a decimal halfway between two
        /// doubles. Below 2^53 such a decimal is never short.
        #[test]
        fn doubles_have_the_fewest_digits(bits: u64) {
            let x = f64::from_bits(bits);
            if x.abs() < 9_007_199_254_740_992.0 {
                let digits = |text: &str| {
                    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
                    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
                    digits.trim_matches('0').len()
                };
                prop_assert_eq!(digits(&double(x)), digits(&format!("{x:e}")));
            }
        }
    }
}
