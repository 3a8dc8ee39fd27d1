//! Checks that two streams hold the same records equally often, in memory that does not grow with them.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::shown;

/// Number of parts of the hash space, each with its own sum. If two sets differ, only few records have to be read
/// again.
const BUCKETS: usize = 4096;

/// Maximum number of buckets searched for examples.
const LOOKED_AT: usize = 8;

/// A multiset of records as the number and the sum (mod 2^128) of their hashes, by bucket.
///
/// Equal sets have equal sums in any order. Unequal sets have equal sums with a chance of 2^-128: a hash is half a
/// SHA-256, and records are not chosen to attack it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Multiset {
    buckets: Vec<Bucket>,
    bytes: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Bucket {
    records: u64,
    sum: u128,
}

impl Default for Multiset {
    fn default() -> Self {
        Self { buckets: vec![Bucket::default(); BUCKETS], bytes: 0 }
    }
}

impl Multiset {
    pub(super) fn add(&mut self, record: &[u8]) {
        let hash = hash(record);
        let bucket = &mut self.buckets[bucket_of(hash)];
        bucket.records += 1;
        bucket.sum = bucket.sum.wrapping_add(hash);
        self.bytes += record.len() as u64 + 1;
    }

    pub(super) fn records(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.records).sum()
    }

    /// Returns the bytes of all records, each with its line end.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Finds records that two multisets hold unequally often, by a second pass over both streams.
pub(super) struct Examples {
    differs: Vec<bool>,
    found: BTreeMap<u128, Example>,
    file: String,
    record: u64,
}

#[derive(Default)]
struct Example {
    text: String,
    places: Vec<String>,
    ours: u64,
    theirs: u64,
}

impl Examples {
    pub(super) fn of(ours: &Multiset, theirs: &Multiset) -> Self {
        let mut looked_at = 0;
        let differs = ours.buckets.iter().zip(&theirs.buckets).map(|(ours, theirs)| {
            let differs = ours != theirs && looked_at < LOOKED_AT;
            looked_at += usize::from(differs);
            differs
        });
        Self { differs: differs.collect(), found: BTreeMap::new(), file: String::new(), record: 0 }
    }

    /// Adds a record of a file. The records of one file must be consecutive.
    pub(super) fn add_ours(&mut self, record: &[u8], file: &str) {
        if self.file != file {
            file.clone_into(&mut self.file);
            self.record = 0;
        }
        self.record += 1;
        let number = self.record;
        if let Some(example) = self.entry(record) {
            example.ours += 1;
            if example.places.len() < 4 {
                example.places.push(format!("{file} record {number}"));
            }
        }
    }

    /// Adds a record of the database.
    pub(super) fn add_theirs(&mut self, record: &[u8]) {
        if let Some(example) = self.entry(record) {
            example.theirs += 1;
        }
    }

    fn entry(&mut self, record: &[u8]) -> Option<&mut Example> {
        let hash = hash(record);
        self.differs[bucket_of(hash)].then(|| {
            self.found.entry(hash).or_insert_with(|| Example { text: shown(record), ..Example::default() })
        })
    }

    /// Returns up to `most` differing records, each as one line.
    pub(super) fn take(self, most: usize) -> impl Iterator<Item = String> {
        self.found.into_values().filter(|example| example.ours != example.theirs).take(most).map(|example| {
            let Example { text, places, ours, theirs } = example;
            let places = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
            format!("{ours} times in the files{places}, {theirs} in the database: {text}")
        })
    }
}

fn hash(record: &[u8]) -> u128 {
    Sha256::digest(record).first_chunk().map_or(0, |half| u128::from_be_bytes(*half))
}

fn bucket_of(hash: u128) -> usize {
    (hash >> 64) as usize % BUCKETS
}
