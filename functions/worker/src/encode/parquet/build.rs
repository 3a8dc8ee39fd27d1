//! Common interface of column builders: values in, an Arrow array out.

use arrow_array::ArrayRef;

use crate::encode::ValueProblem;

/// Builder for the values of one column, or for the elements of one.
pub(super) trait Build: Send {
    /// Adds a value in PostgreSQL's binary form.
    fn value(&mut self, value: &[u8]) -> Result<(), ValueProblem>;

    /// Adds a NULL.
    fn null(&mut self);

    /// Returns the number of values added.
    fn len(&self) -> usize;

    /// Returns all values since the last call.
    fn finish(&mut self) -> Result<ArrayRef, Fault>;
}

/// Error for a value that is found to be invalid only when the array is built.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Index in the array, counted from 0.
    pub(super) index: usize,
    /// Problem with the value.
    pub(super) problem: ValueProblem,
}

impl Fault {
    /// Creates the error for inconsistent lengths, which are a bug of a builder.
    pub(super) fn inconsistent<E>(_: E) -> Self {
        Self { index: 0, problem: ValueProblem::Malformed }
    }
}

/// Returns the value as an array of exactly `N` bytes.
pub(super) fn exactly<const N: usize>(value: &[u8]) -> Result<[u8; N], ValueProblem> {
    value.try_into().map_err(|_| ValueProblem::Malformed)
}
