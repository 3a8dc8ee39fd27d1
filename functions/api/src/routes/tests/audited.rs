//! Requests that are audit events.

use super::*;
use crate::layers::Tried;

/// Action of a request, and true if it asks for a dry run.
async fn tried(method: &Method, path: &str) -> Option<(Action, bool)> {
    let response = send(request(method, path)).await;
    response.extensions().get::<Tried>().map(|tried| (tried.action, tried.dry_run))
}

#[tokio::test]
async fn changes_and_links_are_audit_events() {
    let post = Method::POST;
    let of = |rest: &str| format!("/exports/{ID}{rest}");
    for (method, path, wanted) in [
        (&post, "/exports".to_owned(), Some(Action::Create)),
        (&post, "/Clients".to_owned(), Some(Action::Create)),
        (&post, "/exports?dryRun=true".to_owned(), Some(Action::Create)),
        (&Method::DELETE, of(""), Some(Action::End)),
        (&post, of("/retry"), Some(Action::Retry)),
        (&post, of("/extend"), Some(Action::Extend)),
        (&Method::GET, of("/files/a.csv"), Some(Action::File)),
        (&Method::HEAD, of("/files/a.csv"), Some(Action::File)),
        (&Method::GET, of("/files?links=true"), Some(Action::Files)),
        (&Method::GET, of("/files"), None),
        (&Method::GET, of("/manifest"), Some(Action::Manifest)),
        (&Method::HEAD, of("/manifest"), Some(Action::Manifest)),
        (&post, "/saved".to_owned(), Some(Action::Save)),
        (&Method::PUT, "/saved/daily".to_owned(), Some(Action::ChangeSaved)),
        (&Method::DELETE, "/saved/daily".to_owned(), Some(Action::DeleteSaved)),
        (&post, "/saved/daily/pause".to_owned(), Some(Action::PauseSaved)),
        (&post, "/saved/daily/resume".to_owned(), Some(Action::ResumeSaved)),
        (&post, "/saved/daily/run".to_owned(), Some(Action::RunSaved)),
        (&Method::GET, "/saved/daily/runs".to_owned(), None),
        (&Method::GET, of(""), None),
        (&Method::GET, "/datasets".to_owned(), None),
    ] {
        let wanted = wanted.map(|action| (action, path.contains("dryRun")));
        assert_eq!(tried(method, &path).await, wanted, "{method} {path}");
    }
}

#[tokio::test]
async fn malformed_ids_are_audit_events_too() {
    for id in ["x", "%00", "%ff"] {
        let wanted = Some((Action::End, false));
        assert_eq!(tried(&Method::DELETE, &format!("/exports/{id}")).await, wanted, "{id}");
    }
}

#[tokio::test]
async fn requests_without_a_route_are_no_audit_events() {
    for (method, path) in [(Method::POST, "/datasets"), (Method::PUT, "/exports"), (Method::GET, "/Clients")]
    {
        assert_eq!(tried(&method, path).await, None, "{method} {path}");
    }
}
