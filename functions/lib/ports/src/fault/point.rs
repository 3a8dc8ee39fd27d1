//! Points at which a test may kill a process: between any two steps whose order matters.

/// A point in the processing of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The export is accepted, nothing is dispatched.
    Accepted,
    /// Chunks are marked as sent, no message is sent.
    Marked,
    /// The chunk is leased, nothing is done.
    Leased,
    /// Rows are being read.
    Copying,
    /// Parts of the file are in the bucket, the file is not.
    Uploading,
    /// The file is in the bucket, no record refers to it.
    Uploaded,
    /// The file is recorded; its export has not been checked for completeness.
    Recorded,
    /// The manifest is in the bucket, the export does not refer to it.
    ManifestPut,
    /// The source has shown that nothing changed, no link refers to the earlier file.
    Checked,
    /// In the transaction that links an unchanged file.
    Linking,
    /// The snapshot of a cut is held.
    Keeping,
    /// In the transaction of a split.
    Splitting,
    /// In the transaction of a cancellation.
    Canceling,
    /// In the transaction that releases an ended export: it expires or is deleted.
    Releasing,
    /// The objects of a chunk that no export needs are deleted, its row is not.
    Emptied,
    /// A file is copied to a destination; that is not noted.
    Copied,
    /// The manifest is at the destination, the delivery is not recorded.
    Delivered,
}

impl Point {
    /// All points.
    pub const ALL: [Self; 17] = [
        Self::Accepted,
        Self::Marked,
        Self::Leased,
        Self::Copying,
        Self::Uploading,
        Self::Uploaded,
        Self::Recorded,
        Self::ManifestPut,
        Self::Checked,
        Self::Linking,
        Self::Keeping,
        Self::Splitting,
        Self::Canceling,
        Self::Releasing,
        Self::Emptied,
        Self::Copied,
        Self::Delivered,
    ];

    /// Returns the name of the file that makes one process die here.
    pub fn file(self) -> String {
        format!("crash.{self:?}")
    }
}
