//! All routes, and the layers around them.

use std::collections::BTreeSet;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state, map_request};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use export::wire::{BASE_PATH, Health};
use http::{StatusCode, header};

use crate::context::Context;
use crate::error::ApiError;
use crate::layers::{self, Action};
use crate::{datasets, destinations, documents, exports, limits, page, response, saved};

/// Route of the api.
struct Route {
    method: &'static str,
    filter: MethodFilter,
    /// Path below the base path.
    path: &'static str,
    handler: fn(MethodFilter) -> MethodRouter<Context>,
    /// Action in the audit log; `None` if the route neither changes anything nor hands out links.
    action: Option<Action>,
}

impl Route {
    const fn get(path: &'static str, handler: fn(MethodFilter) -> MethodRouter<Context>) -> Self {
        Self { method: "GET", filter: MethodFilter::GET, path, handler, action: None }
    }

    const fn post(path: &'static str, handler: fn(MethodFilter) -> MethodRouter<Context>) -> Self {
        Self { method: "POST", filter: MethodFilter::POST, path, handler, action: None }
    }

    const fn put(path: &'static str, handler: fn(MethodFilter) -> MethodRouter<Context>) -> Self {
        Self { method: "PUT", filter: MethodFilter::PUT, path, handler, action: None }
    }

    const fn delete(path: &'static str, handler: fn(MethodFilter) -> MethodRouter<Context>) -> Self {
        Self { method: "DELETE", filter: MethodFilter::DELETE, path, handler, action: None }
    }

    const fn audited(self, action: Action) -> Self {
        Self { action: Some(action), ..self }
    }
}

/// Every route. It is listed nowhere else.
const TABLE: [Route; 25] = [
    Route::get("/health", |m| on(m, health)),
    Route::get("/datasets", |m| on(m, datasets::list)),
    Route::get("/datasets/{name}", |m| on(m, datasets::show)),
    Route::get("/destinations", |m| on(m, destinations::list)),
    Route::get("/limits", |m| on(m, limits::limits)),
    Route::get("/exports", |m| on(m, exports::list)),
    Route::post("/exports", |m| on(m, exports::create)).audited(Action::Create),
    Route::get("/exports/{id}", |m| on(m, exports::show)),
    Route::delete("/exports/{id}", |m| on(m, exports::delete)).audited(Action::End),
    Route::post("/exports/{id}/retry", |m| on(m, exports::retry)).audited(Action::Retry),
    Route::post("/exports/{id}/extend", |m| on(m, exports::extend)).audited(Action::Extend),
    Route::get("/exports/{id}/files", |m| on(m, exports::files)).audited(Action::Files),
    Route::get("/exports/{id}/files/{name}", |m| on(m, exports::file)).audited(Action::File),
    Route::get("/exports/{id}/chunks", |m| on(m, exports::chunks)),
    Route::get("/exports/{id}/manifest", |m| on(m, exports::manifest)).audited(Action::Manifest),
    Route::get("/saved", |m| on(m, saved::list)),
    Route::post("/saved", |m| on(m, saved::create)).audited(Action::Save),
    Route::get("/saved/{saved}", |m| on(m, saved::show)),
    Route::put("/saved/{saved}", |m| on(m, saved::replace)).audited(Action::ChangeSaved),
    Route::delete("/saved/{saved}", |m| on(m, saved::delete)).audited(Action::DeleteSaved),
    Route::post("/saved/{saved}/pause", |m| on(m, saved::pause)).audited(Action::PauseSaved),
    Route::post("/saved/{saved}/resume", |m| on(m, saved::resume)).audited(Action::ResumeSaved),
    Route::post("/saved/{saved}/run", |m| on(m, saved::run)).audited(Action::RunSaved),
    Route::get("/saved/{saved}/runs", |m| on(m, saved::runs)),
    Route::post("/{dataset}", |m| on(m, exports::create_short).fallback(datasets::no_method))
        .audited(Action::Create),
];

/// Every route, by method and path below the base path, and the one query that hands out links. Tests iterate over it.
pub const ROUTES: [(&str, &str); TABLE.len() + 1] = {
    let mut routes = [("GET", "/exports/{id}/files?links=true"); TABLE.len() + 1];
    let mut i = 0;
    while i < TABLE.len() {
        routes[i] = (TABLE[i].method, TABLE[i].path);
        i += 1;
    }
    routes
};

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
        .layer(from_fn(documents::documents))
        .layer(from_fn_with_state(context.clone(), page::page))
        .layer(from_fn_with_state(context.clone(), layers::preflight))
        .layer(map_request(layers::stage))
        .layer(from_fn_with_state(context.clone(), layers::origin))
        .layer(from_fn(layers::panics))
        // The layers outside of this one do not wait, and give its response the form of every other.
        .layer(from_fn_with_state(layers::TIME_LIMIT, layers::time_limit))
        .layer(from_fn(layers::problems))
        .layer(from_fn(layers::location))
        .layer(from_fn(layers::caching))
        .layer(from_fn(layers::gzip))
        .layer(from_fn(layers::security))
        .layer(from_fn_with_state(context.clone(), layers::cors))
        .layer(from_fn_with_state(context, layers::log))
        .layer(from_fn(layers::request_id))
        .layer(from_fn(layers::combined))
}

fn routes() -> Router<Context> {
    let router = TABLE.into_iter().fold(Router::new(), |router, route| {
        let handler = (route.handler)(route.filter).route_layer(from_fn(layers::route_time_limit));
        let handler = match route.action {
            Some(action) => {
                handler.route_layer(from_fn_with_state((action, route.path), layers::note_action))
            }
            None => handler,
        };
        router.route(&pattern(route.path), handler)
    });
    let paths: BTreeSet<_> = TABLE.iter().map(|route| route.path).collect();
    paths.into_iter().fold(router, |router, path| router.route(&pattern(path), options(path)))
}

/// Returns the pattern of a path for the router. The name of a file may have folders, and API Gateway passes on their
/// slashes encoded or not.
fn pattern(path: &str) -> String {
    path.replace("/files/{name}", "/files/{*name}")
}

/// Returns the handler of `OPTIONS` at a path: 204 with the methods of the path. Only `/{dataset}` depends on what
/// exists, because an unknown dataset is 404 with every method.
fn options(path: &'static str) -> MethodRouter<Context> {
    if path == "/{dataset}" {
        return on(MethodFilter::OPTIONS, datasets::options);
    }
    let mut allow: Vec<_> =
        TABLE.iter().filter(|route| route.path == path).map(|route| route.method).collect();
    if allow.contains(&"GET") {
        allow.push("HEAD");
    }
    allow.push("OPTIONS");
    let allow = allow.join(", ");
    on(MethodFilter::OPTIONS, async move || (StatusCode::NO_CONTENT, [(header::ALLOW, allow)]))
}

/// `GET /health`: the process is running. It needs no key and accesses no other system.
async fn health() -> Result<Response, ApiError> {
    let health = Health { status: "ok".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    response::json(StatusCode::OK, &health)
}

#[cfg(test)]
mod operations;
#[cfg(test)]
mod tests;
