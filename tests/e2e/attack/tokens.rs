//! A deployment that identifies callers by tokens: API Gateway's own authorizer before every route, as in the template,
//! and a stand-in for the identity provider. It logs at debug level, so the same stack shows that secrets are never
//! logged.

mod provider;
mod rows;
mod stack;

use reqwest::Method;
use serde_json::{Value, json};

use provider::{Order, Provider};
use stack::{ORIGIN, TokenStack};

/// Claims of a valid token in these tests.
fn claims(issuer: &str) -> Value {
    let now = seconds();
    json!({
        "iss": issuer, "aud": "sluice", "sub": "night-job", "iat": now - 10, "exp": now + 3600,
        "org_id": "acme", "sets": ["notes", "Broken"], "scope": "sluice/read sluice/write",
    })
}

/// Returns the seconds since 1970.
fn seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn token_deployment_accepts_only_valid_provider_tokens() {
    let provider = Provider::start();
    let stack = TokenStack::start(&provider).await;
    let good = claims(&provider.issuer);
    catalogs_are_closed(&stack);
    documents_are_open(&stack).await;
    preflights_need_no_token(&stack).await;
    let token = provider.token(&Order::of(&good)).await;
    crate::page::sign_in_at_a_provider(&stack.stack().url, &token);
    refused(&stack, &provider, &good).await;
    forbidden(&stack, &provider, &good).await;
    kept_apart(&stack, &provider, &good).await;
    rows::nothing_of_a_row_or_a_secret_is_logged(&stack, &provider, &good).await;
}

/// Checks that a dataset without a tenant column is rejected. New tenants can appear at any time, so every dataset must
/// declare the tenant of its rows.
fn catalogs_are_closed(stack: &TokenStack) {
    let mut catalog = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut catalog, b"[datasets.everybodys]\nrelation = \"public.everybodys\"\n")
        .unwrap();
    let refused = stack.try_x(&["admin", "catalog", "apply", &catalog.path().to_string_lossy()]);
    assert!(refused.unwrap_err().contains("tenant_column"), "an open dataset was applied");
}

/// Checks that a browser's preflight request reaches the api, which allows one origin: it never carries a token.
async fn preflights_need_no_token(stack: &TokenStack) {
    for (origin, expected) in [(ORIGIN, 204), ("https://other.example.com", 401)] {
        let url = format!("{}/exports", stack.stack().url);
        let preflight = reqwest::Client::new().request(Method::OPTIONS, url).header("Origin", origin);
        let preflight = preflight.header("Access-Control-Request-Method", "POST").send().await.unwrap();
        assert_eq!(preflight.status(), expected, "{origin}");
        let allowed = preflight.headers().get("Access-Control-Allow-Origin").map(|v| v.to_str().unwrap());
        assert_eq!(allowed, (expected == 204).then_some(ORIGIN));
    }
}

/// Checks that the documents about the api need no token: the authorizer is on other routes.
async fn documents_are_open(stack: &TokenStack) {
    for path in ["/openapi.json", "/reference.html", "/reference.css", "/problems/busy", "/health"] {
        assert_eq!(stack.get(path, None).await.0, 200, "{path}");
    }
    assert_eq!(stack.get("/problems/busy/more", None).await.0, 401, "no document");
    let page = reqwest::get(stack.stack().url.replace("/api/v1", "/")).await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("content=\"token\""), "the page takes tokens");
}

/// Checks the cases of 401: the token cannot be verified, whatever it claims.
async fn refused(stack: &TokenStack, provider: &Provider, good: &Value) {
    let now = seconds();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut claims = good.clone();
        change(&mut claims);
        claims
    };
    let order = |claims: &Value| Order::of(claims);
    let whole = provider.token(&order(good)).await;
    assert_eq!(stack.get("/datasets", Some(&whole)).await.0, 200);
    let (head, signature) = whole.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let richer = provider.token(&order(&with(&|c| c["org_id"] = json!("other")))).await;
    let other_payload = richer.split('.').nth(1).unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let mut bad = vec![
        ("no token", String::new()),
        ("a key of ours", format!("slc_0123456789abcdef_{}", "0123456789abcdef".repeat(4))),
        ("the key of this stack", stack.stack().key.clone()),
        ("no signature", format!("{head}.")),
        ("two parts", head.to_owned()),
        ("another payload", format!("{header}.{other_payload}.{signature}")),
        ("another signature", format!("{head}.{flipped}{}", &signature[1..])),
    ];
    let orders = [
        ("alg none", order(good).header("alg", json!("none"))),
        ("alg HS256 with the public key", order(good).header("alg", json!("HS256"))),
        ("another key", order(good).key("other")),
        ("an unknown kid", order(good).header("kid", json!("nobodys"))),
        ("another issuer", order(&with(&|c| c["iss"] = json!("http://127.0.0.1:1")))),
        ("the issuer with a slash", order(&with(&|c| c["iss"] = json!(format!("{}/", provider.issuer))))),
        ("another audience", order(&with(&|c| c["aud"] = json!("shop")))),
        ("no audience", order(&with(&|c| drop(c.as_object_mut().unwrap().remove("aud"))))),
        ("expired", order(&with(&|c| c["exp"] = json!(now - 1)))),
        ("without an end", order(&with(&|c| drop(c.as_object_mut().unwrap().remove("exp"))))),
        ("not yet", order(&with(&|c| c["nbf"] = json!(now + 3600)))),
    ];
    for (what, order) in orders {
        bad.push((what, provider.token(&order).await));
    }
    for (what, token) in bad {
        let token = Some(token.as_str()).filter(|token| !token.is_empty());
        for (method, route) in api::ROUTES {
            let path =
                route.replace("{id}", "00000000-0000-4000-8000-000000000000").replace("{name}", "notes");
            let path = path.replace("{dataset}", "notes").replace("{saved}", "notes");
            let (status, body) = stack.call(method.parse().unwrap(), &path, token, Some(&json!({}))).await;
            let wanted = if route == "/health" { 200 } else { 401 };
            assert_eq!(status, wanted, "{what}: {method} {path}: {body}");
        }
    }
}

/// Checks the cases of 403: the token is valid but lacks a claim this deployment requires, or is read-only.
async fn forbidden(stack: &TokenStack, provider: &Provider, good: &Value) {
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    for (claims, claim) in [
        (without("org_id"), "org_id"),
        (with("org_id", json!("")), "org_id"),
        (with("org_id", json!("Acme Ltd")), "org_id"),
        (with("org_id", json!("../demo")), "org_id"),
        (with("org_id", json!(["acme", "other"])), "org_id"),
        (without("sets"), "sets"),
    ] {
        let token = provider.token(&Order::of(&claims)).await;
        let (status, body) = stack.get("/exports", Some(&token)).await;
        assert_eq!((status, body["title"].as_str()), (403, Some("Invalid token claim")), "{claims}: {body}");
        assert!(body["detail"].as_str().unwrap().contains(claim), "{body}");
    }
    let reader = provider.token(&Order::of(&with("scope", json!("sluice/read")))).await;
    assert_eq!(stack.get("/datasets", Some(&reader)).await.0, 200);
    let request = json!({"datasets": ["notes"], "startDate": "2024-01-01", "endDate": "2024-01-31"});
    let (status, body) = stack.call(Method::POST, "/exports", Some(&reader), Some(&request)).await;
    assert_eq!((status, body["title"].as_str()), (403, Some("Read-only credentials")), "{body}");
}

/// Tenants and scopes of tokens behave like those of keys.
async fn kept_apart(stack: &TokenStack, provider: &Provider, good: &Value) {
    let mut claims = good.clone();
    let acme = provider.token(&Order::of(&claims)).await;
    claims["org_id"] = json!("globex");
    let globex = provider.token(&Order::of(&claims)).await;
    claims["org_id"] = json!("acme");
    claims["sets"] = json!("*");
    let all = provider.token(&Order::of(&claims)).await;
    claims["sets"] = json!("colours");
    let narrow = provider.token(&Order::of(&claims)).await;

    let names = async |token: &str| {
        let (_, body) = stack.get("/datasets", Some(token)).await;
        let list = body["datasets"].as_array().unwrap().clone();
        list.iter().map(|d| d["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&acme).await, ["broken", "notes"]);
    assert_eq!(names(&all).await, ["broken", "colours", "notes"]);
    assert_eq!(names(&narrow).await, ["colours"]);

    let request = json!({"datasets": ["notes"], "startDate": "2024-01-01", "endDate": "2024-01-31"});
    let (status, export) = stack.call(Method::POST, "/exports", Some(&acme), Some(&request)).await;
    assert_eq!(status, 202, "{export}");
    let path = format!("/exports/{}", export["id"].as_str().unwrap());
    let ended = stack.ended(&path, &acme).await;
    assert_eq!(
        (ended["status"].as_str(), ended["progress"]["rows"].as_u64()),
        (Some("succeeded"), Some(100))
    );
    assert_eq!(stack.get(&path, Some(&all)).await.0, 200, "another token of the tenant");
    assert_eq!(stack.get(&path, Some(&narrow)).await.0, 404, "a dataset that it does not see");
    assert_eq!(stack.get(&path, Some(&globex)).await.0, 404, "another tenant");
    let (_, theirs) = stack.call(Method::POST, "/exports", Some(&globex), Some(&request)).await;
    let theirs = stack.ended(&format!("/exports/{}", theirs["id"].as_str().unwrap()), &globex).await;
    assert_eq!(theirs["progress"]["rows"], json!(60), "rows of its own");
}
