//! Names of relations and functions written in a definition, each with the schemas in which it is looked up.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

use export::catalog::Definition;

/// Returns pairs of schema and name. In a query many of them are other names, such as those of columns.
pub(super) fn written(definition: &Definition) -> BTreeSet<(String, String)> {
    let pair = |schema: &str, name: &str| (schema.to_owned(), name.to_owned());
    if let Some(relation) = definition.relation_name() {
        return [(relation.schema, relation.name)].into();
    }
    let chains = chains(definition.query.as_deref().unwrap_or_default());
    chains
        .iter()
        .flat_map(|chain| match &chain[..] {
            [name] => definition.search_path.iter().map(|schema| pair(schema, name)).collect(),
            [schema, name, ..] => vec![pair(schema, name)],
            [] => Vec::new(),
        })
        .collect()
}

/// Returns names with the dots between them, as the server folds them; without literals and comments.
fn chains(sql: &str) -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = Vec::new();
    let (mut rest, mut after_dot) = (sql.chars().peekable(), false);
    while let Some(c) = rest.next() {
        let name = match c {
            '"' => Some(quoted(&mut rest, '"')),
            '\'' => {
                quoted(&mut rest, '\'');
                None
            }
            '-' if rest.next_if_eq(&'-').is_some() => {
                rest.by_ref().find(|c| *c == '\n');
                continue;
            }
            '/' if rest.next_if_eq(&'*').is_some() => {
                let mut last = ' ';
                rest.by_ref().find(|c| std::mem::replace(&mut last, *c) == '*' && *c == '/');
                continue;
            }
            c if c.is_whitespace() => continue,
            '.' => {
                after_dot = true;
                continue;
            }
            c if c.is_alphabetic() || c == '_' => {
                let mut name: String = c.to_lowercase().collect();
                while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || ['_', '$'].contains(c)) {
                    name.extend(c.to_lowercase());
                }
                Some(name)
            }
            _ => None,
        };
        if let Some(name) = name {
            match found.last_mut().filter(|_| after_dot) {
                Some(chain) => chain.push(name),
                None => found.push(vec![name]),
            }
        }
        after_dot = false;
    }
    found
}

/// Returns the text up to the closing quote; a doubled quote is a character.
fn quoted(rest: &mut Peekable<Chars<'_>>, quote: char) -> String {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        if c == quote && rest.next_if_eq(&quote).is_none() {
            break;
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_names_are_found_except_in_literals() {
        let definition = Definition {
            query: Some(
                "select Shop.F(t.\"a.b\"), 'no.name' -- no.comment\nfrom \"Shop\" . \"Or\"\"der\" t /* no.block */ join plain"
                    .into(),
            ),
            search_path: vec!["ext".into()],
            ..Definition::default()
        };
        let found = written(&definition);
        let has = |schema: &str, name: &str| found.contains(&(schema.into(), name.into()));
        assert!(has("shop", "f") && has("Shop", "Or\"der") && has("t", "a.b") && has("ext", "plain"));
        assert!(found.iter().all(|(schema, name)| schema != "no" && name != "shop"), "{found:?}");
    }

    #[test]
    fn a_relation_is_named_as_it_is_written() {
        for (relation, schema, name) in
            [("Shop.Orders", "Shop", "Orders"), ("\"a.b\".\"c\"\"d\"", "a.b", "c\"d")]
        {
            let definition = Definition { relation: Some(relation.into()), ..Definition::default() };
            assert_eq!(written(&definition), [(schema.into(), name.into())].into());
        }
    }
}
