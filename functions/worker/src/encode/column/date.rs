//! `date`: days since 2000-01-01; the two ends of the range are the infinities.

use super::{calendar, exactly};
use crate::decode::Malformed;

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    match i32::from_be_bytes(exactly(value)?) {
        i32::MAX => out.extend_from_slice(b"infinity"),
        i32::MIN => out.extend_from_slice(b"-infinity"),
        days => {
            if calendar::day(days.into(), out) {
                out.extend_from_slice(b" BC");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::written;
    use super::*;

    #[test]
    fn dates_are_written_like_postgresql() {
        let text = |days: i32| written(write, &days.to_be_bytes());
        assert_eq!(text(0), "2000-01-01");
        assert_eq!(text(-1), "1999-12-31");
        assert_eq!(text(59), "2000-02-29");
        assert_eq!(text(-730_119), "0001-01-01");
        assert_eq!(text(-730_120), "0001-12-31 BC");
        assert_eq!(text(-2_451_507), "4713-01-01 BC");
        assert_eq!(text(2_145_031_948), "5874897-12-31");
        assert_eq!(text(i32::MAX), "infinity");
        assert_eq!(text(i32::MIN), "-infinity");
    }
}
