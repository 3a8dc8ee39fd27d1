//! Names of datasets, made from those of relations: in the characters that a name may have, and each only once.

use std::collections::{BTreeMap, BTreeSet};

use export::catalog::{Catalog, RelationName};

/// Schema whose relations keep their name if one of another schema has the same.
const DEFAULT_SCHEMA: &str = "public";

/// Length up to which names are cut, so that a number can follow.
const MAX_BASE: usize = 56;

/// Returns a name for each relation, in their order.
pub(super) fn all(relations: &[&RelationName]) -> Vec<String> {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for relation in relations {
        *uses.entry(snake(&relation.name)).or_default() += 1;
    }
    let mut taken = BTreeSet::new();
    let mut names = vec![String::new(); relations.len()];
    // Names that need no schema are given first, so that a made up one does not take them; of those that differ in
    // capitals or signs only, the one that needs no change keeps its name without a number.
    for (with_schema, as_written) in [(false, true), (false, false), (true, true), (true, false)] {
        for (relation, name) in relations.iter().zip(&mut names) {
            let own = snake(&relation.name);
            let is_shared = uses.get(&own).is_some_and(|uses| *uses > 1);
            let needs_schema =
                (is_shared && relation.schema != DEFAULT_SCHEMA) || !Catalog::accepts_name(&own);
            if needs_schema == with_schema && (own == relation.name) == as_written {
                let wanted = if needs_schema { snake(&format!("{}_{own}", relation.schema)) } else { own };
                *name = unique(wanted, &mut taken);
            }
        }
    }
    names
}

/// Returns the name, or the name with a number if it is taken or not allowed.
fn unique(wanted: String, taken: &mut BTreeSet<String>) -> String {
    let wanted = if wanted.starts_with(|c: char| c.is_ascii_lowercase()) {
        wanted
    } else {
        format!("dataset_{wanted}").trim_end_matches('_').to_owned()
    };
    let mut name = wanted.clone();
    let mut number = 2;
    while !Catalog::accepts_name(&name) || !taken.insert(name.clone()) {
        name = format!("{wanted}_{number}");
        number += 1;
    }
    name
}

/// Returns the text in small letters, digits and single underscores; capitals within a word begin another.
fn snake(text: &str) -> String {
    let mut name = String::new();
    let mut before = ' ';
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
                name.push('_');
            }
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        before = c;
    }
    name.truncate(MAX_BASE);
    name.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(relations: &[(&str, &str)]) -> Vec<String> {
        let of =
            |(schema, name): &(&str, &str)| RelationName { schema: (*schema).into(), name: (*name).into() };
        let relations: Vec<RelationName> = relations.iter().map(of).collect();
        all(&relations.iter().collect::<Vec<_>>())
    }

    #[test]
    fn names_have_the_characters_of_datasets() {
        let found = names(&[
            ("s", "OrderLines"),
            ("s", "order; drop"),
            ("s", "2024"),
            ("shop", "größe"),
            ("s", "訂單"),
            ("s", "exports"),
            ("s", "_x_"),
            ("s", "XMLFiles"),
        ]);
        let expected = ["order_lines", "order_drop", "s_2024", "gr_e", "s", "s_exports", "x", "xmlfiles"];
        assert_eq!(found, expected);
    }

    #[test]
    fn equal_names_get_their_schema() {
        let found = names(&[("crm", "orders"), ("public", "orders"), ("shop", "orders"), ("shop", "lines")]);
        assert_eq!(found, ["crm_orders", "orders", "shop_orders", "lines"]);
    }

    #[test]
    fn relation_that_is_named_like_the_dataset_gets_no_number() {
        let found = names(&[("crm", "orders"), ("sales", "ORDERS"), ("sales", "orders")]);
        assert_eq!(found, ["crm_orders", "sales_orders_2", "sales_orders"]);
        assert_eq!(names(&[("public", "Lines"), ("public", "lines")]), ["lines_2", "lines"]);
    }

    #[test]
    fn names_are_unique_and_allowed() {
        let long = "x".repeat(63);
        let other = format!("{}y", "x".repeat(62));
        let mut relations = vec![
            ("s", long.as_str()),
            ("s", other.as_str()),
            ("1", "訂"),
            ("1", "單"),
            ("s", "Order"),
            ("s", "order"),
            ("s", "s_order"),
        ];
        relations.extend([("s", "s_order_2"); 3]);
        let found = names(&relations);
        let distinct: BTreeSet<&String> = found.iter().collect();
        assert_eq!(distinct.len(), found.len(), "{found:?}");
        assert!(found.iter().all(|name| Catalog::accepts_name(name)), "{found:?}");
    }
}
