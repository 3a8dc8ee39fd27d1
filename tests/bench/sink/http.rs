//! The subset of HTTP/1.1 that S3 clients use: sequential requests, with their bodies drained.

use std::io::{BufRead, BufReader, Error, Read, Result, Write};
use std::net::TcpStream;

/// Buffer size. Small enough to stay in a processor's cache while a body is discarded.
const BUFFER_BYTES: usize = 128 << 10;

/// A request whose body has been drained.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path without the query.
    pub(super) path: String,
    query: String,
    /// Bytes of the payload, without the framing of `aws-chunked`.
    pub(super) length: u64,
}

impl Request {
    /// Returns a parameter of the query, empty if it has no value.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// Requests of one connection.
pub(super) struct Requests {
    stream: BufReader<TcpStream>,
}

#[derive(Default)]
struct Head {
    content_length: u64,
    decoded_length: Option<u64>,
    chunked: bool,
    expects_continue: bool,
}

impl Requests {
    pub(super) fn new(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::with_capacity(BUFFER_BYTES, stream) })
    }

    /// Returns the next request, or `None` once the client has closed the connection.
    pub(super) fn next(&mut self) -> Result<Option<Request>> {
        let line = self.line()?;
        let mut words = line.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut request =
            Request { method: method.into(), path: path.into(), query: query.into(), length: 0 };
        let head = self.head()?;
        if head.expects_continue {
            self.answer(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let sent = if head.chunked { self.drain_chunks()? } else { self.drain(head.content_length)? };
        request.length = head.decoded_length.unwrap_or(sent);
        Ok(Some(request))
    }

    /// Sends a complete response.
    pub(super) fn answer(&mut self, answer: &[u8]) -> Result<()> {
        self.stream.get_mut().write_all(answer)
    }

    fn head(&mut self) -> Result<Head> {
        let mut head = Head::default();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(head);
            }
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.content_length = value.parse().map_err(Error::other)?,
                "x-amz-decoded-content-length" => head.decoded_length = value.parse().ok(),
                "transfer-encoding" => head.chunked = value.eq_ignore_ascii_case("chunked"),
                "expect" => head.expects_continue = value.eq_ignore_ascii_case("100-continue"),
                _ => {}
            }
        }
    }

    /// Reads one line without its line end. At the end of the stream it is empty too.
    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.by_ref().take(64 << 10).read_line(&mut line)?;
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        Ok(line)
    }

    fn drain(&mut self, length: u64) -> Result<u64> {
        let mut left = length;
        while left > 0 {
            let here = self.stream.fill_buf()?.len();
            if here == 0 {
                return Err(Error::other("the body is shorter than it says"));
            }
            let taken = here.min(usize::try_from(left).unwrap_or(here));
            self.stream.consume(taken);
            left -= taken as u64;
        }
        Ok(length)
    }

    fn drain_chunks(&mut self) -> Result<u64> {
        let mut total = 0;
        loop {
            let line = self.line()?;
            let size = line.split(';').next().unwrap_or_default();
            let size = u64::from_str_radix(size.trim(), 16).map_err(Error::other)?;
            if size == 0 {
                // Trailers end with an empty line.
                while !self.line()?.is_empty() {}
                return Ok(total);
            }
            total += self.drain(size)?;
            self.line()?;
        }
    }
}
