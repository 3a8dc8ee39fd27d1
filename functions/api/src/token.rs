//! Token that API Gateway has verified: signature, issuer, audience and times. Only the claims in the request context
//! are read, which no caller can write. The token itself is never parsed.

use std::collections::HashMap;

use axum::extract::Request;
use export::access::{Access, datasets_in};
use export::id::TenantId;
use lambda_http::request::RequestContext;

use crate::auth::TokenRules;
use crate::error::ApiError;

/// Identity and rights of the caller, from a verified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) tenant: TenantId,
    /// `sub` of the token, for the log.
    pub(crate) subject: String,
    pub(crate) access: Access,
}

impl Token {
    /// Reads the claims that came with the request. Without claims no token was verified: 401.
    pub(crate) fn of(request: &Request, rules: &TokenRules, now_micros: i64) -> Result<Self, ApiError> {
        let context = request.extensions().get::<RequestContext>();
        let jwt = context.and_then(RequestContext::authorizer).and_then(|authorizer| authorizer.jwt.as_ref());
        let jwt = jwt.ok_or_else(ApiError::no_token)?;
        Self::read(&jwt.claims, rules, now_micros)
    }

    fn read(claims: &HashMap<String, String>, rules: &TokenRules, now_micros: i64) -> Result<Self, ApiError> {
        let claim = |name: &str| claims.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        // The authorizer checks `exp` only if present; here it is required.
        let expires = claim("exp").and_then(|text| text.parse::<f64>().ok());
        if expires.is_none_or(|secs| secs * 1e6 <= now_micros as f64) {
            return Err(ApiError::no_token());
        }
        let tenant = claim(&rules.tenant_claim).ok_or_else(|| ApiError::no_claim(&rules.tenant_claim))?;
        let tenant = tenant.parse().map_err(|error| ApiError::bad_claim(&rules.tenant_claim, error))?;
        let datasets = match &rules.datasets_claim {
            None => None,
            Some(name) => datasets_in(claim(name).ok_or_else(|| ApiError::no_claim(name))?),
        };
        let granted = |scope: &String| {
            let scopes = ["scope", "scp"].into_iter().filter_map(|name| claims.get(name));
            scopes.flat_map(|text| text.split(['[', ']', ',', ' '])).any(|given| given == scope)
        };
        let writes = rules.write_scope.as_ref().is_none_or(granted);
        let subject = claim("sub").unwrap_or("unknown").to_owned();
        Ok(Self { tenant, subject, access: Access { datasets, writes } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000_000;

    fn rules() -> TokenRules {
        TokenRules { tenant_claim: "org".into(), datasets_claim: None, write_scope: None }
    }

    fn read(claims: &[(&str, &str)], rules: &TokenRules) -> Result<Token, ApiError> {
        let claims = claims.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let claims = claims.chain([("exp".to_owned(), "1700000060".to_owned())]).collect();
        Token::read(&claims, rules, NOW)
    }

    #[test]
    fn tenant_comes_from_its_claim() {
        let token = read(&[("org", "acme"), ("sub", "job 7")], &rules()).unwrap();
        assert_eq!((token.tenant.as_str(), token.subject.as_str()), ("acme", "job 7"));
        assert_eq!(token.access, Access::full());
    }

    #[test]
    fn token_without_a_valid_tenant_claim_is_forbidden() {
        for claims in [&[][..], &[("org", "")], &[("org", "  ")], &[("org", "../b")], &[("org", "Acme Ltd")]]
        {
            let error = read(claims, &rules()).unwrap_err();
            assert!(error.status == 403 && error.detail.contains("org"), "{claims:?}: {error:?}");
        }
    }

    #[test]
    fn expired_token_is_refused() {
        for exp in ["1700000000", "1699999999.9", "soon", ""] {
            let claims = [("org", "acme"), ("exp", exp)];
            let claims = claims.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            assert_eq!(Token::read(&claims, &rules(), NOW).unwrap_err().status, 401, "{exp}");
        }
        let without = [("org".to_owned(), "acme".to_owned())].into();
        assert_eq!(Token::read(&without, &rules(), NOW).unwrap_err().status, 401);
    }

    #[test]
    fn datasets_and_write_access_come_from_claims() {
        let rules = TokenRules {
            datasets_claim: Some("sets".into()),
            write_scope: Some("sluice/write".into()),
            ..rules()
        };
        let token = read(&[("org", "acme"), ("sets", "[orders clients]"), ("scope", "sluice/read")], &rules);
        let access = token.unwrap().access;
        assert!(access.sees("orders") && !access.sees("invoices") && !access.writes);
        let token = read(&[("org", "acme"), ("sets", "*"), ("scp", "[openid sluice/write]")], &rules);
        assert_eq!(token.unwrap().access, Access::full());
        assert_eq!(read(&[("org", "acme")], &rules).unwrap_err().status, 403, "no claim is no dataset");
    }

    #[test]
    fn without_an_authorizer_every_token_is_refused() {
        let mut request = Request::new(axum::body::Body::empty());
        let header = "Bearer eyJhbGciOiJub25lIn0.eyJvcmciOiJhY21lIn0.".parse().unwrap();
        request.headers_mut().insert(http::header::AUTHORIZATION, header);
        assert_eq!(Token::of(&request, &rules(), NOW).unwrap_err().status, 401);
    }
}
