//! Cache keys: one function per kind, so that keys of two kinds, tenants, deployments or format versions never
//! collide.

use std::fmt;
use std::sync::Arc;

use export::id::{ChunkId, ExportId, TenantId};

/// Kind of a cached value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheKind {
    /// The catalog in force, with its estimates.
    Catalog,
    /// Response data of an export.
    Export,
    /// One page of an export's files.
    Files,
    /// One page of an export's chunks.
    Chunks,
    /// The object of a file name.
    File,
}

impl CacheKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Catalog, Self::Export, Self::Files, Self::Chunks, Self::File];

    /// Returns its name in keys and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Export => "export",
            Self::Files => "files",
            Self::Chunks => "chunks",
            Self::File => "file",
        }
    }

    /// Returns the format version of its values. It must be raised with every change of the format, because releases
    /// share a cache while one replaces the other.
    fn version(self) -> u32 {
        match self {
            Self::Catalog | Self::Export | Self::Files | Self::Chunks | Self::File => 2,
        }
    }
}

/// The name of one cached value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    kind: CacheKind,
    text: Arc<str>,
}

impl Key {
    /// Returns the kind of the value.
    pub fn kind(&self) -> CacheKind {
        self.kind
    }

    /// Returns the whole key.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// One tenant's exports as they are after this number of changes to ended exports.
///
/// It is part of every key below. After a change, all values cached earlier, in every layer and process, are no
/// longer found as soon as the new count is read. Nothing has to be removed, so no removal can be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// Count returned by the look-up of the API key.
    pub changes: u64,
}

/// Start and maximum length of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Ordinal and id of the chunk before the page.
    pub after: Option<(i64, ChunkId)>,
    /// True if the export had succeeded when its first page was read: all pages together then contain all files.
    pub whole: bool,
    /// Maximum number of chunks.
    pub limit: usize,
}

/// Builder of the keys of one deployment.
#[derive(Clone, Debug)]
pub struct Keyring {
    deployment: Arc<str>,
}

impl Keyring {
    /// Creates the keyring of this deployment; several deployments may share a Redis.
    pub fn new(deployment: &str) -> Self {
        Self { deployment: deployment.into() }
    }

    /// Returns the key of the catalog in force, which is the same for all tenants.
    pub fn catalog(&self) -> Key {
        self.key(CacheKind::Catalog, format_args!("in-force"))
    }

    /// Returns the key of the response data of an export.
    pub fn export(&self, view: View<'_>, id: ExportId) -> Key {
        self.key(CacheKind::Export, format_args!("{view}:{id}"))
    }

    /// Returns the key of a page of an export's files.
    pub fn files(&self, view: View<'_>, id: ExportId, page: PageRequest) -> Key {
        self.key(CacheKind::Files, format_args!("{view}:{id}:{page}"))
    }

    /// Returns the key of a page of an export's chunks.
    pub fn chunks(&self, view: View<'_>, id: ExportId, page: PageRequest) -> Key {
        self.key(CacheKind::Chunks, format_args!("{view}:{id}:{page}"))
    }

    /// Returns the key of the object of a file name in an export.
    pub fn file(&self, view: View<'_>, id: ExportId, name: &str) -> Key {
        self.key(CacheKind::File, format_args!("{view}:{id}:{name}"))
    }

    fn key(&self, kind: CacheKind, rest: fmt::Arguments<'_>) -> Key {
        let text = format!("sluice:{}:{}.v{}:{rest}", self.deployment, kind.as_str(), kind.version());
        Key { kind, text: text.into() }
    }
}

impl fmt::Display for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name of a tenant contains no colon.
        write!(f, "{}:{}", self.tenant, self.changes)
    }
}

impl fmt::Display for PageRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.after {
            Some((ordinal, id)) => {
                write!(f, "{ordinal}.{id}{}+{}", if self.whole { "w" } else { "" }, self.limit)
            }
            None => write!(f, "first+{}", self.limit),
        }
    }
}
