//! Tests that the discarding bucket counts correctly.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on panics; it needs not all of the sink"
)]

mod sink;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use sink::Sink;

/// One connection that stays open, as the SDK's does.
struct Client(BufReader<TcpStream>);

impl Client {
    fn new() -> Self {
        let port = Sink::start().unwrap();
        Self(BufReader::new(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap()))
    }

    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.replace('\n', "\r\n").as_bytes()).unwrap();
    }

    /// Returns status line, content length and body.
    fn answer(&mut self, has_body: bool) -> (String, u64, String) {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let length = lines.iter().find_map(|l| l.strip_prefix("Content-Length: ")).unwrap_or("0");
        let length: u64 = length.parse().unwrap();
        let mut body = vec![0; if has_body { length as usize } else { 0 }];
        self.0.read_exact(&mut body).unwrap();
        (lines[0].clone(), length, String::from_utf8(body).unwrap())
    }

    fn ask(&mut self, text: &str) -> (String, String) {
        self.send(text);
        let (status, _, body) = self.answer(!text.starts_with("HEAD"));
        (status, body)
    }

    fn size(&mut self, path: &str) -> Option<u64> {
        self.send(&format!("HEAD {path} HTTP/1.1\n\n"));
        let (status, length, _) = self.answer(false);
        status.ends_with("OK").then_some(length)
    }
}

#[test]
fn bytes_are_counted_in_every_framing() {
    let mut client = Client::new();
    assert_eq!(client.size("/b/k"), None);
    assert!(client.ask("PUT /b/k?x-id=PutObject HTTP/1.1\nContent-Length: 5\n\nhello").0.ends_with("200 OK"));
    assert_eq!(client.size("/b/k"), Some(5));
    // Checksum in a trailer, with known length.
    let body = "5\r\nhello\r\n0\r\nx-amz-checksum-crc64nvme:AAAA\r\n\r\n";
    let head = format!("content-length: {}\nx-amz-decoded-content-length: 5", body.len());
    client.send(&format!("PUT /b/trailer HTTP/1.1\n{head}\n\n"));
    client.0.get_mut().write_all(body.as_bytes()).unwrap();
    assert!(client.answer(true).0.ends_with("200 OK"));
    assert_eq!(client.size("/b/trailer"), Some(5));
    client.ask(
        "PUT /b/chunks HTTP/1.1\nTransfer-Encoding: chunked\n\n5\nhello\nA;x=y\n0123456789\n0\nt: v\n\n",
    );
    assert_eq!(client.size("/b/chunks"), Some(15));
    client.ask("DELETE /b/chunks HTTP/1.1\n\n");
    assert_eq!(client.size("/b/chunks"), None);
}

#[test]
fn parts_become_an_object_once_they_are_complete() {
    let mut client = Client::new();
    let (_, begun) = client.ask("POST /b/k?uploads HTTP/1.1\n\n");
    let id = begun.split("<UploadId>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    // The client waits for `100 Continue` before it sends the body.
    client.send(&format!(
        "PUT /b/k?partNumber=1&uploadId={id} HTTP/1.1\nExpect: 100-continue\nContent-Length: 7\n\n"
    ));
    assert!(client.answer(false).0.ends_with("100 Continue"));
    client.send("1234567");
    assert!(client.answer(true).0.ends_with("200 OK"));
    // A part that is sent twice counts once.
    for _ in 0..2 {
        client.ask(&format!("PUT /b/k?partNumber=2&uploadId={id} HTTP/1.1\nContent-Length: 3\n\n123"));
    }
    assert_eq!(client.size("/b/k"), None);
    let (_, complete) = client.ask(&format!("POST /b/k?uploadId={id} HTTP/1.1\nContent-Length: 4\n\n<x/>"));
    assert!(complete.contains("<ETag>"));
    assert_eq!(client.size("/b/k"), Some(10));
    let (status, _) =
        client.ask(&format!("PUT /b/k?partNumber=3&uploadId={id} HTTP/1.1\nContent-Length: 1\n\n1"));
    assert!(status.contains("404"), "an upload that is complete takes no more parts: {status}");
}

#[test]
fn an_aborted_upload_leaves_nothing() {
    let mut client = Client::new();
    client.ask("POST /b/k?uploads HTTP/1.1\n\n");
    client.ask("PUT /b/k?partNumber=1&uploadId=1 HTTP/1.1\nContent-Length: 1\n\n1");
    assert!(client.ask("DELETE /b/k?uploadId=1 HTTP/1.1\n\n").0.contains("204"));
    assert!(client.ask("POST /b/k?uploadId=1 HTTP/1.1\n\n").0.contains("404"));
    assert_eq!(client.size("/b/k"), None);
}
