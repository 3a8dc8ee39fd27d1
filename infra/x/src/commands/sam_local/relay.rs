//! TCP relay for containers. The stack listens on 127.0.0.1 only, which containers cannot reach. The relay listens only
//! on the address by which containers reach this machine. Its threads end with the command.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

/// Relays a free port of this address to a local port. Returns the listening address.
pub(super) fn start(on: Ipv4Addr, to: u16) -> Result<SocketAddr> {
    let listener = TcpListener::bind((on, 0)).with_context(|| format!("no free port on {on}"))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // If the server is gone, the client's connection ends.
            if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)) {
                let _ = connect(&client, &server);
            }
        }
    });
    Ok(address)
}

fn connect(client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    for (from, to) in [(client, server), (server, client)] {
        from.set_nodelay(true)?;
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn relay_forwards_both_directions_and_the_end() {
        let echo = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = echo.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = echo.accept().unwrap();
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).unwrap();
            stream.write_all(&heard).unwrap();
        });
        let mut client = TcpStream::connect(start(Ipv4Addr::LOCALHOST, port).unwrap()).unwrap();
        client.write_all(b"a word").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut back = String::new();
        client.read_to_string(&mut back).unwrap();
        assert_eq!(back, "a word");
    }

    #[test]
    fn relay_closes_when_the_target_is_unreachable() {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut client = TcpStream::connect(start(Ipv4Addr::LOCALHOST, port).unwrap()).unwrap();
        let mut heard = Vec::new();
        let _ = client.read_to_end(&mut heard);
        assert!(heard.is_empty());
    }
}
