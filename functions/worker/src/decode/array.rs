//! Binary form of an array: `array_send` of PostgreSQL's `arrayfuncs.c`.

use super::Malformed;

/// Maximum number of dimensions in PostgreSQL (`MAXDIM`).
pub const MAX_DIMENSIONS: usize = 6;

/// Array in its binary form.
#[derive(Clone, Copy, Debug)]
pub struct Array<'a> {
    dimensions: [Dimension; MAX_DIMENSIONS],
    /// Number of dimensions; 0 if the array is empty.
    count: usize,
    /// Length and bytes of each element, in row-major order.
    elements: &'a [u8],
}

/// Dimension of an array. It always has elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dimension {
    /// Number of elements.
    pub length: usize,
    /// Subscript of the first element; 1 unless the array was created with another lower bound.
    pub lower: i32,
}

impl<'a> Array<'a> {
    /// Reads the header of an array.
    ///
    /// # Errors
    /// If the header is invalid.
    #[inline]
    pub fn read(value: &'a [u8]) -> Result<Self, Malformed> {
        // Number of dimensions, flag for NULLs, type of the elements. The type is known from the catalog.
        let (head, mut rest) = value.split_first_chunk::<12>().ok_or(Malformed)?;
        let [a, b, c, d, ..] = *head;
        let count = usize::try_from(i32::from_be_bytes([a, b, c, d])).map_err(|_| Malformed)?;
        let mut dimensions = [Dimension::default(); MAX_DIMENSIONS];
        let mut empty = count == 0;
        for dimension in dimensions.get_mut(..count).ok_or(Malformed)? {
            let (head, after) = rest.split_first_chunk::<8>().ok_or(Malformed)?;
            let [a, b, c, d, e, f, g, h] = *head;
            let length = usize::try_from(i32::from_be_bytes([a, b, c, d])).map_err(|_| Malformed)?;
            *dimension = Dimension { length, lower: i32::from_be_bytes([e, f, g, h]) };
            empty |= length == 0;
            rest = after;
        }
        if empty {
            return if rest.is_empty() {
                Ok(Self { dimensions, count: 0, elements: rest })
            } else {
                Err(Malformed)
            };
        }
        Ok(Self { dimensions, count, elements: rest })
    }

    /// Returns the dimensions; none if the array is empty.
    #[inline]
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions[..self.count]
    }

    /// Passes every element to `visit` in row-major order, `None` for NULL.
    ///
    /// # Errors
    /// If the number of elements differs from the dimensions, or `visit` fails.
    #[inline]
    pub fn elements<E: From<Malformed>>(
        &self,
        mut visit: impl FnMut(Position, Option<&'a [u8]>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some((last, outer)) = self.dimensions().split_last() else { return Ok(()) };
        let mut rest = self.elements;
        // Current position in the outer dimensions. Runs along the last one are the inner loop.
        let mut at = [0; MAX_DIMENSIONS];
        let (mut opens, mut done) = (self.count, false);
        while !done {
            // Number of outer dimensions that end with this run.
            let mut closes = 1;
            for (dimension, at) in outer.iter().zip(&mut at).rev() {
                *at += 1;
                if *at < dimension.length {
                    break;
                }
                *at = 0;
                closes += 1;
            }
            done = closes == self.count;
            for i in 0..last.length {
                let element = element(&mut rest)?;
                let opens = if i == 0 { opens } else { 0 };
                let closes = if i + 1 == last.length { closes } else { 0 };
                visit(Position { opens, closes }, element)?;
            }
            opens = closes;
        }
        if rest.is_empty() { Ok(()) } else { Err(Malformed.into()) }
    }
}

/// Position of an element at the start or end of dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Number of dimensions of which it is the first element.
    pub opens: usize,
    /// Number of dimensions of which it is the last element.
    pub closes: usize,
}

#[inline]
fn element<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Malformed> {
    let (length, after) = rest.split_first_chunk::<4>().ok_or(Malformed)?;
    let length = i32::from_be_bytes(*length);
    if length == -1 {
        *rest = after;
        return Ok(None);
    }
    let length = usize::try_from(length).map_err(|_| Malformed)?;
    let (value, after) = after.split_at_checked(length).ok_or(Malformed)?;
    *rest = after;
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(dimensions: &[(i32, i32)]) -> Vec<u8> {
        let mut out = Vec::new();
        for n in
            [dimensions.len() as i32, 0, 23].into_iter().chain(dimensions.iter().flat_map(|d| [d.0, d.1]))
        {
            out.extend(n.to_be_bytes());
        }
        out
    }

    fn walked(value: &[u8]) -> Result<String, Malformed> {
        let mut out = String::new();
        Array::read(value)?.elements::<Malformed>(|at, value| {
            let text = value.map_or("-".to_owned(), |v| v.len().to_string());
            out += &format!("{}{text}{}", "(".repeat(at.opens), ")".repeat(at.closes));
            Ok(())
        })?;
        Ok(out)
    }

    #[test]
    fn array_elements_mark_dimension_starts_and_ends() {
        let null = (-1i32).to_be_bytes();
        let array = |dimensions: &[(i32, i32)], n| [head(dimensions), null.repeat(n)].concat();
        assert_eq!(walked(&array(&[(3, 1)], 3)).unwrap(), "(---)");
        assert_eq!(walked(&array(&[(2, 1), (3, 0)], 6)).unwrap(), "((---)(---))");
        assert_eq!(walked(&array(&[(2, 1), (1, 1), (2, 1)], 4)).unwrap(), "(((--))((--)))");
        assert_eq!(walked(&array(&[(1, 1); 6], 1)).unwrap(), "((((((-))))))");
        assert_eq!(walked(&array(&[], 0)).unwrap(), "");
        assert_eq!(walked(&array(&[(0, 1)], 0)).unwrap(), "");
        let array = [head(&[(2, -7)]), vec![0, 0, 0, 1, 9], vec![0, 0, 0, 0]].concat();
        assert_eq!(walked(&array).unwrap(), "(10)");
        assert_eq!(Array::read(&array).unwrap().dimensions(), [Dimension { length: 2, lower: -7 }]);
    }

    #[test]
    fn malformed_arrays_are_refused() {
        let null = (-1i32).to_be_bytes();
        for bad in [
            vec![],
            vec![0; 11],
            head(&[(1, 1)]),
            head(&[(-1, 1)]),
            [head(&[(1, 1)]), null.repeat(2)].concat(),
            [head(&[]), null.to_vec()].concat(),
            [head(&[(1, 1); 7]), null.to_vec()].concat(),
            [head(&[(1, 1)]), (-2i32).to_be_bytes().to_vec()].concat(),
            [head(&[(i32::MAX, 1); 6]), null.to_vec()].concat(),
        ] {
            assert_eq!(walked(&bad), Err(Malformed), "{bad:?}");
        }
    }
}
