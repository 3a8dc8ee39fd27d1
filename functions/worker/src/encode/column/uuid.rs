//! `uuid`: 8-4-4-4-12 hexadecimal digits.

use super::bytea::HEX;
use super::exactly;
use crate::decode::Malformed;

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let value: [u8; 16] = exactly(value)?;
    let (mut text, mut at) = ([b'-'; 36], 0);
    for (i, byte) in value.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            at += 1;
        }
        [text[at], text[at + 1]] = HEX[usize::from(*byte)];
        at += 2;
    }
    out.extend_from_slice(&text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::written;
    use super::*;

    #[test]
    fn uuid_is_written_with_hyphens() {
        let bytes: Vec<u8> = (0..16).map(|i| i * 17).collect();
        assert_eq!(written(write, &bytes), "00112233-4455-6677-8899-aabbccddeeff");
    }
}
