//! The client against receivers on this machine, and against addresses that it must not reach.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Serves one response for each connection. Returns its address and the number of connections.
async fn receiver(response: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut block = [0; 4096];
            let _ = stream.read(&mut block).await;
            let _ = stream.write_all(response.as_bytes()).await;
        }
    });
    (url, seen)
}

async fn post(loopback: bool, url: &str) -> Answer {
    Webhooks::new(loopback).unwrap().post(url, ["id", "1", "v1,x"], "{}").await
}

#[tokio::test]
async fn status_decides() {
    let (url, _) = receiver("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(post(true, &url).await, Answer { status: Some(204), ..Answer::default() });
    let (url, _) = receiver("HTTP/1.1 503 Busy\r\nretry-after: 90\r\ncontent-length: 0\r\n\r\n").await;
    let answer = post(true, &url).await;
    assert_eq!((answer.status, answer.retry_after_secs), (Some(503), Some(90)));
    assert_eq!(answer.failure.as_deref(), Some("status 503"));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (inner, seen) = receiver("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let response = format!("HTTP/1.1 307 Elsewhere\r\nlocation: {inner}\r\ncontent-length: 0\r\n\r\n");
    let (url, _) = receiver(response.leak()).await;
    let answer = post(true, &url).await;
    assert!(answer.failure.unwrap().contains("redirects are not followed"));
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_in_every_form() {
    let (url, seen) = receiver("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let port = url.rsplit(':').next().unwrap().trim_end_matches("/hook").to_owned();
    // Decimal, octal, hexadecimal and short forms, mapped ones, names that resolve to this machine.
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "0.0.0.0",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "localhost.",
    ] {
        let answer = post(false, &format!("https://{host}:{port}/hook")).await;
        let failure = answer.failure.unwrap();
        let is_refused = failure.contains("is not a public address") || failure.contains("no connection");
        assert!(is_refused && answer.status.is_none(), "{host}: {failure}");
    }
    assert!(post(false, &url).await.failure.unwrap().contains("https://"));
    assert_eq!(seen.load(Ordering::SeqCst), 0, "a connection was opened");
}

#[test]
fn only_public_addresses_of_a_name_are_used() {
    let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
    let strict = PublicOnly { loopback: false };
    // A name that resolves to both is used by its public address alone, so changing it gains nothing.
    assert_eq!(strict.of(parse(&["127.0.0.1", "1.1.1.1", "10.0.0.1"])), Ok(parse(&["1.1.1.1"])));
    assert_eq!(strict.of(parse(&["169.254.169.254"])), Err(NotPublic("169.254.169.254".parse().unwrap())));
    assert_eq!(strict.of(Vec::new()), Ok(Vec::new()));
    assert_eq!(PublicOnly { loopback: true }.of(parse(&["127.0.0.1"])), Ok(parse(&["127.0.0.1"])));
}
