//! `check`: verifies that every system Sluice depends on is reachable and configured as the template says.

mod capacity;
mod catalog;
mod pooler;
mod report;
mod services;
mod sessions;
mod source;
mod source_log;
mod source_role;
mod store;
mod transport;

use std::future::Future;
use std::time::Duration;

use ports::postgres::ping::PingError;
use ports::telemetry::chain;
use serde_json::json;

use crate::context::Context;
use crate::output::CommandOutput;
use report::CheckReport;

/// Timeout of a call to an AWS service, retries included. Without a route to it the connection alone takes 2 s.
const AWS_TIMEOUT: Duration = Duration::from_secs(5);

/// Remedy if an AWS service does not respond.
const NO_WAY: &str = "in subnets without a NAT gateway deploy with CreateEndpoints=true and VpcCidr; otherwise check their routes, and \
     that the functions' security group allows outbound traffic on port 443";

/// Returns the response of an AWS service; `None`, which is reported, after a timeout.
async fn answer<T>(what: &'static str, call: impl Future<Output = T>, report: &mut CheckReport) -> Option<T> {
    let answer = tokio::time::timeout(AWS_TIMEOUT, call).await.ok();
    if answer.is_none() {
        report.wrong(what, format!("no response within {} s", AWS_TIMEOUT.as_secs()), NO_WAY);
    }
    answer
}

/// Checks everything, even after an error. Changes nothing.
pub(crate) async fn run(context: &Context) -> CommandOutput {
    let mut report = CheckReport::default();
    transport::look(&context.settings, &mut report);
    let beside = async {
        let beside = &context.beside;
        tokio::join!(
            services::queue(&*beside.queue),
            services::bucket(&*beside.objects),
            services::secret(beside.secret.as_deref()),
            services::cache(beside.cache.as_ref()),
        )
    };
    let databases = async {
        let (store, source) = tokio::join!(context.store.ping(), context.source.ping());
        let mut state = None;
        if is_reached("store", store, &mut report) {
            state = store::look(context, &mut report).await;
        }
        let mut found = None;
        if is_reached("source", source, &mut report) {
            found = source::look(context, &mut report).await;
        }
        let (server, name) = found.unzip();
        if state.is_some() {
            catalog::look(context, name.as_deref(), &mut report).await;
        }
        capacity::look(&context.settings, state.as_ref().map(|s| &s.server), server.as_ref(), &mut report);
        sessions::look(context, state.as_ref(), server.is_some(), &mut report).await;
    };
    let ((queue, bucket, secret, cache), ()) = tokio::join!(beside, databases);
    for part in [queue, bucket, secret, cache] {
        report.append(part);
    }
    let (ok, text) = (report.is_fine(), report.text());
    CommandOutput { ok, text, data: json!({"checks": report.lines()}) }
}

/// Checks that a database server responds, before any check that waits for a session. Returns true if the checks of
/// that server should continue.
fn is_reached(what: &'static str, reached: Result<(), PingError>, report: &mut CheckReport) -> bool {
    let Err(error) = reached else { return true };
    let remedy = match error {
        PingError::TimedOut(_) => {
            "allow the functions' security group in that of the database (or proxy), and check the routes of their subnets"
        }
        PingError::Failed(..) => {
            "check host, port and sslmode of the URL; with verify-full, that the server's certificate names that host and its authority is trusted (sslrootcert)"
        }
    };
    report.wrong(what, chain(&error), remedy);
    false
}
