//! Calls in a text: URLs, curl commands, lines of a log, or a HAR file.

use reqwest::Url;
use serde::Deserialize;

/// One call.
pub(super) struct Call {
    /// Text for reports: method and address without its parameters, which may contain keys.
    pub(super) text: String,
    /// Address, or the reason why there is none.
    pub(super) url: Result<Url, String>,
}

/// Host of addresses that are only a path.
const NO_HOST: &str = "http://localhost";

#[derive(Deserialize)]
struct Har {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    url: String,
}

/// Reads all calls of a text.
pub(super) fn read(text: &str) -> Result<Vec<Call>, String> {
    if text.trim_start().starts_with('{') {
        let har: Har = serde_json::from_str(text).map_err(|error| {
            format!("it is JSON, but not a HAR file: {error}; export it again from the browser")
        })?;
        let calls = har.log.entries.into_iter().map(|entry| call(&entry.request.method, &entry.request.url));
        return Ok(calls.collect());
    }
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.filter_map(of_line).collect())
}

/// Returns the call of a line; `None` for other commands of a script.
fn of_line(line: &str) -> Option<Call> {
    // The request line in a log is quoted.
    let is_request = |word: &String| {
        ["GET ", "POST ", "PUT ", "PATCH ", "DELETE ", "HEAD "].iter().any(|m| word.starts_with(m))
    };
    let split = |word: String| if is_request(&word) { words(&word) } else { vec![word] };
    let words: Vec<_> = words(line).into_iter().flat_map(split).collect();
    let curl = words.iter().position(|word| word == "curl" || word.ends_with("/curl"));
    let words = &words[curl.map_or(0, |at| at + 1)..];
    let is_url = |word: &&String| {
        let word = word.to_ascii_lowercase();
        word.starts_with("http://")
            || word.starts_with("https://")
            || (word.starts_with('/') && word.len() > 1)
    };
    let Some(url) = words.iter().find(is_url) else {
        let text: String = line.chars().take(60).collect();
        let reason = Err("it has no URL".to_owned());
        return curl.is_some().then(|| Call { text: text.clone(), url: reason.clone() }).or_else(|| {
            // A word alone may have been meant as an address.
            (words.len() == 1).then_some(Call { text, url: reason })
        });
    };
    Some(call(&method(words), url))
}

fn method(words: &[String]) -> String {
    let after = |i: usize| words.get(i + 1).cloned();
    let explicit = words.iter().enumerate().find_map(|(i, word)| match word.as_str() {
        "-X" | "--request" => after(i),
        "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" => Some(word.clone()),
        _ => word.strip_prefix("-X").or(word.strip_prefix("--request=")).map(str::to_owned),
    });
    let is = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
    let body = is(&["-d", "--data", "--data-raw", "--data-binary", "--json", "-F", "--form"]);
    let as_query = is(&["-G", "--get"]);
    explicit.unwrap_or_else(|| if body && !as_query { "POST" } else { "GET" }.to_owned()).to_ascii_uppercase()
}

fn call(method: &str, url: &str) -> Call {
    let whole = if url.starts_with('/') { format!("{NO_HOST}{url}") } else { url.to_owned() };
    let shown = url.split(['?', '#']).next().unwrap_or(url);
    let text = format!("{method} {}", without_login(shown));
    let url = Url::parse(&whole).map_err(|error| format!("its URL is not valid: {error}"));
    let url = match method {
        "GET" => url,
        other => url.and(Err(format!("it is a {other}, which does not only read; only GET is replaced"))),
    };
    Call { text, url }
}

/// Removes user and password of an address.
fn without_login(url: &str) -> String {
    match url
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.split('/').next()?.rsplit_once('@')?.0)))
    {
        Some((_, login)) => url.replacen(&format!("{login}@"), "", 1),
        None => url.to_owned(),
    }
}

/// Splits a line at spaces outside of quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (c, None) if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            (c, _) => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(text: &str) -> Vec<(String, Option<String>)> {
        let of = |call: Call| (call.text, call.url.ok().map(|url| url.to_string()));
        read(text).unwrap().into_iter().map(of).collect()
    }

    fn ok(text: &str, url: &str) -> (String, Option<String>) {
        (text.to_owned(), Some(url.to_owned()))
    }

    #[test]
    fn calls_are_found_in_every_form() {
        let text = "# nightly\nset -e\nhttps://a.example/v1/orders?from=2024-01-01&api_key=secret\n\
                    curl -sS -H 'Authorization: Bearer x' \\\n  \"https://u:pw@a.example/v1/carts?page=1\" -o x\n\
                    10.0.0.1 - - [01/May/2024:10:00:00 +0000] \"GET /v1/customers?x=1 HTTP/1.1\" 200 17\n\
                    curl -d '{}' https://a.example/v1/orders\ncurl\n";
        let customers = "GET /v1/customers?x=1 HTTP/1.1";
        assert_eq!(words(&format!("\"{customers}\" 200")), [customers, "200"]);
        assert_eq!(
            calls(text),
            [
                ok(
                    "GET https://a.example/v1/orders",
                    "https://a.example/v1/orders?from=2024-01-01&api_key=secret"
                ),
                ok("GET https://a.example/v1/carts", "https://u:pw@a.example/v1/carts?page=1"),
                ok("GET /v1/customers", "http://localhost/v1/customers?x=1"),
                ("POST https://a.example/v1/orders".to_owned(), None),
                ("curl".to_owned(), None),
            ]
        );
    }

    #[test]
    fn calls_of_a_browser_are_read() {
        let har =
            r#"{"log": {"entries": [{"request": {"method": "GET", "url": "https://a.example/orders"}}]}}"#;
        assert_eq!(calls(har), [ok("GET https://a.example/orders", "https://a.example/orders")]);
        assert!(read("{}").is_err());
    }
}
