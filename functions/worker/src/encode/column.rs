//! One decision per column, made before the first row: how a value becomes text.
//!
//! Each type has a small file with a function from its binary form to exactly the text of PostgreSQL's
//! output function, under UTC, ISO dates and hexadecimal bytea.

mod bool;
mod bytea;
mod calendar;
mod date;
mod digits;
mod float;
mod int;
mod jsonb;
mod numeric;
mod text;
mod timestamp;
mod uuid;

use export::column::ColumnType;

use crate::decode::Malformed;

/// Appends the text of one value.
pub type Write = fn(&[u8], &mut Vec<u8>) -> Result<(), Malformed>;

/// How the values of a type become text.
#[derive(Clone, Copy, Debug)]
pub struct TextForm {
    /// Does it.
    pub write: Write,
    /// All bytes that may occur in the text; `None` if any may.
    pub alphabet: Option<&'static [u8]>,
}

/// The decision.
pub fn text_form(kind: ColumnType) -> TextForm {
    let of = |write: Write, alphabet| TextForm { write, alphabet: Some(alphabet) };
    match kind {
        ColumnType::Bool => of(bool::write, b"tf"),
        ColumnType::Int2 => of(int::int2, b"-0123456789"),
        ColumnType::Int4 => of(int::int4, b"-0123456789"),
        ColumnType::Int8 => of(int::int8, b"-0123456789"),
        ColumnType::Float4 => of(float::float4, b"+-.0123456789eINafinty"),
        ColumnType::Float8 => of(float::float8, b"+-.0123456789eINafinty"),
        ColumnType::Numeric => of(numeric::write, b"-.0123456789INafinty"),
        ColumnType::Uuid => of(uuid::write, b"-0123456789abcdef"),
        ColumnType::Date => of(date::write, b" -0123456789BCinfty"),
        ColumnType::Timestamp => of(timestamp::wall, b" -.:0123456789BCinfty"),
        ColumnType::Timestamptz => of(timestamp::instant, b" +-.:0123456789BCinfty"),
        ColumnType::Bytea => of(bytea::write, b"\\x0123456789abcdef"),
        ColumnType::Text | ColumnType::Json => TextForm { write: text::write, alphabet: None },
        ColumnType::Jsonb => TextForm { write: jsonb::write, alphabet: None },
    }
}

/// The value as an array of exactly `N` bytes.
fn exactly<const N: usize>(value: &[u8]) -> Result<[u8; N], Malformed> {
    value.try_into().map_err(|_| Malformed)
}

#[cfg(test)]
pub(crate) fn written(write: Write, value: &[u8]) -> String {
    let mut out = Vec::new();
    write(value, &mut out).expect("a well-formed value");
    String::from_utf8(out).expect("text")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [ColumnType; 15] = [
        ColumnType::Bool,
        ColumnType::Int2,
        ColumnType::Int4,
        ColumnType::Int8,
        ColumnType::Float4,
        ColumnType::Float8,
        ColumnType::Numeric,
        ColumnType::Text,
        ColumnType::Uuid,
        ColumnType::Date,
        ColumnType::Timestamp,
        ColumnType::Timestamptz,
        ColumnType::Bytea,
        ColumnType::Json,
        ColumnType::Jsonb,
    ];

    proptest! {
        #[test]
        fn no_value_makes_a_type_panic_or_leave_its_alphabet(value in proptest::collection::vec(any::<u8>(), 0..24)) {
            for kind in ALL {
                let (form, mut out) = (text_form(kind), Vec::new());
                if (form.write)(&value, &mut out).is_ok() && let Some(alphabet) = form.alphabet {
                    prop_assert!(out.iter().all(|b| alphabet.contains(b)), "{kind:?} {out:?}");
                }
            }
        }

        #[test]
        fn eight_bytes_are_always_a_time(value: [u8; 8]) {
            for kind in [ColumnType::Timestamp, ColumnType::Timestamptz, ColumnType::Float8, ColumnType::Int8] {
                let form = text_form(kind);
                let text = written(form.write, &value);
                prop_assert!(text.bytes().all(|b| form.alphabet.unwrap().contains(&b)), "{text}");
            }
        }
    }
}
