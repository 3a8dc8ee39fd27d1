//! Audit log: every request that created, ended or changed an export or obtained a link, and every attempt. One event
//! per request.
//!
//! Links handed out are read from the response, in which the handler that created them put them. The request is read
//! only for changes and for rejected requests.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use export::id::ExportId;
use export::wire::BASE_PATH;
use http::{Method, StatusCode, header};
use ports::audit::Event;

use super::Caller;
use crate::handed::Handed;

/// Records the outcome of a request that may change something or hand out links.
pub(crate) async fn audit(request: Request, next: Next) -> Response {
    let tried = Deed::of(&request);
    let caller = request.extensions().get::<Caller>().cloned();
    let response = next.run(request).await;
    let Some(caller) = caller else { return response };
    if let Some(handed) = response.extensions().get::<Handed>() {
        record_links(handed, &caller, &response);
    } else if let Some(deed) = tried {
        deed.record(&caller, &response);
    }
    response
}

fn record_links(handed: &Handed, caller: &Caller, response: &Response) {
    let export = handed.export.to_string();
    Event {
        event: handed.event,
        outcome: outcome(response),
        tenant: Some(caller.0.as_str()),
        by: caller.by(),
        status: Some(response.status().as_u16()),
        export: Some(&export),
        file: handed.file.as_deref(),
        links: Some(handed.links),
        ..Event::default()
    }
    .record();
}

/// Audited action of a request.
struct Deed {
    kind: Kind,
    export: Option<ExportId>,
    file: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Create,
    DryRun,
    End,
    Retry,
    Extend,
    File,
    Files,
    Manifest,
}

impl Deed {
    fn of(request: &Request) -> Option<Self> {
        let path = request.uri().path().strip_prefix(BASE_PATH)?.trim_start_matches('/');
        let parts: Vec<_> = path.split('/').collect();
        let query = request.uri().query().unwrap_or_default();
        // HEAD is handled as GET, with the same headers.
        let method = if *request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let kind = match (method, &parts[..]) {
            (&Method::POST, [_]) if query.contains("dryRun=true") => Kind::DryRun,
            (&Method::POST, [_]) => Kind::Create,
            (&Method::DELETE, ["exports", _]) => Kind::End,
            (&Method::POST, ["exports", _, "retry"]) => Kind::Retry,
            (&Method::POST, ["exports", _, "extend"]) => Kind::Extend,
            (&Method::GET, ["exports", _, "files", _]) => Kind::File,
            (&Method::GET, ["exports", _, "files"]) if query.contains("links=true") => Kind::Files,
            (&Method::GET, ["exports", _, "manifest"]) => Kind::Manifest,
            _ => return None,
        };
        let export = parts.get(1).and_then(|id| id.to_ascii_lowercase().parse().ok());
        let file = (kind == Kind::File).then(|| parts.get(3).copied().unwrap_or_default().to_owned());
        Some(Self { kind, export, file })
    }

    /// Records an action that handed out no link: it changed something, or was rejected.
    fn record(&self, caller: &Caller, response: &Response) {
        let status = response.status();
        let kept_nothing = match self.kind {
            // A dry run, however its query was spelled, and a rejected one.
            Kind::Create => status == StatusCode::OK,
            Kind::DryRun => status != StatusCode::ACCEPTED,
            // A successful request that hands out links was recorded through its response.
            Kind::File | Kind::Files | Kind::Manifest => status.is_success() || status.is_redirection(),
            _ => false,
        };
        if kept_nothing {
            return;
        }
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let made = || location?.rsplit('/').next()?.parse::<ExportId>().ok();
        let export =
            self.export.or_else(|| made().filter(|_| matches!(self.kind, Kind::Create | Kind::DryRun)));
        let export = export.map(|id| id.to_string());
        Event {
            event: self.name(status),
            outcome: outcome(response),
            tenant: Some(caller.0.as_str()),
            by: caller.by(),
            status: Some(status.as_u16()),
            export: export.as_deref(),
            file: self.file.as_deref(),
            ..Event::default()
        }
        .record();
    }

    fn name(&self, status: StatusCode) -> &'static str {
        match self.kind {
            Kind::Create | Kind::DryRun => "export created",
            // A live export is canceled, an ended one deleted. For a rejected request it is not known which.
            Kind::End if status == StatusCode::NO_CONTENT => "export deleted",
            Kind::End => "export canceled",
            Kind::Retry => "export retried",
            Kind::Extend => "export extended",
            Kind::File => Handed::FILE,
            Kind::Files => Handed::FILES,
            Kind::Manifest => Handed::MANIFEST,
        }
    }
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
    use axum::body::Body;

    use super::*;

    fn kind(method: Method, path: &str) -> Option<Kind> {
        let request = Request::builder().method(method).uri(format!("{BASE_PATH}{path}"));
        Deed::of(&request.body(Body::empty()).unwrap()).map(|deed| deed.kind)
    }

    #[test]
    fn changes_and_links_are_audit_events() {
        let id = "0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11";
        for (method, path, wanted) in [
            (Method::POST, "/exports".to_owned(), Some(Kind::Create)),
            (Method::POST, "/Clients".to_owned(), Some(Kind::Create)),
            (Method::POST, "/exports?dryRun=true".to_owned(), Some(Kind::DryRun)),
            (Method::DELETE, format!("/exports/{id}"), Some(Kind::End)),
            (Method::POST, format!("/exports/{id}/retry"), Some(Kind::Retry)),
            (Method::POST, format!("/exports/{id}/extend"), Some(Kind::Extend)),
            (Method::GET, format!("/exports/{id}/files/a.csv"), Some(Kind::File)),
            (Method::HEAD, format!("/exports/{id}/files/a.csv"), Some(Kind::File)),
            (Method::GET, format!("/exports/{id}/files?links=true"), Some(Kind::Files)),
            (Method::GET, format!("/exports/{id}/files"), None),
            (Method::HEAD, format!("/exports/{id}/manifest"), Some(Kind::Manifest)),
            (Method::GET, format!("/exports/{id}"), None),
            (Method::GET, "/datasets".to_owned(), None),
        ] {
            assert_eq!(kind(method, &path), wanted, "{path}");
        }
    }
}
