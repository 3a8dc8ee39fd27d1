//! Patterns in the URLs of curl, each of which is several calls: `{orders,carts}`, `[01-12]`, `[a-c]`, `[0-100:10]`.

/// Maximum number of URLs of one pattern.
const MAX_URLS: usize = 1000;

/// Returns the URLs of a pattern. Other brackets stay as they are, and so does a pattern of too many URLs.
pub(super) fn expand(url: &str) -> Vec<String> {
    let (mut urls, mut rest) = (vec![String::new()], url);
    while let Some(at) = rest.find(['{', '[']) {
        let (before, from) = rest.split_at(at);
        let found = values(from);
        let (values, length) = found.unwrap_or_else(|| (vec![from[..1].to_owned()], 1));
        if urls.len() * values.len() > MAX_URLS {
            return vec![url.to_owned()];
        }
        let longer =
            |start: &String| values.iter().map(|value| format!("{start}{before}{value}")).collect::<Vec<_>>();
        urls = urls.iter().flat_map(longer).collect();
        rest = &from[length..];
    }
    urls.iter().map(|start| format!("{start}{rest}")).collect()
}

/// Returns the values of a pattern at the start of a text, and its length.
fn values(text: &str) -> Option<(Vec<String>, usize)> {
    if let Some(inner) = text.strip_prefix('{') {
        let end = inner.find('}')?;
        let words = &inner[..end];
        // `{id}` is the name of a part, not a pattern.
        return words.contains(',').then(|| (words.split(',').map(str::to_owned).collect(), end + 2));
    }
    let inner = text.strip_prefix('[')?;
    let end = inner.find(']')?;
    let (range, step) = match inner[..end].split_once(':') {
        Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
        None => (&inner[..end], 1_usize),
    };
    let (first, last) = range.split_once('-')?;
    Some((sequence(first, last)?.into_iter().step_by(step).collect(), end + 2))
}

/// Returns the numbers, with the zeros that the first one has, or the letters between two.
pub(super) fn sequence(first: &str, last: &str) -> Option<Vec<String>> {
    let number =
        |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten();
    if let (Some(from), Some(to)) = (number(first), number(last)) {
        let width = if first.starts_with('0') { first.len() } else { 1 };
        let few = to.checked_sub(from).is_some_and(|more| (more as usize) < MAX_URLS);
        return few.then(|| (from..=to).map(|number| format!("{number:0width$}")).collect());
    }
    let letter = |text: &str| text.parse::<char>().ok().filter(char::is_ascii_alphabetic);
    let (from, to) = (letter(first)?, letter(last)?);
    (from <= to).then(|| (from..=to).map(String::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_urls() {
        assert_eq!(
            expand("a/{x,y}?m=[08-10]"),
            ["a/x?m=08", "a/x?m=09", "a/x?m=10", "a/y?m=08", "a/y?m=09", "a/y?m=10"]
        );
        assert_eq!(expand("[a-c]"), ["a", "b", "c"]);
        assert_eq!(expand("[0-20:10]é"), ["0é", "10é", "20é"]);
        for plain in ["a", "filter[country]=NL", "a/{id}", "[", "{", "[3-1]", "[1-99999]", "[0-1:0]", "[-]"] {
            assert_eq!(expand(plain), [plain]);
        }
    }
}
