//! Tests of the figures in the document about scale.

use super::*;

const DAY: f64 = 86_400.0;

fn real() -> (Measured, Model) {
    let measured = Measured::load().unwrap();
    let model = Model::new(&measured, Settings::default()).unwrap();
    (measured, model)
}

#[test]
fn percentiles_of_too_few_values_are_omitted() {
    assert_eq!(seconds(&[1.0; 999], 0.99, 2), "–");
    assert_eq!(seconds(&[1.0; 1000], 0.99, 2), "1.00");
    assert_eq!(seconds(&[1.0; 19], 0.5, 1), "–");
}

#[test]
fn every_row_is_of_enough_exports() {
    let (_, model) = real();
    for ask in ASKS.iter().filter(|ask| ask.exports > 1.0) {
        let outcome = model.simulated(&model.sensible(ask));
        assert!(outcome.stays.len() >= MIN_EXPORTS as usize, "{ask:?}");
    }
}

#[test]
fn the_page_shows_the_distance_between_floor_and_measured_runs() {
    let (measured, _) = real();
    let page = document(&measured).unwrap();
    for (number, run) in measured.runs.iter().enumerate() {
        let format = &measured.formats[&run.format];
        let part = run.planned_bytes.iter().sum::<u64>() as f64 / format.source_bytes as f64;
        let floor = part * format.cpu_secs.max(format.database_secs) + 0.2 * run.chunk_secs.len() as f64;
        let times = run.wall_secs * f64::from(run.budget) / floor;
        assert!(times > 1.0, "{}", run.format);
        let row = page.lines().find(|line| line.starts_with(&format!("| {} |", run.format))).unwrap();
        let end = format!("| {:.1} | {times:.1} |", floor / f64::from(run.budget));
        assert!(row.ends_with(&end), "{row}");
        if number == 0 {
            assert!(page.contains(&format!("which is {times:.1} times the lower bound of")));
        }
    }
}

#[test]
fn the_budget_keeps_up_with_the_measured_pace() {
    let (measured, model) = real();
    let run = &measured.runs[0];
    let format = &measured.formats[&run.format];
    let planned: u64 = run.planned_bytes.iter().sum();
    let per_byte = run.wall_secs * f64::from(run.budget) / planned as f64;
    let per_row = per_byte * format.source_bytes as f64 / format.rows as f64;
    for ask in &ASKS {
        let able = model.sensible(ask);
        let busy = ask.exports / DAY * ask.rows * per_row / f64::from(able.budget);
        assert!(busy <= USE, "{ask:?}: {busy}");
    }
}

#[test]
fn assumptions_are_listed_on_the_page() {
    let (measured, _) = real();
    let page = document(&measured).unwrap();
    let (_, section) = page.split_once("## Assumed").unwrap();
    for secs in [
        BESIDE_SECS,
        STORE_SECS_PER_CHUNK,
        STORE_SECS_PER_EXPORT,
        EXPIRE_SECS,
        S3_CALL_SECS,
        API_SECS,
        MESSAGE_SECS,
    ] {
        assert!(section.contains(&format!("{:.0} ms", secs * 1000.0)), "{secs}");
    }
    for text in [
        format!("{POLLS} requests of the api"),
        format!("{CALLS_PER_PREFIX} calls"),
        format!("up to {}", percent(SPREAD)),
        format!("peaks of {PEAK}"),
    ] {
        assert!(section.contains(&text), "{text}");
    }
}
