//! Checks after the chaos.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use client::Error;
use export::id::ExportId;
use export::state::ExportStatus;
use ports::objects::Objects;
use tests::{EVENT_TIMEOUT, Exported, copy_csv, sorted_records};

use super::Arena;
use super::client::{Known, Tenant};

/// Shortens waits that would only take long: after a failure, after a lost message.
const HURRY: &str = "update sluice.chunk set due_at = clock_timestamp() where state = 'due' and due_at > clock_timestamp(); \
    update sluice.chunk set sent_at = sent_at - interval '15 minutes' where state = 'sent' and sent_at < clock_timestamp() - interval '5 seconds'";

/// Simulates a time so late that no attempt can write any more: everything to be swept is due now.
const LATER: &str = "update sluice.litter set sweep_at = clock_timestamp(); \
    update sluice.chunk set ended_at = ended_at - interval '1 hour' where state in ('split', 'dying')";

/// Sweeps until no export is live and no chunk waits or runs.
pub(crate) async fn quiesce(arena: &Arena) {
    let give_up = Instant::now() + EVENT_TIMEOUT;
    let system = arena.system;
    let busy = "select (select count(*) from sluice.export where status in ('queued', 'running')) \
        + (select count(*) from sluice.chunk where state in ('due', 'sent', 'running'))";
    loop {
        system.run(HURRY).await.expect("the store answers");
        invariants(arena).await;
        let report = sweeper::sweep(&system.sweeper()).await;
        if report.repaired > 0 {
            arena.tally.violation(format!("the sweeper had to put {} things right", report.repaired));
        }
        if report.failed_steps == 0 && system.number(busy).await.expect("the store answers") == 0 {
            return;
        }
        if Instant::now() > give_up {
            let stuck = "select e.id || ' ' || e.status || ' ' || coalesce(string_agg(distinct c.state, ','), 'no open chunk') \
                from sluice.export e left join sluice.link l on l.export_id = e.id and l.open left join sluice.chunk c on c.id = l.chunk_id \
                where e.status in ('queued', 'running') group by e.id, e.status";
            let stuck = system.texts(stuck).await.expect("the store answers");
            return arena.tally.violation(format!("stuck: {stuck:?}"));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Checks the invariants of the store, which hold at every moment, even while everything fails.
pub(crate) async fn invariants(arena: &Arena) {
    match arena.system.store().violations().await {
        Ok(broken) => {
            arena.tally.count("looks at the invariants of the store");
            for one in broken {
                arena.tally.violation(one.to_string());
            }
        }
        // The server may be restarting.
        Err(_) => arena.tally.count("looks at the invariants that failed"),
    }
}

/// Checks every export, every object and every row that could be left over.
pub(crate) async fn everything(arena: &Arena, tenants: impl Iterator<Item = &Arc<Tenant>>) {
    let mut oracle = Oracle { url: &arena.system.stack.owner_url, known: BTreeMap::new() };
    for tenant in tenants {
        let known = tenant.known();
        for export in &known {
            if let Err(error) = end(arena, tenant, export, &mut oracle).await {
                arena.tally.violation(format!(
                    "{} of {}: {error:#} ({})",
                    export.id, tenant.id, export.order.request
                ));
            }
        }
        if let Err(error) = strangers(arena, tenant, &known).await {
            arena.tally.violation(format!("{}: {error:#}", tenant.id));
        }
    }
    quiesce(arena).await;
    if let Err(error) = leftovers(arena).await {
        arena.tally.violation(format!("{error:#}"));
    }
}

/// PostgreSQL's own sorted records by query, each query run once.
struct Oracle<'a> {
    url: &'a str,
    known: BTreeMap<String, Arc<Vec<String>>>,
}

impl Oracle<'_> {
    async fn records(&mut self, query: &str) -> Result<Arc<Vec<String>>> {
        if let Some(found) = self.known.get(query) {
            return Ok(found.clone());
        }
        let found = Arc::new(sorted_records(&copy_csv(self.url, query).await?));
        self.known.insert(query.to_owned(), found.clone());
        Ok(found)
    }
}

/// Checks that one export has ended in an allowed way. A failed export must give a reason and succeed when retried now.
async fn end(arena: &Arena, tenant: &Tenant, known: &Known, oracle: &mut Oracle<'_>) -> Result<()> {
    let export = match tenant.client.export(known.id).await {
        Ok(export) => export,
        Err(Error::Problem(problem)) if problem.status == 404 && known.dropped => {
            arena.tally.count("ended: deleted");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    arena.tally.count(&format!("ended: {}", export.status));
    match export.status {
        ExportStatus::Succeeded => exact(arena, tenant, known, oracle).await,
        ExportStatus::Canceled => {
            ensure!(known.dropped, "it was not canceled by its client");
            Ok(())
        }
        ExportStatus::Failed => {
            ensure!(!export.errors.is_empty(), "it failed without a reason");
            for error in &export.errors {
                ensure!(
                    !error.code.as_str().is_empty() && !error.message.is_empty(),
                    "a failure without words: {error:?}"
                );
                arena.tally.count(&format!("chunks failed: {}", error.code));
            }
            let files = tenant.client.files(known.id, None, false).await?;
            ensure!(!files.complete, "a failed export is not complete");
            tenant.client.retry(known.id).await.context("it cannot be retried")?;
            quiesce(arena).await;
            let status = tenant.client.export(known.id).await?.status;
            ensure!(status == ExportStatus::Succeeded, "retried without faults, it is {status}");
            arena.tally.count("failed, then retried and right");
            exact(arena, tenant, known, oracle).await
        }
        other => anyhow::bail!("it is {other}"),
    }
}

async fn exact(arena: &Arena, tenant: &Tenant, known: &Known, oracle: &mut Oracle<'_>) -> Result<()> {
    let exported = Exported::download(&tenant.client, known.id).await?;
    for (dataset, query) in &known.order.queries {
        let (ours, theirs) = (sorted_records(&exported.records(dataset)?), oracle.records(query).await?);
        ensure!(
            ours == *theirs,
            "{dataset}: {} records, {} in the database, or others",
            ours.len(),
            theirs.len()
        );
        arena.tally.add("rows compared", ours.len() as u64);
    }
    arena.tally.add(
        "files verified",
        exported.manifest.datasets.iter().flat_map(|d| &d.chunks).filter(|c| c.file.is_some()).count() as u64,
    );
    Ok(())
}

/// Checks that exports whose acceptance no client received have ended too.
async fn strangers(arena: &Arena, tenant: &Tenant, known: &[Known]) -> Result<()> {
    let ids: Vec<ExportId> = known.iter().map(|known| known.id).collect();
    let mut cursor = None;
    loop {
        let page = tenant.client.exports(&Default::default(), cursor.as_deref()).await?;
        for export in &page.exports {
            ensure!(!export.status.is_live(), "{} is {}", export.id, export.status);
            if !ids.contains(&export.id) {
                arena.tally.count("exports of other tests or whose answer never came");
            }
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// Checks that there is no object without an owner, no unfinished upload, no lease, no attempt without an end.
async fn leftovers(arena: &Arena) -> Result<()> {
    let system = arena.system;
    let objects = system.objects();
    // A sweep handles some of each kind, and most things are swept twice.
    let left = "select (select count(*) from sluice.litter) + (select count(*) from sluice.chunk where state in ('split', 'dying')) \
        + (select count(*) from sluice.chunk c where c.state = 'failed' and not exists (select from sluice.link l where l.chunk_id = c.id))";
    for _ in 0..100 {
        system.run(LATER).await?;
        let report = sweeper::sweep(&system.sweeper()).await;
        ensure!(report.failed_steps == 0, "a step of the sweep fails: {report:?}");
        if system.number(left).await? == 0 {
            break;
        }
    }
    for (what, query) in [
        (
            "leases",
            "select count(*) from sluice.chunk where lease_until is not null or state in ('due', 'sent', 'running')",
        ),
        ("attempts without an end", "select count(*) from sluice.attempt where outcome is null"),
        (
            "chunks without an export",
            "select count(*) from sluice.chunk c where c.state <> 'done' and not exists (select from sluice.link l where l.chunk_id = c.id)",
        ),
        (
            "links to nothing",
            "select count(*) from sluice.link l join sluice.chunk c on c.id = l.chunk_id where c.state in ('split', 'dying')",
        ),
    ] {
        let left = system.number(query).await?;
        if left != 0 {
            arena.tally.violation(format!("{left} {what} are left"));
        }
    }
    invariants(arena).await;
    let unfinished = objects.abort_uploads("t/").await?;
    if unfinished != 0 {
        arena.tally.violation(format!("{unfinished} unfinished uploads are left"));
    }
    let owned = system
        .texts("select format('t/%s/c/%s/%s.', tenant, id, attempt) from sluice.chunk where state = 'done' and sha256 is not null \
            union all select format('t/%s/x/%s/', tenant, id) from sluice.export where status <> 'expired'")
        .await?;
    let owned: std::collections::BTreeSet<_> = owned.into_iter().collect();
    let (mut after, mut found) = (None, 0);
    loop {
        let page = objects.list("t/", after.as_deref()).await?;
        for key in &page.keys {
            found += 1;
            // `…/ATTEMPT.` of a file, `…/EXPORT/` of a manifest.
            let file =
                key.rfind('/').and_then(|slash| key[slash..].find('.').map(|dot| &key[..=slash + dot]));
            let folder = key.rfind('/').map(|slash| &key[..=slash]);
            if !file.is_some_and(|file| owned.contains(file))
                && !folder.is_some_and(|folder| owned.contains(folder))
            {
                arena.tally.violation(format!("{key} has no owner"));
            }
        }
        match (page.more, page.keys.into_iter().last()) {
            (true, Some(last)) => after = Some(last),
            _ => break,
        }
    }
    arena.tally.add("objects, each with its owner", found);
    Ok(())
}
