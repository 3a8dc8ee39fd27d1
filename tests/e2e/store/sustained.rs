//! Scheduling cost stays flat: the cost of a chunk does not grow with the number of chunks, and finished rows are
//! removed.
//!
//! Workers are simulated: they lease, note, record, finish and dispatch through the real functions, and read nothing.
//! `cargo x sustained --chunks N` runs the last test and prints its table.

mod load;
mod window;

use load::Sustained;

/// Maximum ratio of the pages touched per chunk late in the run to those early. Allows for one more index level.
const FLAT: f64 = 2.0;

async fn stays_flat(chunks: u64) {
    let mut run = Sustained::start().await;
    let windows = run.work(chunks, 5).await;
    let (early, late) = (&windows[1], &windows[windows.len() - 1]);
    assert!(
        late.pages_per_chunk <= FLAT * early.pages_per_chunk,
        "a chunk touches {:.0} pages of the store after {} chunks, {:.0} after {}",
        early.pages_per_chunk,
        early.chunks,
        late.pages_per_chunk,
        late.chunks
    );
    run.forget_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn store_stays_flat_over_a_thousand_chunks() {
    stays_flat(1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn store_stays_flat_over_ten_thousand_chunks() {
    stays_flat(10_000).await;
}

/// Space of removed rows is reused.
#[tokio::test(flavor = "multi_thread")]
async fn the_store_does_not_grow_from_round_to_round() {
    let mut run = Sustained::start().await;
    let mut sizes = Vec::new();
    for _ in 0..4 {
        run.work(200, 1).await;
        run.forget_all().await;
        sizes.push(run.vacuumed_bytes().await);
    }
    assert!(sizes[3] <= sizes[1] + sizes[1] / 4, "bytes of the store after each round: {sizes:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes; cargo x sustained runs it"]
async fn many_chunks() {
    let chunks = std::env::var("SLUICE_CHUNKS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let mut run = Sustained::start().await;
    run.work(chunks, 10).await;
    run.forget_all().await;
    println!("after all has expired: {:.1} MB of store", run.vacuumed_bytes().await as f64 / 1e6);
}
