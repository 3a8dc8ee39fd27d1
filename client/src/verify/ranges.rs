//! Consistency of a manifest: sums, names, and ranges that tile the requested range.

use std::collections::BTreeSet;

use export::cut::Consistency;
use export::manifest::{Manifest, ManifestDataset, RangeText};

use super::{Fault, MANIFEST_NAME, files};

pub(super) fn check(manifest: &Manifest) -> Vec<Fault> {
    let mut faults = Vec::new();
    let rows: u64 = manifest.datasets.iter().map(|d| d.rows).sum();
    let bytes: u64 = manifest.datasets.iter().map(|d| d.bytes).sum();
    if (rows, bytes) != (manifest.rows, manifest.bytes) {
        faults.push(Fault::new(MANIFEST_NAME, "the totals differ from the sums of its datasets"));
    }
    let mut names = BTreeSet::new();
    for (_, file, _) in files(manifest) {
        if !names.insert(&file.name) {
            faults.push(Fault::new(&file.name, "the manifest lists it twice"));
        }
    }
    faults.extend(manifest.datasets.iter().flat_map(check_dataset));
    faults.extend(not_one_instant(manifest));
    faults
}

/// Returns a fault for each dataset with a chunk that does not show the instant of the snapshot.
fn not_one_instant(manifest: &Manifest) -> Vec<Fault> {
    let Some(snapshot) = &manifest.consistency else {
        let wanted = Consistency::of(&manifest.request) == Consistency::Snapshot;
        let message = "the request has the consistency snapshot, but the manifest has no snapshot";
        return wanted.then(|| Fault::new(MANIFEST_NAME, message)).into_iter().collect();
    };
    let is_other = |dataset: &&ManifestDataset| dataset.chunks.iter().any(|c| c.as_of != snapshot.as_of);
    let fault = |dataset: &ManifestDataset| {
        let message = format!("it does not show the instant {} of the snapshot", snapshot.as_of);
        Fault::new(&dataset.head.name, message)
    };
    manifest.datasets.iter().filter(is_other).map(fault).collect()
}

fn check_dataset(dataset: &ManifestDataset) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut say = |message: String| faults.push(Fault::new(&dataset.head.name, message));
    let rows: u64 = dataset.chunks.iter().map(|c| c.rows).sum();
    let bytes: u64 = dataset.chunks.iter().filter_map(|c| c.file.as_ref()).map(|f| f.bytes).sum();
    if (rows, bytes) != (dataset.rows, dataset.bytes) {
        say("the totals differ from the sums of its chunks".into());
    }
    if let Some(sample) = dataset.head.sample.filter(|sample| dataset.rows > sample.limit) {
        say(format!("it has {} rows, but is a sample of at most {}", dataset.rows, sample.limit));
    }
    for chunk in dataset.chunks.iter().filter(|c| (c.rows > 0) != c.file.is_some()) {
        say(format!(
            "the chunk {} has {} rows, but the number of files does not match",
            describe(&chunk.range),
            chunk.rows
        ));
    }
    let ranges: Vec<_> = dataset.chunks.iter().map(|c| &c.range).collect();
    if let Err(message) = tiles(dataset.head.range.as_ref(), &ranges) {
        say(message);
    }
    faults
}

/// Checks that the slices of a key follow one another from an open start to an open end.
fn slices_tile(slices: &[&RangeText]) -> Result<(), String> {
    let open = [slices.first().and_then(|s| s.start.as_ref()), slices.last().and_then(|s| s.end.as_ref())];
    if open.iter().any(Option::is_some) {
        return Err("the slices of its key do not hold every value".into());
    }
    match slices.windows(2).find(|pair| pair[0].end.is_none() || pair[0].end != pair[1].start) {
        Some(pair) => Err(format!(
            "{} does not begin where the slice before it ends, at {}",
            describe(pair[1]),
            text(&pair[0].end)
        )),
        None => Ok(()),
    }
}

/// Checks that the spans follow one another from the first bound to the last. Bounds of one dataset have one format,
/// so equal instants are equal texts.
fn tiles(whole: Option<&RangeText>, ranges: &[&RangeText]) -> Result<(), String> {
    let (spans, others): (Vec<&RangeText>, Vec<&RangeText>) = ranges.iter().partition(|r| r.of == "span");
    let others: Vec<_> = others.iter().map(|r| r.of.as_str()).collect();
    let Some(whole) = whole else {
        if spans.is_empty() && others.len() > 1 && others.iter().all(|of| *of == "slice") {
            return slices_tile(ranges);
        }
        return match (spans.len(), others.as_slice()) {
            (0, ["all"]) => Ok(()),
            _ => Err("a dataset without a range must be a single chunk".into()),
        };
    };
    if !matches!(others.as_slice(), [] | ["null"]) {
        return Err("some chunks lie outside the requested range".into());
    }
    let mut at = Some(&whole.start);
    for span in spans {
        let Some(start) = at else {
            return Err(format!("{} comes after a range without an end", describe(span)));
        };
        if span.start != *start {
            return Err(format!(
                "{} does not begin where the range before it ends, at {}",
                describe(span),
                text(start)
            ));
        }
        if let (Some(start), Some(end)) = (&span.start, &span.end)
            && ends_before(end, start)
        {
            return Err(format!("{} ends before it begins", describe(span)));
        }
        // A span without an end is the last one.
        at = span.end.is_some().then_some(&span.end);
    }
    let end = at.unwrap_or(&None);
    if *end == whole.end && at != Some(&whole.start) {
        Ok(())
    } else {
        Err(format!("its ranges end at {}, not at {}", text(end), text(&whole.end)))
    }
}

/// Returns true if `end` is not after `start`. Dates and times of four-digit years sort as texts, except for the `Z`
/// after an optional fraction; the year 10000 comes after all of them.
fn ends_before(end: &str, start: &str) -> bool {
    let bare = |bound: &str| {
        let day = bound.split('T').next().unwrap_or_default();
        (day.len(), bound.trim_end_matches('Z').to_owned())
    };
    bare(end) <= bare(start)
}

fn text(bound: &Option<String>) -> &str {
    bound.as_deref().unwrap_or("infinity")
}

fn describe(range: &RangeText) -> String {
    match (&range.start, &range.end) {
        (Some(start), Some(end)) => format!("{start} to {end}"),
        (Some(start), None) => format!("from {start}"),
        (None, Some(end)) => format!("up to {end}"),
        _ => range.of.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: &str, end: &str) -> RangeText {
        RangeText { of: "span".into(), start: Some(start.into()), end: Some(end.into()) }
    }

    #[test]
    fn gaps_overlaps_and_strays_are_found() {
        let whole = span("2024-01-01", "2024-03-01");
        let (a, b) = (span("2024-01-01", "2024-02-01"), span("2024-02-01", "2024-03-01"));
        let null = RangeText { of: "null".into(), start: None, end: None };
        assert_eq!(tiles(Some(&whole), &[&a, &b]), Ok(()));
        assert_eq!(tiles(Some(&whole), &[&a, &b, &null]), Ok(()));
        assert!(tiles(Some(&whole), &[&a]).is_err());
        assert!(tiles(Some(&whole), &[&b]).is_err());
        assert!(tiles(Some(&whole), &[&a, &a, &b]).is_err());
        assert!(tiles(Some(&whole), &[]).is_err());
        assert!(tiles(None, &[&a]).is_err());
        let back = [&span("2024-01-01", "2024-04-01"), &span("2024-04-01", "2024-03-01")];
        assert!(tiles(Some(&whole), &back).is_err());
        assert!(ends_before("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5Z"));
        assert!(!ends_before("10000-01-01", "9999-12-31") && ends_before("0001-01-01", "0001-01-01"));
    }

    #[test]
    fn open_ends_are_covered_only_by_open_ends() {
        let open = |start: Option<&str>, end: Option<&str>| RangeText {
            of: "span".into(),
            start: start.map(Into::into),
            end: end.map(Into::into),
        };
        let (all, from, up_to) =
            (open(None, None), open(Some("2024-01-01"), None), open(None, Some("2024-01-01")));
        assert_eq!(tiles(Some(&all), &[&all]), Ok(()));
        assert_eq!(tiles(Some(&all), &[&up_to, &from]), Ok(()));
        assert_eq!(tiles(Some(&from), &[&from]), Ok(()));
        for (whole, ranges) in [
            (&all, vec![&up_to]),
            (&all, vec![&from]),
            (&all, vec![]),
            (&all, vec![&all, &all]),
            (&all, vec![&up_to, &from, &up_to]),
            (&from, vec![&all]),
            (&from, vec![]),
            (&up_to, vec![]),
            (&up_to, vec![&up_to, &from]),
        ] {
            assert!(tiles(Some(whole), &ranges).is_err(), "{whole:?} {ranges:?}");
        }
    }
}
