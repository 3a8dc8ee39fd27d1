//! Name of a relation as the catalog writes it: `schema.name`, where each part is literal or quoted as in SQL.

use std::fmt::{self, Display, Formatter};

/// Schema and name of a relation. Both are literal: nothing is folded to lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationName {
    /// Schema of the relation.
    pub schema: String,
    /// Name within the schema.
    pub name: String,
}

/// Reason why a text is not the name of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationNameError {
    /// The text has one part only.
    NoSchema,
    /// A part is empty.
    Empty,
    /// The text has more than two parts.
    TooManyParts,
    /// A quoted part has no closing quote.
    Unclosed,
    /// A quoted part is followed by something other than a dot.
    AfterQuote,
}

impl RelationNameError {
    /// Returns the description of the error.
    pub fn message(self) -> &'static str {
        match self {
            Self::NoSchema => "the name has no schema",
            Self::Empty => "the schema or the name is empty",
            Self::TooManyParts => "the name has more than two parts",
            Self::Unclosed => "a quoted name is not closed",
            Self::AfterQuote => "a quoted name is followed by other text",
        }
    }

    /// Returns the action that corrects it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::NoSchema | Self::Empty => "write it as schema.name",
            Self::TooManyParts => {
                "write it as schema.name; quote a part that contains a dot, such as 'shop.\"a.b\"'"
            }
            Self::Unclosed | Self::AfterQuote => {
                "close the quote at the end of the name, and double each quote within it, such as 'shop.\"5\"\" pipe\"'"
            }
        }
    }
}

impl RelationName {
    /// Reads a name. A part that begins with a double quote ends at its closing quote, and a doubled quote within it is
    /// one character. Any other part is taken literally, up to the next dot.
    ///
    /// # Errors
    /// If the text does not have exactly two parts that are not empty.
    pub fn parse(text: &str) -> Result<Self, RelationNameError> {
        let (schema, rest) = part(text)?;
        let rest = match rest.strip_prefix('.') {
            Some(rest) => rest,
            None if rest.is_empty() => return Err(RelationNameError::NoSchema),
            None => return Err(RelationNameError::AfterQuote),
        };
        let (name, rest) = part(rest)?;
        match rest.chars().next() {
            None => Ok(Self { schema, name }),
            Some('.') => Err(RelationNameError::TooManyParts),
            Some(_) => Err(RelationNameError::AfterQuote),
        }
    }
}

/// Reads the part at the start and returns the text after it.
fn part(text: &str) -> Result<(String, &str), RelationNameError> {
    let (name, rest) = match text.strip_prefix('"') {
        Some(text) => quoted(text).ok_or(RelationNameError::Unclosed)?,
        None => {
            let (name, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
            (name.to_owned(), rest)
        }
    };
    if name.is_empty() { Err(RelationNameError::Empty) } else { Ok((name, rest)) }
}

/// Reads a quoted part after its first quote; `None` if it is not closed.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut name, mut rest) = (String::new(), text);
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        let Some(more) = after.strip_prefix('"') else { return Some((name, after)) };
        name.push('"');
        rest = more;
    }
}

/// Writes the name in the form that the catalog and SQL read alike: parts that SQL would fold or split are quoted.
impl Display for RelationName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", Quoted(&self.schema), Quoted(&self.name))
    }
}

/// Part of a name, quoted where SQL requires it because of its characters.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_plain = |(i, b): (usize, u8)| {
            b.is_ascii_lowercase() || b == b'_' || (i > 0 && (b.is_ascii_digit() || b == b'$'))
        };
        match self.0 {
            plain if !plain.is_empty() && plain.bytes().enumerate().all(is_plain) => f.write_str(plain),
            odd => write!(f, "\"{}\"", odd.replace('"', "\"\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(text: &str) -> Result<(String, String), RelationNameError> {
        RelationName::parse(text).map(|found| (found.schema, found.name))
    }

    #[test]
    fn parts_are_literal_or_quoted() {
        for (text, schema, name) in [
            ("shop.orders", "shop", "orders"),
            ("Shop.Orders", "Shop", "Orders"),
            ("\"We ird\".\"order; drop\"", "We ird", "order; drop"),
            ("shop.\"a.b\"", "shop", "a.b"),
            ("\"a.b\".c", "a.b", "c"),
            ("shop.\"5\"\" pipe\"", "shop", "5\" pipe"),
            ("\"\"\"\".\"\"\"\"\"\"", "\"", "\"\""),
            // Accepted before quotes were read.
            ("my shop.order; drop", "my shop", "order; drop"),
            ("shop.5\"pipe", "shop", "5\"pipe"),
        ] {
            assert_eq!(parts(text), Ok((schema.into(), name.into())), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        use RelationNameError::*;
        for (text, error) in [
            ("", Empty),
            ("orders", NoSchema),
            ("\"a.b\"", NoSchema),
            (".orders", Empty),
            ("shop.", Empty),
            ("shop.\"\"", Empty),
            ("db.shop.orders", TooManyParts),
            ("\"a\".\"b\".c", TooManyParts),
            ("shop.\"orders", Unclosed),
            ("\"shop.orders", Unclosed),
            ("shop.\"orders\"\"", Unclosed),
            ("shop.\"orders\"; drop table x", AfterQuote),
            ("\"shop\" .orders", AfterQuote),
            ("\"shop\"x.orders", AfterQuote),
        ] {
            assert_eq!(parts(text), Err(error), "{text}");
        }
    }

    #[test]
    fn only_names_that_need_quotes_get_them() {
        let written =
            |schema: &str, name: &str| RelationName { schema: schema.into(), name: name.into() }.to_string();
        assert_eq!(written("shop", "order_lines2$"), "shop.order_lines2$");
        assert_eq!(written("Shop", "2024"), "\"Shop\".\"2024\"");
        assert_eq!(written("größe", "a\"b"), "\"größe\".\"a\"\"b\"");
    }

    fn any_name() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z\"'. ;A-Z\\\\$-]{1,12}", "\\PC{1,8}", "(?s).{1,8}"]
    }

    proptest! {
        #[test]
        fn written_names_are_read_as_they_were(schema in any_name(), name in any_name()) {
            let one = RelationName { schema, name };
            prop_assert_eq!(RelationName::parse(&one.to_string()), Ok(one));
        }

        #[test]
        fn accepted_texts_are_one_name(text in "[a\".; ]{0,12}") {
            if let Ok(found) = RelationName::parse(&text) {
                prop_assert!(!found.schema.is_empty() && !found.name.is_empty());
                prop_assert_eq!(RelationName::parse(&found.to_string()), Ok(found));
            }
        }
    }
}
