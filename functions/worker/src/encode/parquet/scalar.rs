//! Columns of numbers, each value one machine word, whatever its meaning; and of booleans.

use std::sync::Arc;

use arrow_array::{ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray};
use arrow_buffer::{BooleanBufferBuilder, NullBufferBuilder};
use arrow_schema::DataType;

use super::build::{Build, Fault, exactly};
use crate::encode::ValueProblem;

/// Builder that parses values with `R`.
struct Scalars<T: ArrowPrimitiveType, R> {
    read: R,
    data_type: DataType,
    values: Vec<T::Native>,
    nulls: NullBufferBuilder,
}

/// Creates the builder of a column whose values `read` converts to numbers of the type.
pub(super) fn scalars<T, R>(data_type: DataType, read: R) -> Box<dyn Build>
where
    T: ArrowPrimitiveType,
    R: Fn(&[u8]) -> Result<T::Native, ValueProblem> + Send + 'static,
{
    Box::new(Scalars::<T, R> { read, data_type, values: Vec::new(), nulls: NullBufferBuilder::new(0) })
}

impl<T, R> Build for Scalars<T, R>
where
    T: ArrowPrimitiveType,
    R: Fn(&[u8]) -> Result<T::Native, ValueProblem> + Send,
{
    fn value(&mut self, value: &[u8]) -> Result<(), ValueProblem> {
        self.values.push((self.read)(value)?);
        self.nulls.append_non_null();
        Ok(())
    }

    fn null(&mut self) {
        self.values.push(T::Native::default());
        self.nulls.append_null();
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    fn finish(&mut self) -> Result<ArrayRef, Fault> {
        let next = Vec::with_capacity(self.values.len());
        let values = std::mem::replace(&mut self.values, next);
        let array = PrimitiveArray::<T>::try_new(values.into(), self.nulls.finish());
        Ok(Arc::new(array.map_err(Fault::inconsistent)?.with_data_type(self.data_type.clone())))
    }
}

/// Builder of booleans.
pub(super) struct Booleans {
    values: BooleanBufferBuilder,
    nulls: NullBufferBuilder,
}

impl Booleans {
    pub(super) fn new() -> Self {
        Self { values: BooleanBufferBuilder::new(0), nulls: NullBufferBuilder::new(0) }
    }
}

impl Build for Booleans {
    fn value(&mut self, value: &[u8]) -> Result<(), ValueProblem> {
        self.values.append(match exactly(value)? {
            [0] => false,
            [1] => true,
            _ => return Err(ValueProblem::Malformed),
        });
        self.nulls.append_non_null();
        Ok(())
    }

    fn null(&mut self) {
        self.values.append(false);
        self.nulls.append_null();
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    fn finish(&mut self) -> Result<ArrayRef, Fault> {
        Ok(Arc::new(BooleanArray::new(self.values.finish(), self.nulls.finish())))
    }
}
