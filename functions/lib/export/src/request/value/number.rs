//! Numbers: JSON numbers, or strings if a JSON number is not exact enough.

use serde_json::Value;

/// Maximum number of digits of a numeric value, before and after the point together.
const MAX_DIGITS: usize = 1000;

/// Decimal digits that a JSON number keeps, as it is read as a double.
const EXACT_DIGITS: usize = 15;

/// Reads a whole number in range, without leading zeros.
pub(super) fn whole(value: &Value, least: i64, most: i64) -> Result<String, String> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) if plain(text, false) => text.parse().ok(),
        _ => None,
    };
    let fits = number.filter(|n| (least..=most).contains(n));
    fits.map(|n| n.to_string()).ok_or_else(|| format!("a whole number from {least} to {most}"))
}

/// Reads a `double precision` value, in its shortest form.
pub(super) fn float8(value: &Value) -> Result<String, String> {
    let wanted = || "a number, or \"NaN\", \"Infinity\", \"-Infinity\"".to_owned();
    let text = float_text(value).ok_or_else(wanted)?;
    let number: f64 = text.parse().map_err(|_| wanted())?;
    shortest(&text, format!("{number:?}"), number.is_finite(), number == 0.0)
        .ok_or_else(|| "a number in the range of double precision".to_owned())
}

/// Reads a `real` value, in its shortest form.
pub(super) fn float4(value: &Value) -> Result<String, String> {
    let wanted = || "a number, or \"NaN\", \"Infinity\", \"-Infinity\"".to_owned();
    let text = float_text(value).ok_or_else(wanted)?;
    let number: f32 = text.parse().map_err(|_| wanted())?;
    shortest(&text, format!("{number:?}"), number.is_finite(), number == 0.0)
        .ok_or_else(|| "a number in the range of real".to_owned())
}

fn float_text(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if plain(text, true) || special(text) => Some(text.clone()),
        _ => None,
    }
}

fn special(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity")
}

/// Returns the shortest form, unless the number left the type's range: PostgreSQL rejects overflow and underflow.
fn shortest(given: &str, debug: String, finite: bool, zero: bool) -> Option<String> {
    if special(given) {
        return Some(given.to_owned());
    }
    let mantissa = given.split(['e', 'E']).next().unwrap_or_default();
    let underflow = zero && mantissa.bytes().any(|b| (b'1'..=b'9').contains(&b));
    if !finite || underflow {
        return None;
    }
    Some(if zero { "0".to_owned() } else { debug.strip_suffix(".0").unwrap_or(&debug).to_owned() })
}

/// Reads a `numeric` value: plain digits, without exponent and unnecessary zeros.
pub(super) fn numeric(value: &Value) -> Result<String, String> {
    let (text, exact) = match value {
        Value::Number(number) => (number.to_string(), number.is_i64() || number.is_u64()),
        Value::String(text) if special(text) => return Ok(text.clone()),
        Value::String(text) if plain(text, true) => (text.clone(), true),
        _ => {
            return Err(
                "a decimal number, the same as a string, or \"NaN\", \"Infinity\", \"-Infinity\"".to_owned()
            );
        }
    };
    let number = Decimal::read(&text).ok_or_else(|| format!("a number of at most {MAX_DIGITS} digits"))?;
    if !exact && number.digits.len() > EXACT_DIGITS {
        return Err(format!("a number of more than {EXACT_DIGITS} digits as a string"));
    }
    Ok(number.to_string())
}

/// Returns true if a text is `-?digits`, and with `fraction` also a point and an exponent, as JSON writes numbers
/// (except for leading zeros).
fn plain(text: &str, fraction: bool) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if !fraction {
        return digits(unsigned);
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent_fits =
        exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)) && e.len() <= 6);
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part),
        None => digits(mantissa),
    };
    exponent_fits && mantissa_fits
}

/// Number `digits` times ten to the power of `exponent`; no zeros at either end.
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{part}");
        let digits = all.trim_end_matches('0');
        let exponent: i64 = exponent.parse().ok()?;
        let exponent =
            exponent + i64::try_from(all.len() - digits.len()).ok()? - i64::try_from(part.len()).ok()?;
        let digits = digits.trim_start_matches('0').to_owned();
        let most = i64::try_from(MAX_DIGITS).ok()?;
        let length = i64::try_from(digits.len()).ok()?;
        let fits = digits.is_empty() || (length + exponent <= most && exponent >= -most && length <= most);
        fits.then_some(Self { negative, digits, exponent })
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        if self.negative {
            f.write_str("-")?;
        }
        let Ok(places) = usize::try_from(-self.exponent) else {
            let zeros = usize::try_from(self.exponent).unwrap_or(0);
            return write!(f, "{}{}", self.digits, "0".repeat(zeros));
        };
        let padded = format!("{:0>width$}", self.digits, width = places + 1);
        let (whole, part) = padded.split_at(padded.len() - places);
        if part.is_empty() { f.write_str(whole) } else { write!(f, "{whole}.{part}") }
    }
}
