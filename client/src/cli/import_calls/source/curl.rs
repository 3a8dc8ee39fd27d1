//! Calls of one curl command, read as curl reads its arguments.

use super::curl_options::{takes_argument, with_argument};
use super::{Call, METHODS, call, glob};

/// Options between two `--next`, which apply to every URL there.
#[derive(Default)]
struct Section {
    urls: Vec<String>,
    method: Option<String>,
    /// Body, or with `--get` a part of the query.
    data: Vec<String>,
    has_data: bool,
    /// Parts of the query of every URL.
    query: Vec<String>,
    as_query: bool,
    head: bool,
    upload: bool,
    literal: bool,
    /// Files with parts of the call, which are not read.
    files: Vec<String>,
}

/// Options after which curl makes no call.
const NO_CALL: [&str; 3] = ["version", "help", "manual"];

/// Returns the calls of these arguments.
pub(super) fn calls(arguments: &[String]) -> Vec<Call> {
    let (mut sections, mut section, mut no_call) = (Vec::new(), Section::default(), false);
    let mut words = arguments.iter().map(String::as_str);
    let mut only_urls = false;
    while let Some(word) = words.next() {
        let options = match (word.strip_prefix("--"), word.strip_prefix('-')) {
            _ if only_urls => Vec::new(),
            (Some(""), _) => {
                only_urls = true;
                continue;
            }
            (Some(long), _) => vec![of_long(long, &mut words)],
            (None, Some(short)) if !short.is_empty() => of_short(short, &mut words),
            _ => Vec::new(),
        };
        if options.is_empty() {
            section.urls.push(word.to_owned());
        }
        for (name, value) in options {
            no_call |= NO_CALL.contains(&name);
            match name {
                "next" => sections.push(std::mem::take(&mut section)),
                _ => section.set(name, value.unwrap_or_default()),
            }
        }
    }
    sections.push(section);
    let calls: Vec<_> = sections.iter().flat_map(Section::calls).collect();
    if calls.is_empty() && !no_call {
        let file = sections.iter().flat_map(|section| &section.files).next();
        let reason = match file {
            Some(file) => format!("its URL may be in the file {file}, which is not read"),
            None => "it has no URL".to_owned(),
        };
        return vec![Call { text: "curl".to_owned(), url: Err(reason), notes: Vec::new() }];
    }
    calls
}

type Argument<'a> = (&'a str, Option<&'a str>);

/// Reads a long option. curl itself has no `--name=value`, but other programs that read curl commands do.
fn of_long<'a>(long: &'a str, words: &mut impl Iterator<Item = &'a str>) -> Argument<'a> {
    match long.split_once('=') {
        Some((name, value)) if takes_argument(name) => (bare(name), Some(value)),
        _ if takes_argument(long) => (bare(long), words.next()),
        _ => (long, None),
    }
}

fn bare(name: &str) -> &str {
    name.strip_prefix("expand-").unwrap_or(name)
}

/// Reads letters: those of switches, up to one that takes the rest of the word, or the next word.
fn of_short<'a>(letters: &'a str, words: &mut impl Iterator<Item = &'a str>) -> Vec<Argument<'a>> {
    let mut found = Vec::new();
    for (at, letter) in letters.char_indices() {
        if let Some(name) = with_argument(letter) {
            let rest = &letters[at + letter.len_utf8()..];
            found.push((name, if rest.is_empty() { words.next() } else { Some(rest) }));
            return found;
        }
        let name = match letter {
            'G' => "get",
            'I' => "head",
            'g' => "globoff",
            'V' => "version",
            'M' => "manual",
            ':' => "next",
            _ => "",
        };
        found.push((name, None));
    }
    found
}

impl Section {
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "url" => self.urls.push(value.to_owned()),
            "request" => self.method = Some(value.to_ascii_uppercase()),
            "get" => self.as_query = true,
            "head" => self.head = true,
            "globoff" => self.literal = true,
            "upload-file" => self.upload = true,
            "config" => self.files.push(value.to_owned()),
            "data" | "data-ascii" | "data-binary" | "json" => match value.strip_prefix('@') {
                Some(file) => self.file(file),
                None => self.data(value.to_owned()),
            },
            "data-raw" => self.data(value.to_owned()),
            "data-urlencode" => match encoded(value) {
                Ok(part) => self.data(part),
                Err(file) => self.file(file),
            },
            "form" | "form-string" => self.has_data = true,
            "url-query" => {
                match value.strip_prefix('+').map_or_else(|| encoded(value), |raw| Ok(raw.to_owned())) {
                    Ok(part) => self.query.push(part),
                    Err(file) => self.files.push(file.to_owned()),
                }
            }
            _ => {}
        }
    }

    fn data(&mut self, part: String) {
        self.data.push(part);
        self.has_data = true;
    }

    fn file(&mut self, file: &str) {
        self.files.push(file.to_owned());
        self.has_data = true;
    }

    fn method(&self) -> &str {
        match &self.method {
            Some(method) => method,
            None if self.head => "HEAD",
            None if self.upload => "PUT",
            None if self.has_data && !self.as_query => "POST",
            None => "GET",
        }
    }

    fn calls(&self) -> Vec<Call> {
        let in_query = self.query.iter().chain(self.data.iter().filter(|_| self.as_query));
        let parts: Vec<_> = in_query.filter(|part| !part.is_empty()).map(String::as_str).collect();
        let mut notes: Vec<_> =
            self.files.iter().map(|file| format!("the file {file} is not read")).collect();
        if self.has_data && !self.as_query && METHODS[0] == self.method() {
            notes.push("the body of the GET is not used".to_owned());
        }
        let expand = |url: &String| if self.literal { vec![url.clone()] } else { glob::expand(url) };
        let with_query = |url: String| match parts.is_empty() {
            true => url,
            false => {
                let whole = url.split('#').next().unwrap_or_default();
                let sign = if whole.contains('?') { '&' } else { '?' };
                format!("{whole}{sign}{}", parts.join("&"))
            }
        };
        let made = |url: String| Call { notes: notes.clone(), ..call(self.method(), &with_query(url)) };
        self.urls.iter().flat_map(expand).map(made).collect()
    }
}

/// Encodes an argument of `--data-urlencode`: `content`, `=content` or `name=content`. Returns the file of `@file` and
/// `name@file` as an error.
fn encoded(value: &str) -> Result<String, &str> {
    match value.split_once('=') {
        Some(("", content)) => Ok(percent(content)),
        Some((name, content)) => Ok(format!("{name}={}", percent(content))),
        None => match value.split_once('@') {
            Some((_, file)) => Err(file),
            None => Ok(percent(value)),
        },
    }
}

fn percent(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the calls of a command: method and URL, or the reason.
    fn read(words: &str) -> Vec<String> {
        let words: Vec<_> = words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let shown = |call: Call| match call.url {
            Ok(url) => format!("GET {url}"),
            Err(reason) => format!("{}: {reason}", call.text),
        };
        calls(&words).into_iter().map(shown).collect()
    }

    #[test]
    fn arguments_of_options_are_no_urls() {
        for options in [
            "-o /tmp/orders.json",
            "-o/tmp/x",
            "--cacert /etc/ca.pem",
            "-sSLo out",
            "-x http://proxy:3128",
            "-e https://b/",
            "--proxy http://proxy:3128",
            "-H https://b/",
            "-u me:secret",
            "--retry 3 --connect-timeout 10",
            "-A https://bot",
            "-w %{http_code} -m 30",
            "--expand-header x",
            "-XGET",
            "--request=GET",
            "-b https://c",
            "--unknown",
            "-kfs#",
        ] {
            for words in [format!("{options} https://a/orders"), format!("https://a/orders {options}")] {
                assert_eq!(read(&words), ["GET https://a/orders"], "{words}");
            }
        }
    }

    #[test]
    fn data_of_a_get_are_its_query() {
        assert_eq!(
            read(
                "-G https://a/o?x=1#part -d from=2024-01-01 --data-urlencode to=2024-01-31T00:00:00+01:00 --data-urlencode =a&b"
            ),
            ["GET https://a/o?x=1&from=2024-01-01&to=2024-01-31T00%3A00%3A00%2B01%3A00&a%26b"]
        );
        assert_eq!(read("https://a/o -d a=1 --get --url-query b=2"), ["GET https://a/o?b=2&a=1"]);
        for post in ["-d a=1", "--json {}", "-F a=1", "--data-urlencode a", "--data-raw @x", "-da=1"] {
            assert!(read(&format!("{post} https://a/o"))[0].contains("it is a POST"), "{post}");
        }
        for (other, method) in
            [("-I", "HEAD"), ("-T x", "PUT"), ("-X DELETE", "DELETE"), ("-XPATCH", "PATCH")]
        {
            assert!(read(&format!("https://a/o {other}"))[0].starts_with(&format!("{method} ")), "{other}");
        }
    }

    #[test]
    fn command_may_have_several_urls() {
        assert_eq!(
            read("https://a/x -o x --url https://a/y --next -d 1 https://a/z --next -G -- https://a/v"),
            [
                "GET https://a/x",
                "GET https://a/y",
                "POST https://a/z: it is a POST, which does not only read; only GET is replaced",
                "GET https://a/v"
            ]
        );
        assert_eq!(read("https://a/{x,y}?m=[01-02]").len(), 4);
        assert_eq!(read("-g https://a/x?f=[1-2]").len(), 1);
        assert_eq!(
            read("a.example/x localhost:8080/y"),
            ["GET http://a.example/x", "GET http://localhost:8080/y"]
        );
    }

    #[test]
    fn command_without_a_url_has_a_reason() {
        assert_eq!(read(""), ["curl: it has no URL"]);
        assert_eq!(read("-K calls.conf"), ["curl: its URL may be in the file calls.conf, which is not read"]);
        assert!(read("--version").is_empty() && read("-V").is_empty());
        let call = &calls(&["-G", "-d", "@days", "https://a/o"].map(str::to_owned))[0];
        assert_eq!(call.notes, ["the file days is not read"]);
    }
}
