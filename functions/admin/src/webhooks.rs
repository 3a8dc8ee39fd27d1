//! Webhooks of tenants: added, listed, tested, their secrets rotated, their events listed and sent again.

mod show;
mod test;

use export::duration;
use export::id::TenantId;
use export::problem::describe;
use export::webhook::{OVERLAP_HOURS, check_url, is_name, read_types};
use ports::config::permits_loopback;
use ports::signature;
use serde_json::json;
use store::{BUS_NAME, NewWebhook, Receiver};
use uuid::Uuid;

use crate::context::Context;
use crate::failure::Failure;
use crate::keys::rotate::overlap_secs;
use crate::output::CommandOutput;

pub(crate) use show::{events, list};
pub(crate) use test::run as test;

/// Word for all tenants.
const EVERY_TENANT: &str = "*";

/// Maximum time for which the secret of before also signs, in days.
const MAX_OVERLAP_DAYS: u64 = 30;

/// `webhooks add`: adds a webhook and shows its secret, this once.
pub(crate) async fn add(
    context: &Context,
    tenant: &str,
    name: &str,
    url: &str,
    types: &[String],
) -> Result<CommandOutput, Failure> {
    if name == BUS_NAME {
        return Ok(CommandOutput::refused(
            "name: event-bus is reserved for the bus of EventBusArn; use another name",
        ));
    }
    if !is_name(name) {
        let text = "name: use 1 to 64 lower-case letters, digits, hyphens and underscores";
        return Ok(CommandOutput::refused(text));
    }
    if let Err(violation) = check_url(url)
        && !(permits_loopback() && is_here(url))
    {
        return Ok(CommandOutput::refused(describe(&[violation])));
    }
    let types = match read_types(types) {
        Ok(types) => types,
        Err(violations) => return Ok(CommandOutput::refused(describe(&violations))),
    };
    let secret = signature::new_secret();
    let of = of_tenant(tenant)?;
    let new = NewWebhook { tenant: of, name: name.to_owned(), url: url.to_owned(), types, secret };
    if !context.store.add_webhook(&new).await? {
        let text = format!(
            "{tenant} has a webhook {name} already; use another name, or remove it first: sluice admin webhooks remove {tenant} {name}"
        );
        return Ok(CommandOutput::refused(text));
    }
    let secret = &new.secret;
    let text = format!(
        "{secret}\nSecret of webhook {name} of tenant {tenant}. Store it now: it is not shown again.\ntry it with: sluice admin webhooks test {tenant} {name}"
    );
    Ok(CommandOutput::done(text, json!({"tenant": tenant, "name": name, "url": url, "secret": secret})))
}

/// `webhooks rotate`: makes a new secret. The one of before also signs for a while, so that the receiver can change it.
pub(crate) async fn rotate(
    context: &Context,
    tenant: &str,
    name: &str,
    overlap: Option<&str>,
) -> Result<CommandOutput, Failure> {
    let overlap_hours = match overlap {
        None => OVERLAP_HOURS,
        Some(text) => overlap_hours(text).map_err(Failure::Refused)?,
    };
    let receiver = match find(context, tenant, name).await? {
        Ok(receiver) if receiver.kind == "webhook" => receiver,
        Ok(_) => return Ok(CommandOutput::refused("a bus has no secret")),
        Err(refused) => return Ok(refused),
    };
    let secret = signature::new_secret();
    context.store.rotate_webhook(receiver.id, &secret, overlap_hours).await?;
    let text = format!(
        "{secret}\nNew secret of webhook {name} of tenant {tenant}. Store it now: it is not shown again.\nevents are also signed with the secret of before, for {}",
        duration::text(u64::from(overlap_hours) * 3_600)
    );
    Ok(CommandOutput::done(
        text,
        json!({"tenant": tenant, "name": name, "secret": secret, "overlapHours": overlap_hours}),
    ))
}

/// Change of a receiver that needs nothing but its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing is sent to it, and events are kept for it.
    Disable,
    /// Events that were kept for it are sent.
    Enable,
    /// It is removed, with what was kept for it.
    Remove,
}

/// `webhooks enable`, `disable` and `remove`.
pub(crate) async fn change(
    context: &Context,
    tenant: &str,
    name: &str,
    change: Change,
) -> Result<CommandOutput, Failure> {
    let receiver = match find(context, tenant, name).await? {
        Ok(receiver) => receiver,
        Err(refused) => return Ok(refused),
    };
    let text = match change {
        Change::Disable => {
            context.store.disable_receiver(receiver.id).await?;
            format!("nothing is sent to {name} from now on; its events are kept for 30 days")
        }
        Change::Enable => {
            context.store.enable_receiver(receiver.id).await?;
            if receiver.disabled_micros.is_none() {
                let text = format!(
                    "{name} is not disabled; to send what it has not accepted now: sluice admin webhooks resend {tenant} {name}"
                );
                return Ok(CommandOutput::refused(text));
            }
            test::wake(context).await;
            format!("{name} is enabled; events that waited for it are sent now")
        }
        Change::Remove => {
            context.store.remove_receiver(receiver.id).await?;
            format!("{name} is removed")
        }
    };
    Ok(CommandOutput::done(text, json!({"tenant": tenant, "name": name})))
}

/// `webhooks resend`: sends one event again, or now all that the receiver has not accepted.
pub(crate) async fn resend(
    context: &Context,
    tenant: &str,
    name: &str,
    event: Option<&str>,
) -> Result<CommandOutput, Failure> {
    let receiver = match find(context, tenant, name).await? {
        Ok(receiver) => receiver,
        Err(refused) => return Ok(refused),
    };
    let event = event.map(str::parse::<Uuid>).transpose().map_err(|_| {
        Failure::Refused(format!(
            "event: not the id of an event; `sluice admin webhooks events {tenant} {name}` lists them"
        ))
    })?;
    let number = context.store.resend_events(receiver.id, event).await?;
    test::wake(context).await;
    if number == 0 && event.is_some() {
        return Ok(CommandOutput::refused("this receiver has no such event, or it is being sent"));
    }
    let text = export::count::count(number, "event");
    Ok(CommandOutput::done(format!("{text} sent again"), json!({"events": number})))
}

/// Returns the receiver of a tenant, or the refusal that names what there is.
async fn find(
    context: &Context,
    tenant: &str,
    name: &str,
) -> Result<Result<Receiver, CommandOutput>, Failure> {
    let of = of_tenant(tenant)?;
    let all = context.store.receivers().await?;
    let is_of = |one: &Receiver| one.tenant.as_deref() == of.as_ref().map(TenantId::as_str);
    let names: Vec<_> = all.iter().filter(|one| is_of(one)).map(|one| one.name.as_str()).collect();
    let known = if names.is_empty() { "it has none".to_owned() } else { names.join(", ") };
    let refused = CommandOutput::refused(format!("{tenant} has no webhook {name}; {known}"));
    Ok(all.into_iter().find(|one| is_of(one) && one.name == name).ok_or(refused))
}

/// Reads a tenant; `None` stands for all.
fn of_tenant(tenant: &str) -> Result<Option<TenantId>, Failure> {
    if tenant == EVERY_TENANT {
        return Ok(None);
    }
    tenant.parse().map(Some).map_err(|error| Failure::Refused(format!("tenant: {error}")))
}

/// Returns true if a URL leads to this machine, which only the local stack permits.
fn is_here(url: &str) -> bool {
    ["http://127.0.0.1:", "http://localhost:"].iter().any(|start| url.starts_with(start))
}

fn overlap_hours(text: &str) -> Result<u32, String> {
    let secs = overlap_secs(text, MAX_OVERLAP_DAYS)?;
    u32::try_from(secs.div_ceil(3_600)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_a_duration() {
        assert_eq!((overlap_hours("7d"), overlap_hours("0h")), (Ok(168), Ok(0)));
        assert!(overlap_hours("31d").is_err() && overlap_hours("soon").is_err());
    }

    #[test]
    fn star_stands_for_all_tenants() {
        assert!(matches!(of_tenant("*"), Ok(None)));
        assert!(of_tenant("Not A Tenant").is_err());
    }
}
