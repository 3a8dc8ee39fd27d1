//! A forecast uses the tenant's own exports only: those of other tenants, finished or waiting, do not change it.

use export::format::Output;
use export::id::TenantId;
use export::plan::Target;
use export::range::Span;
use store::Store;
use tests::Database;

use crate::fixture::{add_tenant, drain, new_export, target};

/// Returns days of a dataset with a tenant column, in about the given number of chunks.
fn own(tenant: &TenantId, start: i64, end: i64, chunks: u64) -> Target {
    let mut target = target(tenant, "notes", start, end, chunks);
    target.selection.tenant_column = Some("account".into());
    target.fingerprint = target.selection.fingerprint(tenant, "test");
    target
}

async fn accept(store: &Store, tenant: &TenantId, target: Target) {
    store.accept(&new_export(tenant, vec![target])).await.unwrap();
}

#[tokio::test]
async fn forecast_ignores_exports_of_other_tenants() {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let (acme, other) = (add_tenant(&store, "acme").await, add_tenant(&store, "other").await);
    let wanted = || own(&acme, 200, 210, 1);
    let look = async || store.forecast_inputs(&acme, &Output::default(), &[wanted()], None).await.unwrap();
    let before = look().await;
    assert_eq!((before.seen.chunks, before.own.chunks, before.past.len()), (0, 0, 0));
    accept(&store, &other, own(&other, 0, 100, 4)).await;
    drain(&store).await;
    accept(&store, &other, own(&other, 100, 200, 4)).await;
    assert_eq!(look().await, before);
    drain(&store).await;

    // Four chunks of 5 rows each, covering 100 days.
    accept(&store, &acme, own(&acme, 0, 100, 4)).await;
    let waiting = look().await.own;
    assert_eq!((waiting.chunks, waiting.bytes), (4, 0), "planned by what all tenants have");
    drain(&store).await;
    let after = look().await;
    assert_eq!((after.seen.chunks, after.own.chunks), (4, 0));
    let past = after.past["notes"].spans;
    assert_eq!((past.chunks, past.rows, past.bytes, past.units), (4, 20, 400, 100.0));
    // One without a start, whose length is not a number of days.
    let mut open = own(&acme, -10, 0, 1);
    open.span = open.span.map(|span| Span { start: Span::OPEN_START, ..span });
    accept(&store, &acme, open).await;
    drain(&store).await;
    assert_eq!(look().await.past["notes"].spans.chunks, 4, "an open end is no measure");
    // Chunks with other columns or filters are not used for estimates, nor are chunks far longer than the wanted range.
    let mut filtered = wanted();
    filtered.selection.predicates = vec![export::selection::Predicate {
        column: "a".into(),
        test: export::selection::Test::IsNull,
        by: None,
    }];
    for target in [filtered, own(&acme, 200, 201, 1)] {
        let forecast_inputs =
            store.forecast_inputs(&acme, &Output::default(), &[target], None).await.unwrap();
        assert!(forecast_inputs.past.is_empty(), "{:?}", forecast_inputs.past);
    }
}
