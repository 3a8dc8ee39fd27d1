//! Normalization of paths for the router. API Gateway prepends the name of the stage unless the stage is `$default`,
//! and clients append a slash.

use axum::extract::Request;
use export::wire::BASE_PATH;
use http::Uri;
use http::uri::PathAndQuery;

/// Removes one path segment before `/api/v1`, and one slash at the end.
pub(crate) async fn stage(mut request: Request) -> Request {
    if let Some(uri) = without_stage(request.uri()) {
        *request.uri_mut() = uri;
    }
    if let Some(uri) = without_slash(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn without_stage(uri: &Uri) -> Option<Uri> {
    let rest = uri.path().strip_prefix('/')?;
    let (_, path) = rest.split_at(rest.find('/')?);
    let is_ours =
        |path: &str| path.strip_prefix(BASE_PATH).is_some_and(|r| r.is_empty() || r.starts_with('/'));
    if is_ours(uri.path()) || !is_ours(path) {
        return None;
    }
    with_path(uri, path)
}

fn without_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_suffix('/')?;
    // Two slashes mean an empty path segment, which no route has.
    (path.len() > BASE_PATH.len() && !path.ends_with('/')).then(|| with_path(uri, path)).flatten()
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(format!("{path}{query}")).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(uri: &str) -> Option<String> {
        without_stage(&uri.parse().unwrap()).map(|uri| uri.to_string())
    }

    #[test]
    fn only_the_gateway_stage_is_removed() {
        assert_eq!(path("/prod/api/v1/exports?limit=1").as_deref(), Some("/api/v1/exports?limit=1"));
        assert_eq!(path("http://host/prod/api/v1/health").as_deref(), Some("http://host/api/v1/health"));
        for kept in ["/api/v1/exports", "/api/v1/api/v1/x", "/a/b/api/v1/x", "/prod/api/v10/x", "/prod", "/"]
        {
            assert_eq!(path(kept), None, "{kept}");
        }
    }

    #[test]
    fn one_trailing_slash_is_removed() {
        let path = |uri: &str| without_slash(&uri.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(path("/api/v1/datasets/?a=b").as_deref(), Some("/api/v1/datasets?a=b"));
        for kept in
            ["/", "/api/v1", "/api/v1/", "/api/v1/datasets", "/api/v1/datasets//", "/api/v1/exports//x"]
        {
            assert_eq!(path(kept), None, "{kept}");
        }
    }
}
