//! HTTP proxy with a slow line: it passes requests on, one per connection, and counts the bytes of objects.
//!
//! It is slow so that a client is killed in the middle of a download, and in small pieces, so that hardly anything is
//! in the buffers of the connections then.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Host that stands for this machine in the address of the api. A client uses no proxy for a loopback address.
const HOST: &str = "sluice.test";

const LOOPBACK: &str = "127.0.0.1";

/// Bytes of a piece, and the pause after it: 4 MB per second on each connection.
const PIECE: usize = 16 << 10;
const PAUSE: Duration = Duration::from_millis(4);

/// A running proxy. It ends with the process of the test.
pub(super) struct Proxy {
    port: u16,
    sent: Arc<AtomicU64>,
}

impl Proxy {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind((LOOPBACK, 0)).unwrap();
        let (port, sent) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU64::new(0)));
        let counter = Arc::clone(&sent);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                // A client that was killed ends its connection.
                std::thread::spawn(move || pass(client, &counter).unwrap_or_default());
            }
        });
        Self { port, sent }
    }

    pub(super) fn address(&self) -> String {
        format!("http://{LOOPBACK}:{}", self.port)
    }

    /// Returns an address of this machine in the form that leads through the proxy.
    pub(super) fn through(&self, url: &str) -> String {
        url.replace(LOOPBACK, HOST)
    }

    /// Returns the bytes of objects sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

fn pass(mut client: TcpStream, sent: &AtomicU64) -> std::io::Result<()> {
    let Some((head, mut body)) = read_head(&mut client)? else { return Ok(()) };
    let (first, headers) = head.split_once("\r\n").unwrap_or_default();
    let mut words = first.split(' ');
    let (method, url) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (authority, path) = url.trim_start_matches("http://").split_once('/').unwrap_or_default();
    let length = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    while body.len() < length.unwrap_or(0) {
        let mut more = [0; PIECE];
        let read = client.read(&mut more)?;
        body.extend_from_slice(&more[..read]);
    }
    let mut server = TcpStream::connect(authority.replace(HOST, LOOPBACK))?;
    let headers = headers.replace(HOST, LOOPBACK);
    write!(server, "{method} /{path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n\r\n")?;
    server.write_all(&body)?;

    let Some((head, begun)) = read_head(&mut server)? else { return Ok(()) };
    write!(client, "{head}\r\n\r\n")?;
    let of_api = authority.starts_with(HOST);
    let mut piece = begun;
    loop {
        for part in piece.chunks(PIECE) {
            client.write_all(part)?;
            if !of_api {
                sent.fetch_add(part.len() as u64, Ordering::SeqCst);
                std::thread::sleep(PAUSE);
            }
        }
        piece.resize(PIECE, 0);
        let read = server.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        piece.truncate(read);
    }
}

/// Reads up to the empty line that ends a head. Returns the head without it, and the bytes that follow.
fn read_head(stream: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            return Ok(Some((String::from_utf8_lossy(&bytes[..end]).into_owned(), body)));
        }
        let mut more = [0; PIECE];
        match stream.read(&mut more)? {
            0 => return Ok(None),
            read => bytes.extend_from_slice(&more[..read]),
        }
    }
}
