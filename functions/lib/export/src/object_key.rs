//! Keys of objects in the bucket: those of files below their chunk, those of manifests below their export.

use crate::id::{ChunkId, ExportId, TenantId};

/// Returns the key of the object that attempt `number` of a chunk may write.
pub fn file_key(tenant: &TenantId, chunk: ChunkId, number: u32, extension: &str) -> String {
    format!("{}{number}.{extension}", chunk_prefix(tenant, chunk))
}

/// Returns the prefix of all objects of a chunk.
pub fn chunk_prefix(tenant: &TenantId, chunk: ChunkId) -> String {
    format!("t/{tenant}/c/{chunk}/")
}

/// Returns the prefix of all manifests of an export.
pub fn export_prefix(tenant: &TenantId, export: ExportId) -> String {
    format!("t/{tenant}/x/{export}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_begins_with_the_tenant() {
        let tenant: TenantId = "acme".parse().unwrap();
        let (chunk, export) = (ChunkId::from_random([7; 16]), ExportId::from_random([9; 16]));
        let key = file_key(&tenant, chunk, 3, "csv.gz");
        assert_eq!(key, format!("t/acme/c/{chunk}/3.csv.gz"));
        assert!(key.starts_with(&chunk_prefix(&tenant, chunk)));
        assert_eq!(export_prefix(&tenant, export), format!("t/acme/x/{export}/"));
    }
}
