//! A bucket that discards everything: it responds as S3 does, but keeps only the sizes of the received objects. An
//! emulator would compete with the measured program for processors; this bucket takes 0.2 s per GB.
//!
//! It supports the calls of the worker's upload (PutObject, the four of a multipart upload, HeadObject, DeleteObject),
//! checks no signature and no checksum, and listens on 127.0.0.1 only.

mod http;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use http::{Request, Requests};

/// Prints the port and serves until standard input ends, so that it never outlives its parent process.
pub(crate) fn serve() -> std::io::Result<()> {
    println!("{}", Sink::start()?);
    std::io::stdout().flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Sizes of the received objects.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    sizes: Mutex<Sizes>,
}

#[derive(Debug, Default)]
struct Sizes {
    objects: BTreeMap<String, u64>,
    /// Unfinished uploads: bytes of each part, by its number.
    uploads: BTreeMap<u64, BTreeMap<u32, u64>>,
    begun: u64,
}

/// A response.
struct SinkResponse {
    status: &'static str,
    /// Length of the body, or of the object for HEAD.
    length: u64,
    body: String,
}

impl Sink {
    /// Listens on a free port and responds from its own threads.
    pub(crate) fn start() -> std::io::Result<u16> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let sink = Arc::new(Self::default());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sink = Arc::clone(&sink);
                thread::spawn(move || sink.connection(stream));
            }
        });
        Ok(port)
    }

    /// Serves a connection until the client closes it or sends something unreadable.
    fn connection(&self, stream: TcpStream) {
        let Ok(mut requests) = Requests::new(stream) else { return };
        while let Ok(Some(request)) = requests.next() {
            let SinkResponse { status, length, body } = self.answer(&request);
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nContent-Type: application/xml\r\nETag: \"0\"\r\n\r\n{body}"
            );
            if requests.answer(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request) -> SinkResponse {
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        let key = request.path.clone();
        let upload = request.parameter("uploadId").map(|id| id.parse().unwrap_or(0));
        let part = request.parameter("partNumber").and_then(|number| number.parse().ok());
        match (request.method.as_str(), upload, part) {
            ("POST", None, _) if request.parameter("uploads").is_some() => {
                sizes.begun += 1;
                let id = sizes.begun;
                sizes.uploads.insert(id, BTreeMap::new());
                xml("InitiateMultipartUploadResult", &format!("<UploadId>{id}</UploadId>"))
            }
            ("PUT", Some(upload), Some(part)) => match sizes.uploads.get_mut(&upload) {
                Some(parts) => {
                    parts.insert(part, request.length);
                    empty("200 OK")
                }
                None => missing("NoSuchUpload"),
            },
            ("POST", Some(upload), _) => match sizes.uploads.remove(&upload) {
                Some(parts) => {
                    sizes.objects.insert(key, parts.values().sum());
                    xml("CompleteMultipartUploadResult", "<ETag>\"0\"</ETag>")
                }
                None => missing("NoSuchUpload"),
            },
            ("DELETE", Some(upload), _) => {
                sizes.uploads.remove(&upload);
                empty("204 No Content")
            }
            ("PUT", None, _) => {
                sizes.objects.insert(key, request.length);
                empty("200 OK")
            }
            ("HEAD", None, _) => match sizes.objects.get(&key) {
                Some(&length) => SinkResponse { length, ..empty("200 OK") },
                None => empty("404 Not Found"),
            },
            ("DELETE", None, _) => {
                sizes.objects.remove(&key);
                empty("204 No Content")
            }
            _ => {
                SinkResponse { status: "501 Not Implemented", ..xml("Error", "<Code>NotImplemented</Code>") }
            }
        }
    }
}

fn empty(status: &'static str) -> SinkResponse {
    SinkResponse { status, length: 0, body: String::new() }
}

fn xml(root: &str, inner: &str) -> SinkResponse {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}>{inner}</{root}>");
    SinkResponse { status: "200 OK", length: body.len() as u64, body }
}

fn missing(code: &str) -> SinkResponse {
    SinkResponse { status: "404 Not Found", ..xml("Error", &format!("<Code>{code}</Code>")) }
}
