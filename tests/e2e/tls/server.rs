//! A server that speaks PostgreSQL's protocol up to the first statement and records the messages it receives. A real
//! server does not reveal passwords.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Code of the client's request for TLS.
const WANTS_TLS: i32 = 80_877_103;

/// Messages of clients since the last `take`.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    pub(super) startup: BTreeMap<String, String>,
    pub(super) password: Option<String>,
    pub(super) queries: Vec<String>,
}

/// A server that listens until the process ends.
pub(super) struct Server {
    pub(super) port: u16,
    heard: Arc<Mutex<Heard>>,
}

impl Server {
    /// Starts it, with TLS if there is a certificate and its key.
    pub(super) fn start(identity: Option<(PathBuf, PathBuf)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, heard) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Heard>>::default());
        let (config, ear) = (identity.map(config), heard.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                // Clients close the connection as soon as they reject the server.
                let _ = client.and_then(|client| serve(client, config.as_ref(), &ear));
            }
        });
        Self { port, heard }
    }

    /// Returns the messages received since the last call.
    pub(super) fn take(&self) -> Heard {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

fn config((certificate, key): (PathBuf, PathBuf)) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let certificate = CertificateDer::from_pem_file(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap())
}

fn serve(mut client: TcpStream, config: Option<&Arc<ServerConfig>>, heard: &Mutex<Heard>) -> io::Result<()> {
    let first = message(&mut client)?;
    if first[..4] != WANTS_TLS.to_be_bytes() {
        return talk(client, &first, heard);
    }
    match config {
        Some(config) => {
            client.write_all(b"S")?;
            let connection = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
            let mut client = StreamOwned::new(connection, client);
            let first = message(&mut client)?;
            talk(client, &first, heard)
        }
        None => {
            client.write_all(b"N")?;
            let first = message(&mut client)?;
            talk(client, &first, heard)
        }
    }
}

fn talk(mut client: impl Read + Write, startup: &[u8], heard: &Mutex<Heard>) -> io::Result<()> {
    let words: Vec<String> = startup[4..]
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    heard.lock().unwrap().startup.extend(
        words
            .chunks_exact(2)
            .filter(|pair| !pair[0].is_empty())
            .map(|pair| (pair[0].clone(), pair[1].clone())),
    );
    // Requests a cleartext password.
    answer(&mut client, &[(b'R', &3_i32.to_be_bytes())])?;
    let (_, password) = typed(&mut client)?;
    heard.lock().unwrap().password = Some(text(&password));
    answer(&mut client, &[(b'R', &0_i32.to_be_bytes()), (b'Z', b"I")])?;
    loop {
        let (kind, body) = typed(&mut client)?;
        if kind != b'Q' {
            return Ok(());
        }
        heard.lock().unwrap().queries.push(text(&body));
        answer(&mut client, &[(b'C', b"BEGIN\0"), (b'Z', b"T")])?;
    }
}

/// Reads the rest of a message after its length.
fn message(client: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    client.read_exact(&mut length)?;
    let mut body = vec![0; (u32::from_be_bytes(length) as usize).saturating_sub(4)];
    client.read_exact(&mut body)?;
    Ok(body)
}

fn typed(client: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut kind = [0];
    client.read_exact(&mut kind)?;
    Ok((kind[0], message(client)?))
}

fn answer(client: &mut impl Write, messages: &[(u8, &[u8])]) -> io::Result<()> {
    for (kind, body) in messages {
        let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?;
        client.write_all(&[&[*kind], &length.to_be_bytes()[..], body].concat())?;
    }
    client.flush()
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body.strip_suffix(b"\0").unwrap_or(body)).into_owned()
}
