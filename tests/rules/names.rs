//! One meaning per name: the words that every crate could use for a type of its own are defined at most once. A second
//! definition takes the precise term, such as `DryRun`, `FaultPlan` or `RequestLimits`.

use std::collections::BTreeMap;

use crate::paths::Code;
use crate::{files, root};

/// Names of which the workspace has at most one definition.
const DEFINED_ONCE: [&str; 7] = ["Plan", "Report", "Part", "Answer", "Kind", "Limits", "Load"];

/// Keywords before the name of a type or trait.
const KEYWORDS: [&str; 5] = ["struct", "enum", "union", "trait", "type"];

#[test]
fn general_names_have_one_definition() {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files(&root(), "rs") {
        let path = path.strip_prefix(root()).unwrap().to_owned();
        if path.iter().any(|folder| ["tests", "benches"].iter().any(|test| *test == folder)) {
            continue;
        }
        let text = std::fs::read_to_string(root().join(&path)).unwrap();
        for name in defined(&Code::of(&text)) {
            found.entry(name).or_default().push(path.display().to_string());
        }
    }
    assert!(found.contains_key("Plan"), "definitions are read from the files");
    found.retain(|_, places| places.len() > 1);
    assert!(found.is_empty(), "these names are defined more than once; use the precise term: {found:#?}");
}

/// Returns the general names that a file defines.
fn defined(code: &Code) -> Vec<String> {
    let pairs = code.tokens().windows(2).filter(|pair| KEYWORDS.contains(&pair[0].as_str()));
    pairs.map(|pair| pair[1].clone()).filter(|name| DEFINED_ONCE.contains(&name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_found_outside_of_tests_comments_and_texts() {
        let text = "/// struct Load\npub(crate) struct Plan<'a>;\n#[cfg(test)] mod tests { enum Kind {} }\n\
                    const TEXT: &str = \"struct Part\";\nenum CacheKind {}\ntype Limits = ();\nuse a::Report;";
        assert_eq!(defined(&Code::of(text)), ["Plan", "Limits"]);
    }
}
