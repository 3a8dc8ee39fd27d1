//! Object storage: finished files and manifests, written once and never changed.
//!
//! Keys come from `export::object_key`; this module does not depend on chunks and exports.

pub mod parts;

mod error;
mod memory;
mod s3;

use async_trait::async_trait;
use bytes::Bytes;

pub use error::{ObjectsError, ObjectsErrorKind};
pub use memory::MemoryObjects;
pub use s3::S3Objects;
pub(crate) use s3::is_stand_in;

/// Metadata stored with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Media type.
    pub content_type: String,
    /// Name under which a browser saves it.
    pub download_name: Option<String>,
    /// True if any cache may keep it forever: only for file objects.
    pub immutable: bool,
}

/// One page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Keys in order.
    pub keys: Vec<String>,
    /// True if more follow after the last of them.
    pub more: bool,
}

/// A bucket.
#[async_trait]
pub trait Objects: Send + Sync {
    /// Returns the name of the bucket.
    fn bucket(&self) -> &str;

    /// Writes a small object in one call; an object of that key is replaced.
    async fn put(&self, key: &str, body: Bytes, meta: &Meta) -> Result<(), ObjectsError>;

    /// Begins an object that is written in parts; it does not exist before `complete`.
    async fn upload(&self, key: &str, meta: &Meta) -> Result<Box<dyn Upload>, ObjectsError>;

    /// Returns the whole object; for small ones such as manifests.
    async fn get(&self, key: &str) -> Result<Bytes, ObjectsError>;

    /// Returns the size of the object in bytes, `None` if there is none.
    async fn size(&self, key: &str) -> Result<Option<u64>, ObjectsError>;

    /// Deletes objects; a missing key counts as deleted.
    async fn delete(&self, keys: &[String]) -> Result<(), ObjectsError>;

    /// Returns at most 1,000 keys below `prefix`, in order, that come after `after`.
    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, ObjectsError>;

    /// Aborts every unfinished upload below `prefix`; returns their number.
    async fn abort_uploads(&self, prefix: &str) -> Result<usize, ObjectsError>;

    /// Returns a link to one object, valid for `secs` seconds for every holder of the link. It does not check that
    /// the object exists.
    async fn presign_get(
        &self,
        key: &str,
        secs: u32,
        download_name: Option<&str>,
    ) -> Result<String, ObjectsError>;
}

/// An unfinished object. Parts may be sent at the same time and in any order.
#[async_trait]
pub trait Upload: Send + Sync {
    /// Stores one part; numbers run from 1 without gaps. If a part is sent twice, the later one counts.
    async fn part(&self, number: u32, body: Bytes) -> Result<(), ObjectsError>;

    /// Creates the object from its parts.
    async fn complete(&self) -> Result<(), ObjectsError>;

    /// Discards all parts; a second call does nothing.
    async fn abort(&self) -> Result<(), ObjectsError>;
}

/// Returns the value of a Content-Disposition header: an ASCII name, and the exact one if they differ (RFC 6266).
pub fn attachment(name: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ';
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    if ascii == name {
        return format!("attachment; filename=\"{ascii}\"");
    }
    let exact = crate::percent::encode(name);
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn file_names_are_quoted_for_every_browser() {
        assert_eq!(
            attachment("orders.20230831-20231004.csv.gz"),
            "attachment; filename=\"orders.20230831-20231004.csv.gz\""
        );
        assert_eq!(attachment("é\".csv"), "attachment; filename=\"__.csv\"; filename*=UTF-8''%C3%A9%22.csv");
        assert!(!attachment("a\r\nb").contains('\n'));
    }

    proptest! {
        #[test]
        fn file_names_cannot_escape_the_header(name in "(.|[\"\\\\;\r\n\u{0}%'é]){0,60}") {
            let value = attachment(&name);
            let plain = value.bytes().all(|b| (0x20..0x7f).contains(&b));
            prop_assert!(plain, "{value:?}");
            prop_assert_eq!(value.matches('"').count(), 2);
            let (_, rest) = value.split_once("filename=\"").unwrap();
            let (ascii, rest) = rest.split_once('"').unwrap();
            prop_assert!(!ascii.contains('\\') && !ascii.contains('%'));
            prop_assert!(rest.is_empty() || rest.starts_with("; filename*=UTF-8''"));
            prop_assert_eq!(rest.matches(';').count(), usize::from(!rest.is_empty()));
        }
    }

    #[tokio::test]
    async fn memory_keeps_the_contract() {
        crate::contract::objects(&MemoryObjects::default()).await;
    }
}
