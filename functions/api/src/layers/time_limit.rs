//! Time limit of a request. It is shorter than the timeout of the function (`Timeout` in `template.yaml`), so that a
//! client receives an error of the api that names the remedy, and not the 503 of a gateway that gave up.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::{Instant, timeout_at};

use crate::error::ApiError;

/// Maximum time of a request.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(25);

/// Time at which a route is ended. It is a little earlier than the limit of the whole request, so that the action of
/// the route is still recorded in the audit log.
#[derive(Clone, Copy, Debug)]
struct RouteDeadline(Instant);

/// Returns 503 if the request takes longer than the limit. All layers that wait are inside this one.
pub(crate) async fn time_limit(State(limit): State<Duration>, mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    request.extensions_mut().insert(RouteDeadline(start + limit * 24 / 25));
    match timeout_at(start + limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => too_slow(),
    }
}

/// Returns 503 if the route takes longer than what the request has left. The layers of the audit log are outside.
pub(crate) async fn route_time_limit(request: Request, next: Next) -> Response {
    let Some(RouteDeadline(deadline)) = request.extensions().get().copied() else {
        return next.run(request).await;
    };
    match timeout_at(deadline, next.run(request)).await {
        Ok(response) => response,
        Err(_) => too_slow(),
    }
}

fn too_slow() -> Response {
    tracing::warn!("a request reached its time limit and was ended");
    ApiError::too_slow().into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::Router;
    use axum::body::Body;
    use axum::middleware::{from_fn, from_fn_with_state};
    use axum::routing::get;
    use http::header;
    use tower::ServiceExt;

    use super::*;

    const SHORT: Duration = Duration::from_millis(500);

    /// A service whose route takes this long, and the mark of a layer like that of the audit log.
    fn service(takes: Duration, before: Duration) -> (Router, Arc<AtomicBool>) {
        let recorded = Arc::new(AtomicBool::new(false));
        let route = get(async move || tokio::time::sleep(takes).await);
        let seen = recorded.clone();
        let audit = from_fn(move |request: Request, next: Next| {
            let seen = seen.clone();
            async move {
                let response = next.run(request).await;
                seen.store(true, Ordering::SeqCst);
                response
            }
        });
        let slow = from_fn(move |request: Request, next: Next| async move {
            tokio::time::sleep(before).await;
            next.run(request).await
        });
        let routes = Router::new().route("/", route.route_layer(from_fn(route_time_limit)));
        (routes.layer(audit).layer(slow).layer(from_fn_with_state(SHORT, time_limit)), recorded)
    }

    async fn status(service: Router) -> (u16, Option<String>) {
        let response = service.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        let after = response.headers().get(header::RETRY_AFTER);
        (response.status().as_u16(), after.map(|value| value.to_str().unwrap().to_owned()))
    }

    #[tokio::test]
    async fn slow_request_ends_with_503_and_is_recorded() {
        let long = Duration::from_secs(600);
        let (fast, recorded) = service(Duration::ZERO, Duration::ZERO);
        assert_eq!(status(fast).await, (200, None));
        assert!(recorded.load(Ordering::SeqCst));

        let (slow, recorded) = service(long, Duration::ZERO);
        assert_eq!(status(slow).await, (503, Some("1".to_owned())));
        assert!(recorded.load(Ordering::SeqCst), "the layer of the audit log saw the response");

        let (stuck, recorded) = service(Duration::ZERO, long);
        assert_eq!(
            status(stuck).await,
            (503, Some("1".to_owned())),
            "before the route, as at authentication"
        );
        assert!(!recorded.load(Ordering::SeqCst));
    }
}
