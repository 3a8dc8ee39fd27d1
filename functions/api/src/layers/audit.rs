//! Audit log: every request that created, ended or changed an export or obtained a link, and every attempt on a route. One event
//! per request.
//!
//! Links handed out are read from the response, in which the handler that created them put them, whatever the route.
//! Other actions are those of the table of routes: [`note_action`] adds the action of the route to the response.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use export::id::ExportId;
use http::{StatusCode, Uri, header};
use ports::audit::Event;

use crate::caller::Caller;
use crate::signed_links::IssuedLinks;

/// Records the outcome of a request that may change something or hand out links.
pub(crate) async fn audit(request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().cloned();
    let response = next.run(request).await;
    let Some(caller) = caller else { return response };
    if let Some(issued) = response.extensions().get::<IssuedLinks>() {
        record_links(issued, &caller, &response);
    } else if let Some(tried) = response.extensions().get::<Tried>() {
        tried.record(&caller, &response);
    }
    response
}

/// Adds the action of the route to the response. The path of the route is below the base path.
pub(crate) async fn note_action(
    State((action, route)): State<(Action, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    let tried = Tried::of(action, route, request.uri());
    let mut response = next.run(request).await;
    if let Some(tried) = tried {
        response.extensions_mut().insert(tried);
    }
    response
}

fn record_links(issued: &IssuedLinks, caller: &Caller, response: &Response) {
    let export = issued.export.to_string();
    Event {
        event: issued.event,
        outcome: outcome(response),
        tenant: Some(caller.tenant.as_str()),
        by: caller.by(),
        status: Some(response.status().as_u16()),
        export: Some(&export),
        file: issued.file.as_deref(),
        links: Some(issued.links),
        ..Event::default()
    }
    .record();
}

/// Action that is recorded in the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Creates an export, or returns its plan if it is a dry run.
    Create,
    /// Cancels or deletes an export.
    End,
    /// Retries a failed export.
    Retry,
    /// Keeps the files of an export for longer.
    Extend,
    /// Hands out the link to a file.
    File,
    /// Hands out the links to a page of files, if they are requested.
    Files,
    /// Hands out the link to the manifest.
    Manifest,
    /// Saves an export.
    Save,
    /// Changes a saved export.
    ChangeSaved,
    /// Deletes a saved export.
    DeleteSaved,
    /// Pauses the schedule of a saved export.
    PauseSaved,
    /// Resumes it.
    ResumeSaved,
    /// Requests a run of a saved export.
    RunSaved,
}

/// Action of one request.
#[derive(Clone, Debug)]
pub(crate) struct Tried {
    pub(crate) action: Action,
    pub(crate) dry_run: bool,
    export: Option<ExportId>,
    file: Option<String>,
    saved: Option<String>,
}

impl Tried {
    fn of(action: Action, route: &str, uri: &Uri) -> Option<Self> {
        let query = uri.query().unwrap_or_default();
        if action == Action::Files && !query.contains("links=true") {
            return None;
        }
        // The router has removed the base path. The parts are recorded as they were sent, even if they are malformed.
        // The name of a file is the last part, and may have folders.
        let mut parts = route.split('/').zip(uri.path().splitn(route.split('/').count(), '/'));
        let mut part = |name: &str| parts.find(|(part, _)| *part == name).map(|(_, sent)| sent);
        Some(Self {
            action,
            dry_run: action == Action::Create && query.contains("dryRun=true"),
            export: part("{id}").and_then(|id| id.to_ascii_lowercase().parse().ok()),
            file: part("{name}").map(str::to_owned),
            saved: saved(route, uri),
        })
    }

    /// Records an action that handed out no link: it changed something, or was rejected.
    fn record(&self, caller: &Caller, response: &Response) {
        let status = response.status();
        let kept_nothing = match self.action {
            // A dry run, however its query was spelled, and a rejected one.
            Action::Create if self.dry_run => status != StatusCode::ACCEPTED,
            Action::Create => status == StatusCode::OK,
            // A successful request that hands out links was recorded through its response.
            Action::File | Action::Files | Action::Manifest => status.is_success() || status.is_redirection(),
            _ => false,
        };
        if kept_nothing {
            return;
        }
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let made = || location?.rsplit('/').next()?.parse::<ExportId>().ok();
        let export = self.export.or_else(|| made().filter(|_| self.action == Action::Create));
        let export = export.map(|id| id.to_string());
        Event {
            event: self.name(status),
            outcome: outcome(response),
            tenant: Some(caller.tenant.as_str()),
            by: caller.by(),
            status: Some(status.as_u16()),
            export: export.as_deref(),
            file: self.file.as_deref(),
            detail: self.saved.as_deref(),
            ..Event::default()
        }
        .record();
    }

    fn name(&self, status: StatusCode) -> &'static str {
        match self.action {
            Action::Create => "export created",
            // A live export is canceled, an ended one deleted. For a rejected request it is not known which.
            Action::End if status == StatusCode::NO_CONTENT => "export deleted",
            Action::End => "export canceled",
            Action::Retry => "export retried",
            Action::Extend => "export extended",
            Action::File => IssuedLinks::FILE,
            Action::Files => IssuedLinks::FILES,
            Action::Manifest => IssuedLinks::MANIFEST,
            Action::Save => "saved export created",
            Action::ChangeSaved => "saved export changed",
            Action::DeleteSaved => "saved export deleted",
            Action::PauseSaved => "saved export paused",
            Action::ResumeSaved => "saved export resumed",
            Action::RunSaved => "saved export run",
        }
    }
}

/// Returns the name of the saved export in a path, as it was sent.
fn saved(route: &str, uri: &Uri) -> Option<String> {
    let mut parts = route.split('/').zip(uri.path().split('/'));
    parts.find(|(part, _)| *part == "{saved}").map(|(_, sent)| sent.to_owned())
}

fn outcome(response: &Response) -> &'static str {
    match response.status() {
        status if status.is_server_error() => "failed",
        status if status.is_client_error() => "refused",
        _ if response.headers().contains_key("idempotent-replayed") => "replayed",
        _ => "done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn export_and_file_are_recorded_as_sent() {
        let id = "0D9D6F4E-1f7a-4c53-9d5c-6b1f0a7f2a11";
        let of = |path: String| {
            Tried::of(Action::File, "/exports/{id}/files/{name}", &path.parse().unwrap()).unwrap()
        };
        let tried = of(format!("/exports/{id}/files/a%ff.csv"));
        assert_eq!(tried.export.unwrap().to_string(), id.to_lowercase());
        assert_eq!(tried.file.as_deref(), Some("a%ff.csv"));
        assert_eq!(of("/exports/x/files/a.csv".to_owned()).export, None);
        assert_eq!(of(format!("/exports/{id}/files/a/b=1/c.csv")).file.as_deref(), Some("a/b=1/c.csv"));
    }
}
