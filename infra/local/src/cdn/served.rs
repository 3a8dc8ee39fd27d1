//! What nginx has served from where, by its log.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::stack::Stack;

/// Files that were served, and what the storage was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Served {
    /// Out of the cache.
    pub(crate) from_cache: usize,
    /// After having been fetched.
    pub(crate) from_storage: usize,
}

impl Served {
    /// All files so far.
    pub(crate) fn so_far(stack: &Stack) -> Result<Self> {
        let file = file(stack);
        let log = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self::read(&log))
    }

    /// What has been served since then.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            from_cache: self.from_cache - before.from_cache,
            from_storage: self.from_storage - before.from_storage,
        }
    }

    /// Of a log in the form of nginx.conf: time, method, path, status, "whence", bytes.
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

/// The log.
pub(super) fn file(stack: &Stack) -> PathBuf {
    stack.ground.join("nginx-served.log")
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
