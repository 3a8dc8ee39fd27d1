//! Tests of the document: its size, its policy and what it refers to.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::auth::TokenRules;
use crate::provider;

/// Bytes of the whole page as browsers receive it, compressed.
const MAX_BYTES: usize = 48_000;

#[test]
fn page_is_one_small_document() {
    let html = std::str::from_utf8(&PAGE.with_keys).unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(html.as_bytes()).unwrap();
    let bytes = packed.finish().unwrap().len();
    assert!(bytes < MAX_BYTES, "{bytes} bytes");
    assert!(!html.contains("{{"), "a place was not filled");
    // The one address is that of the vocabulary of the icon, which is no request.
    assert_eq!(html.matches("http").count(), html.matches("http://www.w3.org/2000/svg").count());
    assert!(!html.contains(" src="), "the page loads something");
    assert!(PAGE.with_tokens.contains("content=\"token\""));
}

#[test]
fn provider_is_a_value_that_cannot_end_its_attribute() {
    let rules = TokenRules { tenant_claim: "org".into(), datasets_claim: None, write_scope: None };
    let html = |provider| document(&Auth::Tokens(rules.clone()), provider).unwrap();
    let example = provider::tests::example();
    let with = html(Some(&example));
    let with = std::str::from_utf8(&with).unwrap();
    let value =
        with.split_once("<meta name=\"sluice-provider\" content=\"").unwrap().1.split_once("\">").unwrap().0;
    assert!(value.contains("the \\&quot;page\\&quot; &lt;&amp;>") && !value.contains(['"', '<']), "{value}");
    let without = html(None);
    assert!(std::str::from_utf8(&without).unwrap().contains("<meta name=\"sluice-provider\" content=\"\">"));
}

#[test]
fn policy_names_the_script_and_the_style_of_the_page() {
    let html = std::str::from_utf8(&PAGE.with_keys).unwrap();
    let between = |from: &str, to: &str| html.split_once(from).unwrap().1.split_once(to).unwrap().0;
    let origins = ["https://files.example.com", "https://login.example.com"].map(str::to_owned);
    let policy = policy(&origins);
    for inline in [between("<script type=\"module\">", "</script>"), between("<style>", "</style>")] {
        assert!(policy.contains(&source(inline)), "{policy}");
    }
    assert!(policy.contains("connect-src 'self' https://files.example.com https://login.example.com; "));
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
}
