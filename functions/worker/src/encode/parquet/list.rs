//! Conversion of one-dimensional arrays to LIST. Lower bounds are dropped, since a LIST has none.

use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::FieldRef;

use super::build::{Build, Fault};
use crate::decode::Array;
use crate::encode::ValueProblem::{self, Unsupported};

/// Builder of lists.
pub(super) struct Lists {
    element: FieldRef,
    elements: Box<dyn Build>,
    /// Offsets at which lists begin, and the end of the last one.
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Lists {
    /// Creates a builder of lists whose elements `elements` collects.
    pub(super) fn new(element: FieldRef, elements: Box<dyn Build>) -> Self {
        Self { element, elements, offsets: vec![0], nulls: NullBufferBuilder::new(0) }
    }

    fn end(&mut self) -> Result<(), ValueProblem> {
        let end = i32::try_from(self.elements.len());
        self.offsets.push(end.map_err(|_| Unsupported("an array of more than 2 billion elements"))?);
        Ok(())
    }
}

impl Build for Lists {
    fn value(&mut self, value: &[u8]) -> Result<(), ValueProblem> {
        let array = Array::read(value)?;
        if array.dimensions().len() > 1 {
            return Err(Unsupported("a multidimensional array"));
        }
        array.elements(|_, element| match element {
            Some(element) => self.elements.value(element),
            None => {
                self.elements.null();
                Ok(())
            }
        })?;
        self.end()?;
        self.nulls.append_non_null();
        Ok(())
    }

    fn null(&mut self) {
        self.offsets.push(self.offsets[self.offsets.len() - 1]);
        self.nulls.append_null();
    }

    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn finish(&mut self) -> Result<ArrayRef, Fault> {
        let mut offsets = Vec::with_capacity(self.offsets.len());
        offsets.push(0);
        let offsets = std::mem::replace(&mut self.offsets, offsets);
        let elements = self.elements.finish().map_err(|Fault { index, problem }| {
            // The last list that begins at or before the element, which is the one that is not empty.
            let list = offsets.partition_point(|begin| *begin as usize <= index).saturating_sub(1);
            Fault { index: list, problem }
        })?;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let lists = ListArray::try_new(self.element.clone(), offsets, elements, self.nulls.finish());
        Ok(Arc::new(lists.map_err(Fault::inconsistent)?))
    }
}
