//! Reads the fields of a block, one after the other.

/// A cursor over a block's rows; see [`super::Block`].
#[derive(Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

/// The block does not hold what its framing promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed")]
pub struct Malformed;

impl<'a> Fields<'a> {
    /// Stands before the first row.
    pub fn new(block: &'a [u8]) -> Self {
        Self { rest: block }
    }

    /// Begins a row: passes over its count of fields, which framing has compared.
    #[inline]
    pub fn row(&mut self) -> Result<(), Malformed> {
        self.rest = self.rest.get(2..).ok_or(Malformed)?;
        Ok(())
    }

    /// The next field; `None` is NULL.
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

    /// Whether all rows were read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}
