//! All routes, and the layers around them.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state, map_request};
use axum::routing::{get, post};
use export::wire::BASE_PATH;

use crate::context::Context;
use crate::{datasets, exports, health, layers};

/// Every route, by method and path below the base path. Tests iterate over it.
pub const ROUTES: [(&str, &str); 15] = [
    ("GET", "/health"),
    ("GET", "/datasets"),
    ("GET", "/datasets/{name}"),
    ("GET", "/exports"),
    ("POST", "/exports"),
    ("GET", "/exports/{id}"),
    ("DELETE", "/exports/{id}"),
    ("POST", "/exports/{id}/retry"),
    ("POST", "/exports/{id}/extend"),
    ("GET", "/exports/{id}/files"),
    ("GET", "/exports/{id}/files?links=true"),
    ("GET", "/exports/{id}/files/{name}"),
    ("GET", "/exports/{id}/chunks"),
    ("GET", "/exports/{id}/manifest"),
    ("POST", "/{dataset}"),
];

/// Builds the whole api as one service.
pub fn service(context: Context) -> Router {
    let routes = Router::new().nest(BASE_PATH, routes()).with_state(context.clone());
    // A request passes the layers in reverse order. The stage is removed before routing, so the routes are the
    // fallback of a router that has none.
    Router::new()
        .fallback_service(routes)
        .layer(from_fn(layers::audit))
        .layer(from_fn_with_state(context.clone(), layers::rate))
        .layer(from_fn_with_state(context.clone(), layers::authenticate))
        .layer(map_request(layers::stage))
        .layer(from_fn(layers::panics))
        .layer(from_fn(layers::problems))
        .layer(from_fn(layers::location))
        .layer(from_fn(layers::caching))
        .layer(from_fn(layers::gzip))
        .layer(from_fn(layers::security))
        .layer(from_fn_with_state(context, layers::log))
}

fn routes() -> Router<Context> {
    Router::new()
        .route("/health", get(health::health))
        .route("/datasets", get(datasets::list))
        .route("/datasets/{name}", get(datasets::show))
        .route("/exports", get(exports::list).post(exports::create))
        .route("/exports/{id}", get(exports::show).delete(exports::delete))
        .route("/exports/{id}/retry", post(exports::retry))
        .route("/exports/{id}/extend", post(exports::extend))
        .route("/exports/{id}/files", get(exports::files))
        .route("/exports/{id}/files/{name}", get(exports::file))
        .route("/exports/{id}/chunks", get(exports::chunks))
        .route("/exports/{id}/manifest", get(exports::manifest))
        .route("/{dataset}", post(exports::create_short).fallback(datasets::no_method))
}

#[cfg(test)]
mod tests;
