//! Search for names similar to a misspelt one.

/// Maximum length of a compared name. Names of the catalog or the columns have at most 63 bytes; longer texts match
/// none.
const MAX_BYTES: usize = 63;

/// Returns at most three of `names` that resemble `wanted`, the nearest first.
pub fn near<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if wanted.is_empty() || wanted.len() > MAX_BYTES {
        return Vec::new();
    }
    let wanted = wanted.to_ascii_lowercase();
    let most = 1 + wanted.chars().count() / 4;
    let mut close: Vec<_> = names
        .into_iter()
        .filter(|name| name.len().abs_diff(wanted.len()) <= 4 * most)
        .map(|name| (strsim::levenshtein(&wanted, &name.to_ascii_lowercase()), name))
        .filter(|(distance, _)| *distance <= most)
        .collect();
    close.sort_unstable();
    close.into_iter().map(|(_, name)| name).take(3).collect()
}

/// Returns `did you mean a, b?`, or `otherwise` if no name is near.
pub(crate) fn remedy<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    let close = near(wanted, names);
    if close.is_empty() { otherwise.to_owned() } else { format!("did you mean {}?", close.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_name_gets_similar_suggestions() {
        let names = ["orders", "order_lines", "customers", "carts"];
        assert_eq!(near("Ordres", names), ["orders"]);
        assert_eq!(near("customer", names), ["customers"]);
        assert_eq!(near("zebra", names), [""; 0]);
        assert_eq!(near(&"o".repeat(1000), names), [""; 0]);
    }
}
