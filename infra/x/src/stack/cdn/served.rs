//! Counts of files served by nginx, read from its log.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::stack::state::Stack;

/// Number of files served, by origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Served {
    /// Files served from the cache.
    pub(crate) from_cache: usize,
    /// Files fetched from the storage first.
    pub(crate) from_storage: usize,
}

impl Served {
    /// Counts all files so far.
    pub(crate) fn so_far(stack: &Stack) -> Result<Self> {
        let file = file(stack);
        let log = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self::read(&log))
    }

    /// Returns the difference to an earlier count.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            from_cache: self.from_cache - before.from_cache,
            from_storage: self.from_storage - before.from_storage,
        }
    }

    /// Parses a log in the format of nginx.conf: time, method, path, status, "whence", bytes.
    fn read(log: &str) -> Self {
        let mut served = Self::default();
        for line in log.lines() {
            let mut words = line.split(' ').skip(2);
            // Manifests are never cached.
            let is_file = words.next().is_some_and(|path| path.starts_with("/t/") && path.contains("/c/"));
            let good = words.next().is_some_and(|status| status.starts_with('2'));
            match words.next() {
                Some("\"Hit") if is_file && good => served.from_cache += 1,
                Some("\"Miss") if is_file && good => served.from_storage += 1,
                _ => {}
            }
        }
        served
    }
}

/// Returns the path of the log.
pub(super) fn file(stack: &Stack) -> PathBuf {
    stack.work_dir.join("nginx-served.log")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"2026-11-24T19:00:00+00:00 GET /t/demo/c/1/1.csv.gz 200 "Miss from nginx" 100
2026-11-24T19:00:01+00:00 GET /t/demo/c/1/1.csv.gz 206 "Hit from nginx" 10
2026-11-24T19:00:01+00:00 GET /t/demo/c/1/1.csv.gz 200 "Hit from nginx" 100
2026-11-24T19:00:02+00:00 GET /t/demo/c/1/1.csv.gz 403 "Error from nginx" 153
2026-11-24T19:00:02+00:00 GET /t/demo/x/1/a.json 200 "Miss from nginx" 100
2026-11-24T19:00:03+00:00 GET /api/v1/health 200 "Miss from nginx" 20
"#;

    #[test]
    fn only_files_that_were_served_are_counted() {
        let all = Served { from_cache: 2, from_storage: 1 };
        assert_eq!(Served::read(LOG), all);
        assert_eq!(
            all.since(Served { from_cache: 0, from_storage: 1 }),
            Served { from_cache: 2, from_storage: 0 }
        );
    }
}
