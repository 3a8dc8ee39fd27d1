//! Words in the name of a column: of a date, what it dates; of anything, whether it is a secret.

/// Meaning of a date or timestamp for its row, according to its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dates {
    /// A property of what the row describes, such as a birthday.
    Property,
    /// The end of something, or a plan: it comes after the row.
    End,
    /// Nothing that the name shows.
    Unknown,
    /// The last change: the row moves to another range with each.
    Change,
    /// The beginning of something.
    Start,
    /// An event.
    Event,
    /// The creation of the row.
    Creation,
}

const PROPERTY: [&str; 10] =
    ["birth", "birthday", "born", "dob", "death", "died", "founded", "hired", "hire", "anniversary"];

const END: [&str; 40] = [
    "deleted",
    "removed",
    "archived",
    "expires",
    "expiry",
    "expired",
    "expiration",
    "expire",
    "until",
    "due",
    "deadline",
    "end",
    "ends",
    "ended",
    "finish",
    "finished",
    "completed",
    "closed",
    "to",
    "thru",
    "through",
    "cancelled",
    "canceled",
    "next",
    "scheduled",
    "planned",
    "expected",
    "estimated",
    "promised",
    "required",
    "retry",
    "resolved",
    "recalled",
    "revoked",
    "disabled",
    "locked",
    "verified",
    "confirmed",
    "reminder",
    "valid",
];

const CHANGE: [&str; 11] = [
    "updated",
    "update",
    "modified",
    "modification",
    "changed",
    "last",
    "latest",
    "touched",
    "refreshed",
    "synced",
    "edited",
];

const START: [&str; 10] =
    ["from", "start", "starts", "started", "begin", "begins", "began", "effective", "since", "opened"];

const CREATION: [&str; 8] =
    ["created", "creation", "create", "inserted", "insertion", "ingested", "recorded", "logged"];

const EVENT: [&str; 11] =
    ["at", "on", "date", "time", "day", "ts", "timestamp", "datetime", "when", "dt", "instant"];

/// Returns what a date of this name dates.
pub(super) fn dates(name: &str) -> Dates {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(&PROPERTY) {
        Dates::Property
    } else if has(&CREATION) {
        Dates::Creation
    } else if has(&CHANGE) {
        Dates::Change
    } else if has(&START) {
        Dates::Start
    } else if has(&END) {
        Dates::End
    } else if has(&EVENT) {
        Dates::Event
    } else {
        Dates::Unknown
    }
}

/// Words that name a secret in whatever type, except one that no secret has.
const SECRET: [&str; 17] = [
    "password",
    "passwords",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "passhash",
    "secret",
    "secrets",
    "token",
    "tokens",
    "credential",
    "credentials",
    "otp",
    "totp",
    "cvv",
    "cvc",
];

/// Pairs of words that name a secret together.
const SECRET_PAIRS: [(&str, &str); 9] = [
    ("api", "key"),
    ("private", "key"),
    ("access", "key"),
    ("signing", "key"),
    ("encryption", "key"),
    ("secret", "key"),
    ("recovery", "code"),
    ("pass", "word"),
    ("pass", "hash"),
];

/// Words after which a name is about a secret, but no secret itself.
const ABOUT: [&str; 13] = [
    "at", "on", "date", "time", "count", "length", "expiry", "expires", "changed", "type", "limit",
    "attempts", "used",
];

/// Reports whether a column of this name holds secrets. A number holds one only if it has no other word.
pub(super) fn is_secret(name: &str, is_number: bool) -> bool {
    let words = words(name);
    let is_about = words.last().is_some_and(|last| ABOUT.contains(&last.as_str()));
    let pairs = words.windows(2).any(|pair| SECRET_PAIRS.contains(&(pair[0].as_str(), pair[1].as_str())));
    let glued =
        ["password", "passwd", "apikey", "privatekey", "secretkey", "accesskey", "accesstoken", "authtoken"];
    let has = words
        .iter()
        .any(|word| SECRET.contains(&word.as_str()) || glued.iter().any(|glued| word.contains(glued)));
    !is_about && (has || pairs) && (!is_number || words.len() == 1)
}

/// Returns the words in lower case, split at signs and where a capital follows a small letter. A word like
/// `orderdate` is followed by its parts.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        let begins = c.is_uppercase() && before.is_lowercase();
        if begins || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words.into_iter().flat_map(parts).collect()
}

/// Splits the date off a word such as `orderdate` or `createdat`.
fn parts(word: String) -> Vec<String> {
    for end in ["datetime", "timestamp", "date", "time"] {
        if let Some(stem) = word.strip_suffix(end).filter(|stem| stem.len() > 2) {
            return vec![stem.to_owned(), end.to_owned()];
        }
        if let Some(rest) = word.strip_prefix(end).filter(|rest| rest.len() > 3) {
            return vec![end.to_owned(), rest.to_owned()];
        }
    }
    for end in ["at", "on"] {
        if let Some(stem) = word.strip_suffix(end).filter(|stem| stem.ends_with("ed")) {
            return vec![stem.to_owned(), end.to_owned()];
        }
    }
    vec![word]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_signs_and_capitals() {
        assert_eq!(words("createdAt"), ["created", "at"]);
        assert_eq!(words("Order Date"), ["order", "date"]);
        assert_eq!(words("o_orderdate"), ["o", "order", "date"]);
        assert_eq!(words("API_KEY"), ["api", "key"]);
        assert_eq!(words("updatedat"), ["updated", "at"]);
        assert_eq!(words("update"), ["update"]);
        assert!(words("\"; -- ").is_empty());
    }

    #[test]
    fn names_show_what_a_date_dates() {
        for (name, expected) in [
            ("created_at", Dates::Creation),
            ("DateCreated", Dates::Creation),
            ("creationdate", Dates::Creation),
            ("ordered_at", Dates::Event),
            ("l_shipdate", Dates::Event),
            ("day", Dates::Event),
            ("updated_at", Dates::Change),
            ("last_seen_at", Dates::Change),
            ("valid_from", Dates::Start),
            ("valid_to", Dates::End),
            ("due_on", Dates::End),
            ("expiryDate", Dates::End),
            ("birthdate", Dates::Property),
            ("hired_on", Dates::Property),
            ("booked", Dates::Unknown),
        ] {
            assert_eq!(dates(name), expected, "{name}");
        }
    }

    #[test]
    fn secrets_are_found_by_their_names() {
        for name in [
            "password",
            "password_hash",
            "passwordHash",
            "pwd",
            "api_key",
            "APIKey",
            "refresh_token",
            "client_secret",
            "totp_secret",
            "private_key",
            "userpassword",
            "accesstoken",
            "recovery_codes_secret",
        ] {
            assert!(is_secret(name, false), "{name}");
        }
        for name in [
            "key",
            "secretary",
            "tokenised",
            "password_changed_at",
            "token_expires",
            "token_count",
            "public_key",
            "passage",
            "compass",
            "authorization_id",
            "hash",
        ] {
            assert!(!is_secret(name, false), "{name}");
        }
        assert!(is_secret("otp", true) && !is_secret("prompt_tokens", true));
    }
}
