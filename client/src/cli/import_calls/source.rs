//! Calls in a text: URLs, shell scripts with curl commands, lines of a log, or a HAR file.

use reqwest::Url;

mod curl;
mod curl_options;
mod glob;
mod har;
mod script;
pub(in crate::cli) mod shell;

use script::{Script, Step};

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Text for reports: method and address without its parameters, which may contain keys.
    pub(super) text: String,
    /// Address, or the reason why there is none.
    pub(super) url: Result<Url, String>,
    /// Parts of the call that are not in the address.
    pub(super) notes: Vec<String>,
}

/// Host of addresses that are only a path.
const NO_HOST: &str = "http://localhost";

/// Methods of HTTP. Only calls with the first one are replaced.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

/// Maximum length of a command of several lines in bytes.
const MAX_COMMAND_BYTES: usize = 256 << 10;

/// Reads all calls of a text.
pub(super) fn read(text: &str) -> Result<Vec<Call>, String> {
    if text.trim_start().starts_with('{') {
        return har::read(text);
    }
    let mut script = Script::default();
    script.run(&steps(text));
    Ok(script.calls)
}

/// Reads the lines of a text: calls that they have by themselves, and commands.
fn steps(text: &str) -> Vec<Step> {
    let (mut steps, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let line = first_line(rest);
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            rest = &rest[line.len()..];
        } else if !mentions_curl(line) && !line.contains("<<") {
            rest = &rest[line.len()..];
            match of_line(trimmed) {
                calls if calls.is_empty() => steps.extend(script::commands(line)),
                calls => steps.extend(calls.into_iter().map(Step::Call)),
            }
        } else if let Some((commands, read)) = shell::line(start(rest, MAX_COMMAND_BYTES)) {
            steps.extend(commands.into_iter().map(Step::Command));
            rest = &rest[read..];
        } else {
            steps.extend(script::commands(line));
            rest = &rest[line.len()..];
        }
    }
    steps
}

fn mentions_curl(line: &str) -> bool {
    // Not `curl/8.5.0`, as a log names the client.
    let words = line.split(|c: char| c.is_whitespace() || "'\"`$();|&".contains(c));
    words.into_iter().any(|word| matches!(word.rsplit('/').next(), Some("curl" | "curl.exe")))
}

/// Returns the first line with those that continue it.
fn first_line(text: &str) -> &str {
    let mut end = 0;
    loop {
        end += text[end..].find('\n').map_or(text.len() - end, |at| at + 1);
        let line = text[..end].trim_end_matches(['\n', '\r']);
        if end == text.len() || !line.ends_with('\\') {
            return &text[..end];
        }
    }
}

fn start(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Returns the calls of a line that is no command: addresses, or a request in a log.
fn of_line(line: &str) -> Vec<Call> {
    let quotes = ['"', '\'', '`', '<', '>', '(', ')', '[', ']', ',', ';'];
    let words: Vec<_> = line.split_whitespace().map(|word| word.trim_matches(quotes)).collect();
    let request = words.windows(2).find(|pair| {
        METHODS.contains(&pair[0]) && (is_address(pair[1]) || (pair[1].starts_with('/') && pair[1].len() > 1))
    });
    if let Some([method, url]) = request {
        return vec![call(method, url)];
    }
    let first = words.iter().find(|word| !matches!(**word, "" | "-" | "*")).copied().unwrap_or_default();
    if is_address(first) {
        return words.into_iter().filter(|word| is_address(word)).map(|url| call(METHODS[0], url)).collect();
    }
    // Other words after a path are the arguments of a program.
    let is_path = first.starts_with('/')
        && first.len() > 1
        && words.iter().filter(|word| !word.is_empty()).count() == 1;
    is_path.then(|| call(METHODS[0], first)).into_iter().collect()
}

/// Returns true for an address of HTTP.
fn is_address(word: &str) -> bool {
    let begins =
        |scheme: &str| word.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    begins("http://") || begins("https://")
}

/// Returns the address of a word such as `api.example.com/orders`.
fn without_scheme(word: &str) -> Option<String> {
    let (host, path) = word.split_once('/')?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    let named = host.trim_matches('.').contains('.') || host.starts_with("localhost");
    (named && !path.is_empty() && host.chars().all(is_host)).then(|| format!("http://{word}"))
}

/// Returns the method that the arguments of a program name.
fn named_method(words: &[String]) -> String {
    let named = words.iter().find_map(|word| {
        let word = word.strip_prefix("--method=").unwrap_or(word);
        METHODS.contains(&word).then(|| word.to_owned())
    });
    let has_body = words.iter().any(|word| word.starts_with("--post-") || word.starts_with("--body-"));
    named.unwrap_or_else(|| METHODS[usize::from(has_body)].to_owned())
}

/// Returns the call of an address as written, which may lack a scheme or a host.
fn call(method: &str, url: &str) -> Call {
    let whole = match url.find('/') {
        _ if is_address(url) => url.to_owned(),
        // The host is a variable that the text does not set.
        Some(at) if url.starts_with('$') => format!("{NO_HOST}{}", &url[at..]),
        Some(0) => format!("{NO_HOST}{url}"),
        _ if url.contains("://") => url.to_owned(),
        _ => format!("http://{url}"),
    };
    let shown = url.split(['?', '#']).next().unwrap_or(url);
    let text = format!("{method} {}", without_login(shown));
    let parsed = Url::parse(&whole).map_err(|error| format!("its URL is not valid: {error}"));
    let parsed = parsed.and_then(|parsed| match (parsed.scheme(), url.strip_prefix('$')) {
        (_, Some(name)) if !url.contains('/') => {
            Err(format!("its URL is the variable {name}, which the file does not set to a text"))
        }
        ("http" | "https", _) => Ok(parsed),
        (other, _) => Err(format!("it is an address of {other}, not of HTTP")),
    });
    let url = match method {
        "GET" => parsed,
        other => parsed.and(Err(format!("it is a {other}, which does not only read; only GET is replaced"))),
    };
    Call { text, url, notes: Vec::new() }
}

/// Removes user and password of an address.
fn without_login(url: &str) -> String {
    let login = url.split_once("://").and_then(|(_, rest)| Some(rest.split('/').next()?.rsplit_once('@')?.0));
    match login {
        Some(login) => url.replacen(&format!("{login}@"), "", 1),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
