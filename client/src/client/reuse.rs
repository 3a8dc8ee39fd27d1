//! Reuse of chunks that an earlier export of the tenant has read.

use std::str::FromStr;

use export::duration;
use serde::{Deserialize, Serialize};

/// Chunks read earlier that an export may contain instead of reading the rows again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Reuse {
    /// All whose rows were settled when they were read, which is the default of the api.
    #[default]
    Settled,
    /// Of these, the ones read within this number of seconds.
    Within(u64),
    /// None: all rows are read again.
    Never,
}

impl Reuse {
    /// Returns the directive of `Cache-Control` that requests this, if one is needed.
    pub(super) fn directive(self) -> Option<String> {
        match self {
            Self::Settled => None,
            Self::Within(seconds) => Some(format!("max-age={seconds}")),
            Self::Never => Some("no-cache".to_owned()),
        }
    }
}

impl FromStr for Reuse {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "settled" => Ok(Self::Settled),
            "none" => Ok(Self::Never),
            age => duration::seconds(age)
                .map(Self::Within)
                .ok_or_else(|| "use none, settled, or an age such as 30m, 12h or 7d".to_owned()),
        }
    }
}

impl TryFrom<String> for Reuse {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Reuse> for String {
    fn from(reuse: Reuse) -> Self {
        match reuse {
            Reuse::Settled => "settled".to_owned(),
            Reuse::Within(seconds) => duration::text(seconds),
            Reuse::Never => "none".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, Server};

    #[test]
    fn reuse_is_written_as_it_is_read() {
        for text in ["settled", "none", "12h", "90s"] {
            assert_eq!(String::from(text.parse::<Reuse>().unwrap()), text);
        }
        assert!("never".parse::<Reuse>().is_err());
    }

    #[tokio::test]
    async fn reuse_is_sent_with_requests_that_plan() {
        let server =
            Server::start(|_, _| Reply::new(200, r#"{"datasets":[],"total":{"chunks":0,"reusedChunks":0}}"#));
        for (reuse, sent) in [
            (Reuse::Never, Some("no-cache")),
            (Reuse::Within(60), Some("max-age=60")),
            (Reuse::Settled, None),
        ] {
            server.client().with_reuse(reuse).plan(&serde_json::json!({})).await.unwrap();
            assert_eq!(server.requests().last().unwrap().header("cache-control"), sent);
        }
    }
}
