//! Clients of Sluice: each sends one request and waits for its files.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use client::Client;
use export::id::{ExportId, hex};
use export::manifest::{Manifest, ManifestChunk};
use export::state::ExportStatus;
use ports::random;
use serde_json::{Value, json};
use tests::{Exported, System, copy_csv, sorted_records};

use super::fixture::{FIRST_DAY, LAST_DAY, REGIONS, TABLES, name};

/// Datasets of a request with filters.
const SOME: usize = 8;

/// Request of one client: names of tables, and a region if limited to one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wish {
    tables: Vec<usize>,
    region: Option<usize>,
}

/// Requests of one tenant and their results.
pub(super) struct Crowd {
    system: &'static System,
    client: Client,
    wishes: Vec<Wish>,
    begun: Instant,
    ended: Instant,
    submitted: Vec<(Wish, ExportId)>,
    durations: Vec<f64>,
    errors: Vec<String>,
}

/// Results of the check of the files.
pub(super) struct Verified {
    pub(super) exports: usize,
    pub(super) files: usize,
    pub(super) missing: usize,
}

impl Wish {
    fn request(&self) -> Value {
        let dataset = |table: &usize| match self.region {
            Some(region) => json!({"name": name(*table), "filters": {"region": region}}),
            None => json!(name(*table)),
        };
        json!({"datasets": self.tables.iter().map(dataset).collect::<Vec<_>>(), "startDate": FIRST_DAY, "endDate": LAST_DAY})
    }

    fn query(&self, table: usize) -> String {
        let filter = self.region.map(|region| format!(" and region = {region}")).unwrap_or_default();
        format!(
            "select * from stampede.{} where day between '{FIRST_DAY}' and '{LAST_DAY}'{filter}",
            name(table)
        )
    }
}

impl Crowd {
    pub(super) async fn new(system: &'static System, tenant: &str, alike: usize, distinct: usize) -> Self {
        assert!(distinct <= REGIONS);
        let key = system.store().create_key(&tenant.parse().unwrap(), "stampede").await.unwrap();
        let client = Client::new(&system.stack.url, Some(&key)).unwrap();
        let all = Wish { tables: (0..TABLES).collect(), region: None };
        let some =
            |n: usize| Wish { tables: (0..SOME).map(|i| (n * SOME + i) % TABLES).collect(), region: Some(n) };
        // Mixed, as in a real crowd.
        let mut wishes: Vec<_> = std::iter::repeat_n(all, alike).collect();
        for n in 0..distinct {
            let at = (n * (alike + distinct) / distinct.max(1)).min(wishes.len());
            wishes.insert(at, some(n));
        }
        let now = Instant::now();
        Self {
            system,
            client,
            wishes,
            begun: now,
            ended: now,
            submitted: Vec::new(),
            durations: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Sends each request when the previous one is accepted.
    pub(super) async fn one_after_the_other(&mut self) {
        self.begun = Instant::now();
        for wish in self.wishes.clone() {
            let submitted = submit(self.client.clone(), wish).await;
            self.note(submitted);
        }
    }

    /// Sends all requests at the same moment.
    pub(super) async fn all_at_once(&mut self) {
        self.begun = Instant::now();
        let tasks: Vec<_> =
            self.wishes.iter().map(|wish| tokio::spawn(submit(self.client.clone(), wish.clone()))).collect();
        for task in tasks {
            let submitted = task.await.unwrap();
            self.note(submitted);
        }
    }

    fn note(&mut self, submitted: Result<(Wish, ExportId), String>) {
        match submitted {
            Ok(submitted) => self.submitted.push(submitted),
            Err(error) => self.errors.push(error),
        }
    }

    /// Makes each client poll its own export until it has ended, at the api's `Retry-After`.
    pub(super) async fn wait(&mut self) {
        let begun = self.begun;
        let tasks: Vec<_> = self
            .submitted
            .iter()
            .map(|(_, id)| tokio::spawn(until_ended(self.client.clone(), *id, begun)))
            .collect();
        for task in tasks {
            match task.await.unwrap() {
                Ok(secs) => self.durations.push(secs),
                Err(error) => self.errors.push(error),
            }
        }
        self.ended = Instant::now();
        self.durations.sort_by(f64::total_cmp);
        for error in self.errors.iter().take(5) {
            println!("a client saw: {error}");
        }
    }

    pub(super) fn took(&self) -> Duration {
        self.ended - self.begun
    }

    pub(super) fn errors(&self) -> usize {
        self.errors.len()
    }

    /// Returns the seconds until half of the exports, and all of them, had ended.
    pub(super) fn durations(&self) -> (f64, f64) {
        let at =
            |share: usize| self.durations.get(self.durations.len() * share / 100).or(self.durations.last());
        (at(50).copied().unwrap_or_default(), at(100).copied().unwrap_or_default())
    }

    /// Downloads everything that is not known to be good already, and compares it with the database.
    pub(super) async fn verify(&self) -> Verified {
        let mut good: BTreeSet<(usize, Option<usize>, Objects)> = BTreeSet::new();
        let mut verified = Verified { exports: 0, files: 0, missing: 0 };
        for (wish, id) in &self.submitted {
            let manifest = self.client.manifest(*id).await.unwrap();
            assert_eq!(manifest.datasets.len(), wish.tables.len());
            let mut objects = objects(&manifest);
            verified.files += manifest.datasets.iter().map(|d| d.chunks.len()).sum::<usize>();
            // The very same objects, byte for byte, by name and hash. Exports that ask for the same share most of them.
            let mut unknown = BTreeSet::new();
            for &table in &wish.tables {
                let file = (table, wish.region, objects.remove(&name(table)).unwrap_or_default());
                if !good.contains(&file) {
                    unknown.insert(file);
                }
            }
            if !unknown.is_empty() {
                let exported = Exported::download(&self.client, *id).await.unwrap();
                for (table, ..) in &unknown {
                    let theirs = copy_csv(&self.system.stack.owner_url, &wish.query(*table)).await.unwrap();
                    let ours = exported.records(&name(*table)).unwrap();
                    assert_eq!(sorted_records(&ours), sorted_records(&theirs), "{id} {}", name(*table));
                }
                good.append(&mut unknown);
            }
            verified.exports += 1;
        }
        let promised = self.wishes.iter().map(|wish| wish.tables.len()).sum::<usize>();
        verified.missing = promised.saturating_sub(verified.files);
        verified
    }
}

/// Key and hash of each file of a dataset.
type Objects = BTreeSet<(String, String)>;

/// Returns the files of each dataset.
fn objects(manifest: &Manifest) -> BTreeMap<String, Objects> {
    let files = |chunks: &[ManifestChunk]| {
        chunks
            .iter()
            .filter_map(|c| c.file.as_ref())
            .map(|file| (file.key.clone(), file.sha256.clone()))
            .collect()
    };
    manifest.datasets.iter().map(|dataset| (dataset.head.name.clone(), files(&dataset.chunks))).collect()
}

async fn submit(client: Client, wish: Wish) -> Result<(Wish, ExportId), String> {
    match client.submit(&wish.request(), &hex(&random::bytes::<8>())).await {
        Ok(submitted) => Ok((wish, submitted.export.id)),
        Err(error) => Err(format!("submit: {error}")),
    }
}

/// Returns the seconds from `begun` to the end of the export.
async fn until_ended(client: Client, id: ExportId, begun: Instant) -> Result<f64, String> {
    loop {
        let export = client.export(id).await.map_err(|error| format!("look: {error}"))?;
        if !export.status.is_live() {
            return match export.status {
                ExportStatus::Succeeded => Ok(begun.elapsed().as_secs_f64()),
                status => Err(format!("{id} is {status}: {:?}", export.errors)),
            };
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}
