//! Whether a manifest agrees with itself: sums, names, and ranges that tile what was asked for.

use std::collections::BTreeSet;

use export::manifest::{Manifest, ManifestDataset, RangeText};

use super::{Fault, MANIFEST_NAME, files};

pub(super) fn check(manifest: &Manifest) -> Vec<Fault> {
    let mut faults = Vec::new();
    let rows: u64 = manifest.datasets.iter().map(|d| d.rows).sum();
    let bytes: u64 = manifest.datasets.iter().map(|d| d.bytes).sum();
    if (rows, bytes) != (manifest.rows, manifest.bytes) {
        faults.push(Fault::new(MANIFEST_NAME, "its totals are not the sums of its datasets"));
    }
    let mut names = BTreeSet::new();
    for (_, file, _) in files(manifest) {
        if !names.insert(&file.name) {
            faults.push(Fault::new(&file.name, "the manifest names it twice"));
        }
    }
    faults.extend(manifest.datasets.iter().flat_map(check_dataset));
    faults
}

fn check_dataset(dataset: &ManifestDataset) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut say = |message: String| faults.push(Fault::new(&dataset.head.name, message));
    let rows: u64 = dataset.chunks.iter().map(|c| c.rows).sum();
    let bytes: u64 = dataset.chunks.iter().filter_map(|c| c.file.as_ref()).map(|f| f.bytes).sum();
    if (rows, bytes) != (dataset.rows, dataset.bytes) {
        say("its totals are not the sums of its chunks".into());
    }
    for chunk in dataset.chunks.iter().filter(|c| (c.rows > 0) != c.file.is_some()) {
        say(format!(
            "the chunk {} has {} rows, which does not fit its file",
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

/// Whether the spans follow one another from the first bound to the last. Bounds of one dataset are
/// written in one form, so equal instants are equal texts.
fn tiles(whole: Option<&RangeText>, ranges: &[&RangeText]) -> Result<(), String> {
    let (spans, others): (Vec<&RangeText>, Vec<&RangeText>) = ranges.iter().partition(|r| r.of == "span");
    let others: Vec<_> = others.iter().map(|r| r.of.as_str()).collect();
    let Some(whole) = whole else {
        return match (spans.len(), others.as_slice()) {
            (0, ["all"]) => Ok(()),
            _ => Err("it has no range, and is not one chunk of all rows".into()),
        };
    };
    if !matches!(others.as_slice(), [] | ["null"]) {
        return Err("it has chunks that do not belong to its range".into());
    }
    let mut at = &whole.start;
    for span in spans {
        if span.start != *at {
            return Err(format!(
                "{} does not begin where the range before it ends, at {}",
                describe(span),
                text(at)
            ));
        }
        if before(&span.end, &span.start) {
            return Err(format!("{} ends before it begins", describe(span)));
        }
        at = &span.end;
    }
    if *at == whole.end {
        Ok(())
    } else {
        Err(format!("its ranges end at {}, not at {}", text(at), text(&whole.end)))
    }
}

/// Dates and times of four-digit years sort as texts, but for the `Z` behind an optional fraction.
fn before(a: &Option<String>, b: &Option<String>) -> bool {
    let bare = |bound: &Option<String>| bound.as_deref().map(|b| b.trim_end_matches('Z').to_owned());
    bare(a) <= bare(b)
}

fn text(bound: &Option<String>) -> &str {
    bound.as_deref().unwrap_or("?")
}

fn describe(range: &RangeText) -> String {
    match (&range.start, &range.end) {
        (Some(start), Some(end)) => format!("{start} to {end}"),
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
        assert!(before(&Some("2024-01-01T00:00:00Z".into()), &Some("2024-01-01T00:00:00.5Z".into())));
    }
}
