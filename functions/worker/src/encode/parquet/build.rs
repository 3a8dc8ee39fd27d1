//! What all columns have in common: values in, an Arrow array out.

use arrow_array::ArrayRef;

use crate::encode::ValueProblem;

/// Gathers the values of one column, or of the elements of one.
pub(super) trait Build: Send {
    /// Takes a value in PostgreSQL's binary form.
    fn value(&mut self, value: &[u8]) -> Result<(), ValueProblem>;

    /// Takes a NULL.
    fn null(&mut self);

    /// How many values were taken.
    fn len(&self) -> usize;

    /// All values since the last time.
    fn finish(&mut self) -> Result<ArrayRef, Fault>;
}

/// A value that turned out to be bad only when the array was made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Its place in the array, counted from 0.
    pub(super) index: usize,
    /// What is wrong with it.
    pub(super) problem: ValueProblem,
}

impl Fault {
    /// Lengths that do not agree: a bug of a builder.
    pub(super) fn inconsistent<E>(_: E) -> Self {
        Self { index: 0, problem: ValueProblem::Malformed }
    }
}

/// The value as an array of exactly `N` bytes.
pub(super) fn exactly<const N: usize>(value: &[u8]) -> Result<[u8; N], ValueProblem> {
    value.try_into().map_err(|_| ValueProblem::Malformed)
}
