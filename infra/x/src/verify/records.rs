//! Splits CSV into records without parsing them: a line end inside quotes ends no record.

use std::io::{ErrorKind, Read};

use anyhow::{Result, bail};

/// Bytes requested from the input at once. The buffer grows only for a longer record.
const BLOCK_BYTES: usize = 256 << 10;

/// The records of CSV as PostgreSQL writes it: quote `"`, doubled inside quotes, every record ended by `\n`.
pub(super) struct Records<R> {
    input: R,
    buffer: Vec<u8>,
    /// Position in `buffer` at which the next record begins.
    start: usize,
    /// Position up to which `buffer` has been searched.
    searched: usize,
    /// Position up to which `buffer` holds input.
    filled: usize,
    /// True if `searched` is inside quotes. A doubled quote leaves and enters again.
    quoted: bool,
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, buffer: vec![0; BLOCK_BYTES], start: 0, searched: 0, filled: 0, quoted: false }
    }

    /// Returns the next record without its line end. An end of input anywhere but after a line end is an error.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>> {
        loop {
            while let Some(at) = memchr::memchr2(b'"', b'\n', &self.buffer[self.searched..self.filled]) {
                let at = self.searched + at;
                self.searched = at + 1;
                if self.buffer[at] == b'"' {
                    self.quoted = !self.quoted;
                } else if !self.quoted {
                    let record = self.start..at;
                    self.start = self.searched;
                    return Ok(Some(&self.buffer[record]));
                }
            }
            self.searched = self.filled;
            if self.fill()? == 0 {
                if self.quoted {
                    bail!("ends inside a quoted field");
                }
                if self.start < self.filled {
                    bail!("the last record has no line end");
                }
                return Ok(None);
            }
        }
    }

    /// Reads more input after the part that is still needed.
    fn fill(&mut self) -> Result<usize> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.searched -= self.start;
            self.filled -= self.start;
            self.start = 0;
        }
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(read) => {
                    self.filled += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns one byte at a time, so that a block ends in every state.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let n = self.0.len().min(1);
            (&mut self.0).take(n as u64).read(buffer)
        }
    }

    fn all(input: impl Read) -> Result<Vec<String>> {
        let mut records = Records::new(input);
        let mut found = Vec::new();
        while let Some(record) = records.next()? {
            found.push(String::from_utf8_lossy(record).into_owned());
        }
        Ok(found)
    }

    #[track_caller]
    fn splits(csv: &str, expected: &[&str]) {
        assert_eq!(all(csv.as_bytes()).expect("valid CSV"), expected, "in one block");
        assert_eq!(all(Drops(csv.as_bytes())).expect("valid CSV"), expected, "byte by byte");
    }

    #[test]
    fn empty_input_has_no_records() {
        splits("", &[]);
    }

    #[test]
    fn an_empty_line_is_a_record() {
        splits("\n", &[""]);
        splits("a\n\n\nb\n", &["a", "", "", "b"]);
    }

    #[test]
    fn line_ends_inside_quotes_belong_to_the_record() {
        splits("1,\"a\nb\",2\n3,\"\n\",\"\n\"\n", &["1,\"a\nb\",2", "3,\"\n\",\"\n\""]);
        splits("1,\"a\r\nb\r\n\"\n2\n", &["1,\"a\r\nb\r\n\"", "2"]);
    }

    #[test]
    fn doubled_quotes_do_not_end_a_field() {
        splits("\"say \"\"hi\"\",\n\"\"\",x\ny\n", &["\"say \"\"hi\"\",\n\"\"\",x", "y"]);
        splits("\"\"\"\"\n\"\"\n\"\"\"\n\"\n", &["\"\"\"\"", "\"\"", "\"\"\"\n\""]);
    }

    #[test]
    fn carriage_return_does_not_end_a_record() {
        splits("a\r\nb\n", &["a\r", "b"]);
    }

    #[test]
    fn missing_final_line_end_is_an_error() {
        for cut in ["a", "a\nb", "a\n\"b", "a\n\"b\n", "\"", "\"\""] {
            assert!(all(cut.as_bytes()).is_err(), "{cut:?}");
            assert!(all(Drops(cut.as_bytes())).is_err(), "{cut:?}");
        }
    }

    #[test]
    fn a_record_may_be_longer_than_any_block() {
        let long = format!("\"{}\"", "x\n".repeat(BLOCK_BYTES));
        splits(&format!("a\n{long}\nb\n"), &["a", &long, "b"]);
    }
}
