//! Audit: who made, ended or changed an export, and who was given a link. One event per request that did or tried to.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use export::id::ExportId;
use export::wire::BASE_PATH;
use http::{Method, StatusCode, header};
use ports::audit::Event;

use super::Caller;

/// How many links a page of files was given; the handler says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links(pub(crate) u64);

/// Records what a request that may change or hand out something came to.
pub(crate) async fn audit(request: Request, next: Next) -> Response {
    let Some(deed) = Deed::of(&request) else { return next.run(request).await };
    let caller = request.extensions().get::<Caller>().cloned();
    let response = next.run(request).await;
    if let Some(caller) = caller {
        deed.record(&caller, &response);
    }
    response
}

/// What a request is about to do.
struct Deed {
    kind: Kind,
    export: Option<ExportId>,
    file: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Create,
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
        let method = request.method();
        let kind = match (method, &parts[..]) {
            (&Method::POST, [_]) if query.contains("dryRun=true") => return None,
            (&Method::POST, [_]) => Kind::Create,
            (&Method::DELETE, ["exports", _]) => Kind::End,
            (&Method::POST, ["exports", _, "retry"]) => Kind::Retry,
            (&Method::POST, ["exports", _, "extend"]) => Kind::Extend,
            (&Method::GET, ["exports", _, "files", _]) => Kind::File,
            (&Method::GET, ["exports", _, "files"]) => Kind::Files,
            (&Method::GET, ["exports", _, "manifest"]) => Kind::Manifest,
            _ => return None,
        };
        let export = parts.get(1).and_then(|id| id.parse().ok());
        let file = (kind == Kind::File).then(|| parts.get(3).copied().unwrap_or_default().to_owned());
        Some(Self { kind, export, file })
    }

    fn record(&self, caller: &Caller, response: &Response) {
        let status = response.status();
        // A dry run and a page without links, however their queries were written.
        if (self.kind == Kind::Create && status == StatusCode::OK)
            || (self.kind == Kind::Files && response.extensions().get::<Links>().is_none())
        {
            return;
        }
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let made = || location?.rsplit('/').next()?.parse::<ExportId>().ok();
        let export = self.export.or_else(|| made().filter(|_| self.kind == Kind::Create));
        let export = export.map(|id| id.to_string());
        let links = match self.kind {
            Kind::File | Kind::Manifest => (status == StatusCode::TEMPORARY_REDIRECT).then_some(1),
            _ => response.extensions().get::<Links>().map(|links| links.0),
        };
        Event {
            event: self.name(status),
            outcome: outcome(response),
            tenant: Some(caller.0.as_str()),
            by: caller.by(),
            status: Some(status.as_u16()),
            export: export.as_deref(),
            file: self.file.as_deref(),
            links,
            ..Event::default()
        }
        .record();
    }

    fn name(&self, status: StatusCode) -> &'static str {
        match self.kind {
            Kind::Create => "export created",
            // A live one is canceled, an ended one deleted; of a refused one it is not known which.
            Kind::End if status == StatusCode::NO_CONTENT => "export deleted",
            Kind::End => "export canceled",
            Kind::Retry => "export retried",
            Kind::Extend => "export extended",
            Kind::File => "file link handed out",
            Kind::Files => "file links handed out",
            Kind::Manifest => "manifest link handed out",
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
    fn whatever_changes_or_hands_out_something_is_an_event() {
        let id = "0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11";
        for (method, path, wanted) in [
            (Method::POST, "/exports".to_owned(), Some(Kind::Create)),
            (Method::POST, "/Clients".to_owned(), Some(Kind::Create)),
            (Method::POST, "/exports?dryRun=true".to_owned(), None),
            (Method::DELETE, format!("/exports/{id}"), Some(Kind::End)),
            (Method::POST, format!("/exports/{id}/retry"), Some(Kind::Retry)),
            (Method::POST, format!("/exports/{id}/extend"), Some(Kind::Extend)),
            (Method::GET, format!("/exports/{id}/files/a.csv"), Some(Kind::File)),
            (Method::GET, format!("/exports/{id}/files?links=true"), Some(Kind::Files)),
            (Method::GET, format!("/exports/{id}/files"), Some(Kind::Files)),
            (Method::GET, format!("/exports/{id}/manifest"), Some(Kind::Manifest)),
            (Method::GET, format!("/exports/{id}"), None),
            (Method::GET, "/datasets".to_owned(), None),
        ] {
            assert_eq!(kind(method, &path), wanted, "{path}");
        }
    }
}
