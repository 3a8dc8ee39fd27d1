//! Keys: one function per kind, so that no two kinds, tenants, deployments or versions of a form ever meet.

use std::fmt;
use std::sync::Arc;

use export::id::{ChunkId, ExportId, TenantId};

/// What is cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The catalog in force, with its estimates.
    Catalog,
    /// What is shown of an export.
    Export,
    /// One page of an export's files.
    Files,
    /// One page of an export's chunks.
    Chunks,
    /// The object behind a file's name.
    File,
}

impl Kind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Catalog, Self::Export, Self::Files, Self::Chunks, Self::File];

    /// Its name in keys and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Export => "export",
            Self::Files => "files",
            Self::Chunks => "chunks",
            Self::File => "file",
        }
    }

    /// The form of its values. Raise it with every change of that form: releases share a cache while one replaces the
    /// other.
    fn version(self) -> u32 {
        match self {
            Self::Catalog | Self::Export | Self::Files | Self::Chunks | Self::File => 2,
        }
    }
}

/// The name of one cached value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    kind: Kind,
    text: Arc<str>,
}

impl Key {
    /// What it names.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The whole key.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The exports of one tenant as they are after so many changes of what had ended.
///
/// It is part of every key below: a change leaves behind all that was cached before it, in every layer and process, as
/// soon as the count is heard of. Nothing has to be removed, so no removal can be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The count that the key look-up gave.
    pub changes: u64,
}

/// Where a page begins, and how long it is at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Ordinal and id of the chunk before its first.
    pub after: Option<(i64, ChunkId)>,
    /// Whether the export had succeeded when its first page was read: all pages together have all files then.
    pub whole: bool,
    /// Chunks at most.
    pub limit: usize,
}

/// Makes the keys of one deployment.
#[derive(Clone, Debug)]
pub struct Keyring {
    deployment: Arc<str>,
}

impl Keyring {
    /// Keys of this deployment; several may share a Redis.
    pub fn new(deployment: &str) -> Self {
        Self { deployment: deployment.into() }
    }

    /// The catalog in force. It is the same for all tenants.
    pub fn catalog(&self) -> Key {
        self.key(Kind::Catalog, format_args!("in-force"))
    }

    /// What is shown of an export.
    pub fn export(&self, view: View<'_>, id: ExportId) -> Key {
        self.key(Kind::Export, format_args!("{view}:{id}"))
    }

    /// A page of an export's files.
    pub fn files(&self, view: View<'_>, id: ExportId, page: Place) -> Key {
        self.key(Kind::Files, format_args!("{view}:{id}:{page}"))
    }

    /// A page of an export's chunks.
    pub fn chunks(&self, view: View<'_>, id: ExportId, page: Place) -> Key {
        self.key(Kind::Chunks, format_args!("{view}:{id}:{page}"))
    }

    /// The object behind a file's name in an export.
    pub fn file(&self, view: View<'_>, id: ExportId, name: &str) -> Key {
        self.key(Kind::File, format_args!("{view}:{id}:{name}"))
    }

    fn key(&self, kind: Kind, rest: fmt::Arguments<'_>) -> Key {
        let text = format!("sluice:{}:{}.v{}:{rest}", self.deployment, kind.as_str(), kind.version());
        Key { kind, text: text.into() }
    }
}

impl fmt::Display for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A tenant's name has no colon.
        write!(f, "{}:{}", self.tenant, self.changes)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.after {
            Some((ordinal, id)) => {
                write!(f, "{ordinal}.{id}{}+{}", if self.whole { "w" } else { "" }, self.limit)
            }
            None => write!(f, "first+{}", self.limit),
        }
    }
}
