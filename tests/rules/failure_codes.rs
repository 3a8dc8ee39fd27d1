//! Codes of failures: those in statements of the store are codes of `export`, and each is documented.

use std::collections::BTreeMap;

use export::delivery::DeliveryCode;
use export::failure::FailureCode;

use crate::{files, root};

/// Returns the codes in a statement, each with the text after it: those it writes, `'code', 'deadline'`, and those
/// it compares with, `->> 'code' = 'deadline'`.
fn codes(sql: &str) -> Vec<(&str, &str)> {
    sql.split("'code'")
        .skip(1)
        .map(|rest| {
            let value = rest.trim_start_matches([' ', '=', ',']).strip_prefix('\'');
            value.and_then(|value| value.split_once('\'')).unwrap_or_else(|| panic!("no literal: {rest}"))
        })
        .collect()
}

/// Returns true for the code of a failed delivery.
fn is_of_a_delivery(word: &str) -> bool {
    serde_json::from_value::<DeliveryCode>(word.into()).is_ok()
}

#[test]
fn failure_codes_in_statements_are_known() {
    let store = root().join("functions/lib/store");
    let mut written = 0;
    for path in ["sql", "rs"].into_iter().flat_map(|extension| files(&store, extension)) {
        let text = std::fs::read_to_string(&path).unwrap();
        for (word, rest) in codes(&text) {
            if is_of_a_delivery(word) {
                continue;
            }
            let Ok(code) = word.parse::<FailureCode>();
            assert!(!matches!(code, FailureCode::Other(_)), "{}: {word} is no code", path.display());
            let Some(again) = rest.strip_prefix(", 'again', ") else { continue };
            let as_coded = if code.is_retryable() { "true," } else { "false," };
            assert!(again.starts_with(as_coded), "{}: {word} is written with another again", path.display());
            let remedy = code.remedy().unwrap_or_default();
            assert!(text.contains(remedy), "{}: {word} is written without its remedy", path.display());
            written += 1;
        }
    }
    assert!(written >= 5, "only {written} codes were found: the search is wrong");
}

#[test]
fn every_failure_code_is_documented() {
    let readme = std::fs::read_to_string(root().join("functions/worker/README.md")).unwrap();
    let table = readme.split_once("## Failure codes").unwrap().1.split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let mut documented: BTreeMap<&str, Vec<&str>> = rows
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            assert_eq!(cells.len(), 4, "{line}");
            (cells[0].trim_matches('`'), cells)
        })
        .collect();
    for code in FailureCode::all() {
        let Some(cells) = documented.remove(code.as_str()) else { panic!("{code} has no row in the table") };
        assert_eq!(cells[2].starts_with("yes"), code.is_retryable(), "{code}: {}", cells[2]);
        if let Some(remedy) = code.remedy() {
            assert_eq!(cells[3], remedy, "{code}");
        }
    }
    assert!(documented.is_empty(), "no codes any more: {:?}", documented.keys());
}
