//! Points at which a process may be made to die: between any two steps whose order matters.

/// A point on the way of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The export is accepted, nothing was dispatched.
    Accepted,
    /// Chunks are marked as sent, no message was sent.
    Marked,
    /// The chunk is leased, nothing was done.
    Leased,
    /// Rows are being read.
    Copying,
    /// Parts of the file are in the bucket, the file is not.
    Uploading,
    /// The file is in the bucket, no record names it.
    Uploaded,
    /// The file is recorded; nobody looked whether its export is complete.
    Recorded,
    /// The manifest is in the bucket, the export does not name it.
    ManifestPut,
    /// In the transaction of a split.
    Splitting,
    /// In the transaction of a cancellation.
    Canceling,
    /// In the transaction that lets an ended export go: it expires or is deleted.
    LettingGo,
    /// The objects of a chunk that nobody wants are deleted, its row is not.
    Emptied,
}

impl Point {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Accepted,
        Self::Marked,
        Self::Leased,
        Self::Copying,
        Self::Uploading,
        Self::Uploaded,
        Self::Recorded,
        Self::ManifestPut,
        Self::Splitting,
        Self::Canceling,
        Self::LettingGo,
        Self::Emptied,
    ];

    /// The file that asks one process to die here.
    pub fn file(self) -> String {
        format!("crash.{self:?}")
    }
}
