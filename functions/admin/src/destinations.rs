//! Destinations: applied from the operator's file, listed, probed, and the policies that they need.

mod policy;

use export::count::count;
use export::destination::{Destination, Destinations};
use export::problem::{Violation, describe};
use serde_json::json;
use store::notices::wake_message;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::CommandOutput;
use crate::poll::{self, RESULT_TIMEOUT};

pub(crate) use policy::run as policy;

/// Parses the operator's file. The error is written for the operator.
pub(crate) fn parse(text: &str) -> Result<Destinations, CommandOutput> {
    Destination::parse_all(text).map_err(|violations: Vec<Violation>| {
        let text =
            format!("{}\nnothing was applied; the previous destinations remain", describe(&violations));
        CommandOutput { ok: false, text, data: json!({ "violations": violations }) }
    })
}

/// `destinations apply`: replaces all destinations.
pub(crate) async fn apply(context: &Context, text: &str) -> Result<CommandOutput, Failure> {
    let destinations = match parse(text) {
        Ok(destinations) => destinations,
        Err(refused) => return Ok(refused),
    };
    context.store.put_destinations(&destinations).await?;
    Ok(CommandOutput::done(applied(&destinations), json!({ "destinations": destinations })))
}

/// Formats the outcome of `destinations apply`.
pub(crate) fn applied(destinations: &Destinations) -> String {
    let names: Vec<_> = destinations.keys().map(String::as_str).collect();
    let number = count(names.len() as u64, "destination");
    match names.first() {
        None => "no destination is defined".to_owned(),
        Some(first) => format!(
            "{number} defined: {}; try one with: sluice admin destinations test {first}",
            names.join(", ")
        ),
    }
}

/// `destinations list`: shows all destinations.
pub(crate) async fn list(context: &Context) -> Result<CommandOutput, Failure> {
    let all = context.store.destinations().await?;
    let line = |(name, one): (&String, &Destination)| {
        let by = one.role_arn.as_ref().map(|role| format!(", by {role}")).unwrap_or_default();
        format!(
            "{name}: {}{by}, layout {}, for {}",
            one.address(&one.prefix),
            one.layout.as_str(),
            one.tenants.join(", ")
        )
    };
    let lines: Vec<_> = all.iter().map(line).collect();
    let text = if lines.is_empty() { "no destination is defined".to_owned() } else { lines.join("\n") };
    Ok(CommandOutput::done(text, json!({ "destinations": all })))
}

/// `destinations test`: lets the function that delivers write and delete an object there.
pub(crate) async fn test(context: &Context, name: &str) -> Result<CommandOutput, Failure> {
    let Some(queue) = &context.beside.deliveries else {
        return Ok(CommandOutput::refused("this deployment has no queue of deliveries"));
    };
    let all = context.store.destinations().await?;
    let Some(destination) = all.get(name) else { return Ok(unknown(name, &all)) };
    context.store.request_probe(name).await?;
    // Every message lets probes be made.
    if let Err(error) = queue.send_later(wake_message(), 0).await {
        let why = ports::telemetry::chain(&error);
        return Ok(CommandOutput::refused(format!("the queue of deliveries cannot be used: {why}")));
    }
    let place = destination.address(&destination.prefix);
    Ok(match poll::result(async || Ok(context.store.probe_result(name).await?)).await? {
        Some(None) => {
            let text = format!("{name}: an object was written to {place} and deleted again");
            CommandOutput::done(text, json!({ "destination": name }))
        }
        Some(Some(failure)) => {
            let text = format!("{name}: {}\n  → {}", failure.message, failure.code.remedy());
            let data = json!({ "destination": name, "failure": failure });
            CommandOutput { ok: false, text, data }
        }
        None => CommandOutput::refused(format!(
            "{name}: the function that delivers has not answered for {} s; check its log and the trigger of its queue",
            RESULT_TIMEOUT.as_secs()
        )),
    })
}

/// Refuses a destination that does not exist.
fn unknown(name: &str, all: &Destinations) -> CommandOutput {
    let names: Vec<_> = all.keys().map(String::as_str).collect();
    let known = if names.is_empty() { "none is defined".to_owned() } else { names.join(", ") };
    CommandOutput::refused(format!("there is no destination {name}; {known}"))
}
