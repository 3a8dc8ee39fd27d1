//! `GET /health`: the process is running. It needs no key and accesses no other system.

use axum::response::Response;
use export::wire::Health;
use http::StatusCode;

use crate::answer;
use crate::refusal::Refusal;

pub(crate) async fn health() -> Result<Response, Refusal> {
    let health = Health { status: "ok".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    answer::json(StatusCode::OK, &health)
}
