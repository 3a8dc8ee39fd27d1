//! Contract of a destination.

use bytes::Bytes;
use export::delivery::DeliveryCode;

use crate::destination::{Copy, Destination, FileCopy};
use crate::objects::{Meta, Objects};

const PREFIX: &str = "contract/destination/";

/// Runs the whole suite: copies files of `files` to `destination`, below a prefix of its own, and deletes them again. Panics at
/// the first violation. `compares` is true if the destination reports the checksum of each copy, as S3 does; only then can a
/// copy be found to be there.
///
/// # Panics
/// If the destination breaks the contract.
pub async fn destination(files: &dyn Objects, destination: &dyn Destination, compares: bool) {
    let meta = Meta { content_type: "text/csv".into(), download_name: None, immutable: true };
    let key = |name: &str| format!("{PREFIX}{name}");
    let from = key("file");
    // Larger than the parts with which stand-ins are tested.
    let body = Bytes::from((0..11_000_000_u32).map(|i| (i % 251) as u8).collect::<Vec<_>>());
    files.put(&from, body, &meta).await.expect("a file");
    let to = key("copy");
    let copy = FileCopy { bucket: files.bucket(), from: &from, to: &to };
    assert_eq!(destination.copy(&copy).await, Ok(Copy::Made));
    let again = destination.copy(&copy).await;
    assert_eq!(again, Ok(if compares { Copy::Present } else { Copy::Made }));
    files.put(&from, Bytes::from_static(b"other"), &meta).await.expect("another file");
    assert_eq!(destination.copy(&copy).await, Ok(Copy::Made), "another file of the same key");
    let missing = key("missing");
    let of_nothing = FileCopy { from: &missing, ..copy };
    let error = destination.copy(&of_nothing).await.expect_err("there is no such file");
    assert_eq!(error.code, DeliveryCode::FileMissing, "{error}");
    let manifest = key("manifest.json");
    for text in ["{}", "[]"] {
        destination.put(&manifest, Bytes::from(text), "application/json").await.expect("a manifest");
    }
    for key in [&to, &manifest, &missing] {
        destination.delete(key).await.expect("deleted");
    }
    files.delete(&[from]).await.expect("nothing is left");
}
