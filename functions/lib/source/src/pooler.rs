//! Messages of PgBouncer under SQLSTATE 08P01: fixed texts, which are never translated.

use super::code::SourceCode;

/// Parts of its messages, most specific first.
const TEXTS: [(&str, SourceCode); 19] = [
    ("unsupported startup parameter", SourceCode::Url),
    ("no such database", SourceCode::Login),
    ("no such user", SourceCode::Login),
    ("database does not exist", SourceCode::Login),
    ("authentication failed", SourceCode::Login),
    ("no credentials", SourceCode::Login),
    ("not allowed", SourceCode::Login),
    ("password", SourceCode::Login),
    ("login rejected", SourceCode::Login),
    ("server login failed", SourceCode::Login),
    ("server login has been failing", SourceCode::Login),
    ("query_wait_timeout", SourceCode::Full),
    ("no more connections allowed", SourceCode::Full),
    ("too many", SourceCode::Full),
    ("timed-out waiting", SourceCode::Full),
    ("client_login_timeout", SourceCode::Full),
    ("idle transaction timeout", SourceCode::SessionTimeout),
    ("idle_transaction_timeout", SourceCode::SessionTimeout),
    ("transaction_timeout", SourceCode::SessionTimeout),
];

/// Returns the code for a pooler's message. The remaining messages are about its server connection: "server conn
/// crashed?", "pgbouncer cannot connect to server", "server_login_retry", a pooler that shuts down.
pub(super) fn said_by_pooler(text: &str) -> SourceCode {
    let text = text.to_lowercase();
    if text.contains("query_timeout") {
        return SourceCode::Timeout;
    }
    TEXTS.iter().find(|(piece, _)| text.contains(piece)).map_or(SourceCode::Unavailable, |(_, code)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pooler_messages_are_classified() {
        for (text, code) in [
            ("server conn crashed?", SourceCode::Unavailable),
            ("pgbouncer cannot connect to server", SourceCode::Unavailable),
            ("the database system is shutting down", SourceCode::Unavailable),
            ("query_wait_timeout", SourceCode::Full),
            ("no more connections allowed (max_client_conn)", SourceCode::Full),
            ("unsupported startup parameter: options", SourceCode::Url),
            ("server login failed: FATAL password authentication failed for user \"x\"", SourceCode::Login),
            ("server login has been failing, try again later (server_login_retry)", SourceCode::Login),
            ("query_timeout", SourceCode::Timeout),
        ] {
            assert_eq!(said_by_pooler(text), code, "{text}");
        }
    }
}
