//! Counting the records of a file.

use std::io::Read;

/// Counts the records of a CSV text: line feeds outside quotes, and a last line without one. A quote inside a quoted
/// field is doubled, so it closes and opens at once.
pub(super) fn count_csv(mut text: impl Read) -> std::io::Result<u64> {
    let mut buffer = vec![0; 128 * 1024];
    let (mut records, mut quoted, mut open) = (0, false, false);
    loop {
        let n = match text.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        for byte in &buffer[..n] {
            quoted ^= *byte == b'"';
            records += u64::from(*byte == b'\n' && !quoted);
        }
        open = buffer[n - 1] != b'\n' || quoted;
    }
    if quoted {
        return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "a quoted field is not closed"));
    }
    Ok(records + u64::from(open))
}

/// Counts lines, each of which must end with a line feed.
pub(super) fn count_lines(mut text: impl Read) -> std::io::Result<u64> {
    let mut buffer = vec![0; 128 * 1024];
    let (mut lines, mut open) = (0, false);
    loop {
        match text.read(&mut buffer) {
            Ok(0) if open => {
                return Err(std::io::Error::new(
                    std::io::ErrorKind::UnexpectedEof,
                    "the last line has no line break",
                ));
            }
            Ok(0) => return Ok(lines),
            Ok(n) => {
                lines += buffer[..n].iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
                open = buffer[n - 1] != b'\n';
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_must_end() {
        let count = |text: &str| count_lines(text.as_bytes()).map_err(|e| e.kind());
        assert_eq!(count(""), Ok(0));
        assert_eq!(count("{}\n{\"a\":1}\n"), Ok(2));
        assert_eq!(count("{}\n{"), Err(std::io::ErrorKind::UnexpectedEof));
    }

    #[test]
    fn line_feeds_in_quotes_do_not_end_records() {
        let count = |text: &str| count_csv(text.as_bytes()).map_err(|e| e.kind());
        assert_eq!(count(""), Ok(0));
        assert_eq!(count("a,b\n1,2\n"), Ok(2));
        assert_eq!(count("a,b\n1,2"), Ok(2));
        assert_eq!(count("a\n\"x\ny \"\"z\"\"\n\"\n\n"), Ok(3));
        assert_eq!(count("a\n\"x\n"), Err(std::io::ErrorKind::UnexpectedEof));
    }
}
