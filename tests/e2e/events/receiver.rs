//! Receiver of webhooks on this machine, which verifies them with the reference library of Standard Webhooks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Event that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrived {
    /// Header `webhook-id`.
    pub(super) id: String,
    /// The event.
    pub(super) event: Value,
    /// Status with which it was answered.
    pub(super) status: u16,
}

#[derive(Default)]
struct Received {
    arrived: Vec<Arrived>,
    answers: VecDeque<u16>,
    secrets: Vec<String>,
}

/// Receiver that accepts what one of its secrets has signed.
#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) url: String,
    shared: Arc<Mutex<Received>>,
}

impl Receiver {
    /// Starts a receiver. It ends with the test.
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver = Self { url, shared: Arc::default() };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.serve(stream).await;
            }
        });
        receiver
    }

    /// Serves one request of a connection.
    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let mut headers = HeaderMap::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            match line.trim_end().split_once(": ") {
                Some((name, value)) => {
                    headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
                }
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; headers["content-length"].to_str().unwrap().parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        let status = self.with(|state| state.receive(&headers, &body));
        let response =
            format!("HTTP/1.1 {status} Answered\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(response.as_bytes()).await.unwrap();
    }

    /// Accepts only signatures of these secrets.
    pub(super) fn trust(&self, secrets: &[&str]) {
        self.with(|state| state.secrets = secrets.iter().map(|one| (*one).to_owned()).collect());
    }

    /// Answers the next events with these statuses, one each.
    pub(super) fn answer(&self, statuses: &[u16]) {
        self.with(|state| state.answers.extend(statuses));
    }

    /// Returns what has arrived so far.
    pub(super) fn arrived(&self) -> Vec<Arrived> {
        self.with(|state| state.arrived.clone())
    }

    /// Returns the types of the events of an export that were accepted, each once and in order.
    pub(super) fn accepted(&self, export: &str) -> Vec<String> {
        let mut ids = Vec::new();
        let mut types = Vec::new();
        for one in self.arrived().into_iter().filter(|one| one.status == 200) {
            if one.event["data"]["id"] == export && !ids.contains(&one.id) {
                types.push(one.event["type"].as_str().unwrap().replace("sluice.export.", ""));
                ids.push(one.id);
            }
        }
        types
    }

    fn with<T>(&self, change: impl FnOnce(&mut Received) -> T) -> T {
        change(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Received {
    /// Records an event and returns the status of the response.
    fn receive(&mut self, headers: &HeaderMap, body: &[u8]) -> u16 {
        let is_signed =
            self.secrets.iter().any(|secret| Webhook::new(secret).unwrap().verify(body, headers).is_ok());
        let status = if is_signed { self.answers.pop_front().unwrap_or(200) } else { 401 };
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        self.arrived.push(Arrived { id, event: serde_json::from_slice(body).unwrap(), status });
        status
    }
}
