//! Iteration over the fields of a block.

/// Cursor over the rows of a block; see [`super::Block`].
#[derive(Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

/// Error for a block whose content differs from its framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed")]
pub struct Malformed;

impl<'a> Fields<'a> {
    /// Creates a cursor before the first row.
    pub fn new(block: &'a [u8]) -> Self {
        Self { rest: block }
    }

    /// Begins a row: skips its field count, which framing has already checked.
    #[inline]
    pub fn row(&mut self) -> Result<(), Malformed> {
        self.rest = self.rest.get(2..).ok_or(Malformed)?;
        Ok(())
    }

    /// Returns the next field; `None` is NULL.
    #[inline]
    pub fn value(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        let (length, rest) = self.rest.split_first_chunk::<4>().ok_or(Malformed)?;
        let length = i32::from_be_bytes(*length);
        if length < 0 {
            self.rest = rest;
            return Ok(None);
        }
        let (value, rest) = rest.split_at_checked(length as usize).ok_or(Malformed)?;
        self.rest = rest;
        Ok(Some(value))
    }

    /// Returns true if all rows were read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}
