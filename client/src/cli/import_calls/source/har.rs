//! Calls of a HAR file, as browsers and proxies record them.

use serde::Deserialize;

use super::{Call, call};

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
    #[serde(default)]
    response: Response,
    /// Reason of the request, as browsers record it.
    #[serde(default, rename = "_resourceType")]
    resource_type: String,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    url: String,
}

#[derive(Default, Deserialize)]
struct Response {
    #[serde(default)]
    content: Content,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    #[serde(default)]
    mime_type: String,
}

/// Reasons of requests for parts of a page.
const PARTS: [&str; 8] =
    ["document", "stylesheet", "image", "media", "font", "script", "manifest", "websocket"];

/// Beginnings of media types of parts of a page.
const PART_TYPES: [&str; 7] =
    ["text/html", "text/css", "text/javascript", "application/javascript", "image/", "font/", "video/"];

/// Reads the calls, without requests for parts of a page and those that browsers send before a call.
pub(super) fn read(text: &str) -> Result<Vec<Call>, String> {
    let har: Har = serde_json::from_str(text).map_err(|error| {
        format!("it is JSON, but not a HAR file: {error}; export it again from the browser")
    })?;
    let entries = har.log.entries.into_iter().filter(Entry::is_call);
    Ok(entries.map(|entry| call(&entry.request.method.to_ascii_uppercase(), &entry.request.url)).collect())
}

impl Entry {
    fn is_call(&self) -> bool {
        let kind = &self.response.content.mime_type;
        let is_part = PARTS.contains(&self.resource_type.as_str())
            || PART_TYPES.iter().any(|part| kind.starts_with(part));
        let is_local = self.request.url.starts_with("data:") || self.request.url.starts_with("blob:");
        !is_part && !is_local && !self.request.method.eq_ignore_ascii_case("OPTIONS")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_of_a_browser_are_read() {
        let har = r#"{"log": {"entries": [
            {"request": {"method": "GET", "url": "https://a.example/"}, "_resourceType": "document"},
            {"request": {"method": "GET", "url": "https://a.example/logo"},
             "response": {"content": {"mimeType": "image/png"}}},
            {"request": {"method": "OPTIONS", "url": "https://a.example/orders"}},
            {"request": {"method": "GET", "url": "data:text/plain,x"}},
            {"request": {"method": "get", "url": "https://a.example/orders"}, "_resourceType": "fetch",
             "response": {"content": {"mimeType": "application/json"}}}]}}"#;
        let calls = read(har).unwrap();
        assert_eq!(
            calls.iter().map(|call| call.text.as_str()).collect::<Vec<_>>(),
            ["GET https://a.example/orders"]
        );
        assert!(read("{}").is_err());
    }
}
