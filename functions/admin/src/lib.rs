//! The `admin` Lambda: migrations, catalog, invalidation, keys, webhooks, tenants, checks, pause; invoked directly, never public.
//!
//! Each event is one command. Every outcome is reported as text in the result: a command fails with `ok: false`,
//! never with an error of the function.

mod audit;
mod bootstrap;
mod catalog;
mod check;
mod command;
mod context;
mod credentials;
mod destinations;
mod failure;
mod invalidate;
mod keys;
mod migrate;
mod output;
mod poll;
mod switches;
mod tenants;
mod usage;
mod webhooks;

use introspect::SuggestOptions;
use lambda_runtime::LambdaEvent;
use ports::telemetry::invocation;
use serde_json::Value;
use tracing::Instrument;

pub use bootstrap::Bootstrap;
pub use context::{Beside, Context, Settings};
pub use output::CommandOutput;

use command::Command;
use failure::Failure;

/// Runs the command of one event.
///
/// # Errors
/// Never; the type is required by the runtime.
pub async fn handle(
    context: &Context,
    event: LambdaEvent<Value>,
) -> Result<CommandOutput, lambda_runtime::Error> {
    let request = event.context.request_id;
    let span = invocation(&request, event.context.xray_trace_id.as_deref());
    let answer = answer(context, event.payload, Some(&request)).instrument(span).await;
    context.store.release().await;
    Ok(answer)
}

/// Runs one command.
pub async fn run(context: &Context, event: Value) -> CommandOutput {
    answer(context, event, None).await
}

async fn answer(context: &Context, event: Value, request: Option<&str>) -> CommandOutput {
    let command = match Command::read(event) {
        Ok(command) => command,
        Err(text) => return CommandOutput::refused(text),
    };
    let name = command.name();
    let action = audit::AuditedAction::of(&command);
    tracing::info!(command = name, "the command begins");
    match perform(context, command).await {
        Ok(answer) => {
            tracing::info!(command = name, ok = answer.ok, "the command ended");
            audit::record(action.as_ref(), Ok(&answer), request);
            context.settings.hide(answer).await
        }
        Err(failure) => {
            let answer = context.settings.hide(CommandOutput::refused(failure.text())).await;
            audit::record(action.as_ref(), Err(&failure), request);
            if matches!(failure, Failure::Refused(_)) {
                tracing::warn!(command = name, cause = answer.text, "the command was refused");
            } else {
                tracing::error!(command = name, cause = answer.text, "the command failed");
            }
            answer
        }
    }
}

async fn perform(context: &Context, command: Command) -> Result<CommandOutput, Failure> {
    match command {
        Command::Migrate { source_only: true, .. } => migrate::print_source_role(&context.settings).await,
        Command::Migrate { print, .. } => migrate::run(&context.settings, print).await,
        Command::Check {} => Ok(check::run(context).await),
        Command::CatalogCheck { catalog } => catalog::check::run(context, &catalog).await,
        Command::CatalogApply { catalog, allow_removal, destinations } => {
            catalog::apply::run(context, &catalog, allow_removal, destinations.as_deref()).await
        }
        Command::DestinationsApply { destinations } => destinations::apply(context, &destinations).await,
        Command::DestinationsList {} => destinations::list(context).await,
        Command::DestinationsPolicy { name } => destinations::policy(context, &name).await,
        Command::DestinationsTest { name } => destinations::test(context, &name).await,
        Command::CatalogShow { revision } => catalog::show::run(context, revision.as_deref()).await,
        Command::CatalogSuggest { schemas, tenant_column, shared, time_zone } => {
            let options = SuggestOptions { schemas, tenant_column, shared, time_zone };
            catalog::suggest::run(context, &options).await
        }
        Command::Invalidate { dataset, from, to, tenant } => {
            invalidate::run(context, &dataset, from.as_deref(), to.as_deref(), tenant.as_deref()).await
        }
        Command::KeysCreate { tenant, label, datasets, read_only, expires } => {
            let (tenant, label, datasets) = (&*tenant, &*label, datasets.as_deref());
            let wanted =
                keys::create::KeyTerms { tenant, label, datasets, read_only, expires: expires.as_deref() };
            keys::create::run(context, &wanted).await
        }
        Command::KeysList {} => keys::list::run(context).await,
        Command::KeysRotate { id, overlap, expires } => {
            keys::rotate::run(context, &id, overlap.as_deref(), expires.as_deref()).await
        }
        Command::WebhooksAdd { tenant, name, url, events } => {
            webhooks::add(context, &tenant, &name, &url, &events).await
        }
        Command::WebhooksList {} => webhooks::list(context).await,
        Command::WebhooksTest { tenant, name } => webhooks::test(context, &tenant, &name).await,
        Command::WebhooksRotate { tenant, name, overlap } => {
            webhooks::rotate(context, &tenant, &name, overlap.as_deref()).await
        }
        Command::WebhooksEvents { tenant, name } => webhooks::events(context, &tenant, &name).await,
        Command::WebhooksResend { tenant, name, event } => {
            webhooks::resend(context, &tenant, &name, event.as_deref()).await
        }
        Command::WebhooksEnable { tenant, name } => {
            webhooks::change(context, &tenant, &name, webhooks::Change::Enable).await
        }
        Command::WebhooksDisable { tenant, name } => {
            webhooks::change(context, &tenant, &name, webhooks::Change::Disable).await
        }
        Command::WebhooksRemove { tenant, name } => {
            webhooks::change(context, &tenant, &name, webhooks::Change::Remove).await
        }
        Command::Usage { from, to, tenant } => {
            usage::run(context, from.as_deref(), to.as_deref(), tenant.as_deref()).await
        }
        Command::TenantsForget { tenant } => tenants::forget(context, &tenant).await,
        Command::KeysRevoke { id } => keys::revoke(context, &id).await,
        Command::ChecksOn {} => switches::turn_checks(context, true).await,
        Command::ChecksOff {} => switches::turn_checks(context, false).await,
        Command::Pause {} => switches::pause(context).await,
        Command::Resume {} => switches::resume(context).await,
    }
}
