//! Types of problems: their titles, and a page for each at the URI in `type`.

/// Type of problems.
pub(crate) struct ProblemKind {
    /// Last part of the URI in `type`.
    pub(crate) name: &'static str,
    /// Title, the same for every problem of the type.
    pub(crate) title: &'static str,
    /// HTTP status.
    pub(crate) status: u16,
    cause: &'static str,
    remedy: &'static str,
}

const fn kind(
    name: &'static str,
    title: &'static str,
    status: u16,
    cause: &'static str,
    remedy: &'static str,
) -> ProblemKind {
    ProblemKind { name, title, status, cause, remedy }
}

/// Every type, by name.
pub(crate) const KINDS: [ProblemKind; 15] = [
    kind(
        "busy",
        "Service busy",
        503,
        "The store is busy, the catalog is being changed, or the request reached its time limit.",
        "Send the request again after the number of seconds in Retry-After, with the same Idempotency-Key if it has one.",
    ),
    kind(
        "daily-limit",
        "Daily limit reached",
        429,
        "As many rows or megabytes, or as much time of the database, as the tenant may have on one day of UTC have been read for it or are planned.",
        "Retry after the number of seconds in Retry-After, when the next day begins. GET /limits shows the limits and what counts against them.",
    ),
    kind(
        "idempotency-key-reused",
        "Idempotency key reused",
        422,
        "The Idempotency-Key was used before with another request.",
        "Use a new key for each new request, and the same key only to repeat a request unchanged.",
    ),
    kind(
        "invalid-parameters",
        "Invalid parameters",
        400,
        "A query parameter or a header is unknown, repeated or malformed.",
        "Correct each entry of violations: pointer names the parameter or header, remedy the accepted values.",
    ),
    kind(
        "invalid-request",
        "Invalid request",
        422,
        "The body is JSON, but not a valid request under the catalog in force.",
        "Correct each entry of violations: pointer is a JSON pointer into the body, remedy the accepted values.",
    ),
    kind(
        "invalidated",
        "File invalidated",
        410,
        "The operator has invalidated the file, or a file of the export.",
        "Retry the export, or create a new one.",
    ),
    kind(
        "no-catalog",
        "No catalog applied",
        503,
        "The operator has not applied a catalog yet.",
        "The operator must run `sluice admin catalog apply`.",
    ),
    kind(
        "not-yet",
        "Not available yet",
        409,
        "The manifest exists only when the export has succeeded.",
        "Wait until the export has ended; Retry-After is the number of seconds until the next try.",
    ),
    kind(
        "read-only",
        "Read-only credentials",
        403,
        "The key or token may only read.",
        "Use a key or token that may create and change exports.",
    ),
    kind(
        "token-claim",
        "Invalid token claim",
        403,
        "The token is valid, but a claim that this deployment needs is missing or malformed.",
        "The issuer of the token must add or correct the claim that detail names.",
    ),
    kind(
        "too-many-exports",
        "Too many exports",
        429,
        "The tenant has as many active and queued exports as it may have.",
        "Retry when one of them has ended, or cancel one.",
    ),
    kind(
        "too-many-requests",
        "Too many requests",
        429,
        "The tenant has sent more requests, or requests with more chunks, than it may; or too many invalid keys were sent.",
        "Retry after the number of seconds in Retry-After. RateLimit shows what is left.",
    ),
    kind(
        "too-much-kept",
        "Storage quota exceeded",
        429,
        "The tenant keeps as many exports, chunks or request bytes as it may.",
        "Delete exports that are no longer needed.",
    ),
    kind(
        "wrong-address",
        "Request not sent through CloudFront",
        403,
        "This deployment is reached through its CloudFront domain only.",
        "Use the address from the operator.",
    ),
    kind(
        "wrong-state",
        "Export state does not allow this",
        409,
        "The state does not allow the operation: only a failed export is retried, only an ended one extended; with if=live only a live one is canceled, with if=ended only an ended one deleted; the name of a saved export is taken, or a run of it is under way.",
        "Read the export's status first; create a new export if detail says so.",
    ),
];

impl ProblemKind {
    /// Returns the type of this name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// Returns the page of the type. Its texts are constants without markup.
    pub(crate) fn page(&self) -> String {
        let Self { name, title, status, cause, remedy } = self;
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title>\
             <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"../reference.css\">\
             </head>\n<body>\n<h1>{title}</h1>\n<p>Problem type <code>{name}</code>, status {status}.</p>\n\
             <h2>Cause</h2>\n<p>{cause}</p>\n<h2>Remedy</h2>\n<p>{remedy}</p>\n\
             <p><a href=\"../reference.html\">Reference of the api</a></p>\n</body>\n</html>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_sorted_and_their_texts_need_no_escapes() {
        assert!(KINDS.is_sorted_by(|a, b| a.name < b.name));
        for kind in &KINDS {
            let texts = [kind.name, kind.title, kind.cause, kind.remedy];
            assert!(
                texts.iter().all(|text| !text.is_empty() && !text.contains(['<', '>', '&', '"'])),
                "{}",
                kind.name
            );
            assert!(kind.page().contains(kind.remedy));
        }
    }
}
