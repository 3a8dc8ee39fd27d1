//! Tests of the kept connection, with a server that speaks just enough of the protocol.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Counts of a server that answers `begin`, `commit` and `rollback`.
#[derive(Default)]
struct Seen {
    logins: AtomicU32,
    goodbyes: AtomicU32,
    rollbacks: AtomicU32,
    /// True if the server reads requests and answers none, as a network does that dropped the connection silently.
    is_silent: AtomicBool,
}

async fn server() -> (u16, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, seen) = (listener.local_addr().unwrap().port(), Arc::new(Seen::default()));
    let counts = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, counts.clone()));
        }
    });
    (port, seen)
}

async fn serve(mut stream: TcpStream, seen: Arc<Seen>) -> std::io::Result<()> {
    let length = stream.read_i32().await?;
    stream.read_exact(&mut vec![0; usize::try_from(length).unwrap() - 4]).await?;
    seen.logins.fetch_add(1, Ordering::SeqCst);
    // The server is silent to one connection; the next one is new and works.
    seen.is_silent.store(false, Ordering::SeqCst);
    stream.write_all(b"R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\0\0\x01\0\0\0\x01Z\0\0\0\x05I").await?;
    loop {
        let kind = stream.read_u8().await?;
        let length = stream.read_i32().await?;
        let mut body = vec![0; usize::try_from(length).unwrap() - 4];
        stream.read_exact(&mut body).await?;
        if kind == b'X' {
            seen.goodbyes.fetch_add(1, Ordering::SeqCst);
            return Ok(());
        }
        if seen.is_silent.load(Ordering::SeqCst) {
            continue;
        }
        if body == b"rollback\0" {
            seen.rollbacks.fetch_add(1, Ordering::SeqCst);
        }
        let (tag, status) = if body == b"begin\0" { ("BEGIN", b'T') } else { ("COMMIT", b'I') };
        let mut answer = vec![b'C'];
        answer.extend(i32::try_from(tag.len() + 5).unwrap().to_be_bytes());
        answer.extend(tag.bytes().chain(*b"\0Z\0\0\0\x05").chain([status]));
        stream.write_all(&answer).await?;
    }
}

fn store(port: u16, pooler: Pooler) -> Store {
    let url = format!("postgres://sluice_store:x@127.0.0.1:{port}/shop?sslmode=disable");
    Store::new(&url).unwrap().with_pooler(pooler)
}

async fn work(store: &Store) {
    store.begin().await.unwrap().commit().await.unwrap();
}

fn logins(seen: &Seen) -> u32 {
    seen.logins.load(Ordering::SeqCst)
}

#[tokio::test]
async fn kept_connection_is_used_until_it_is_old() {
    let (port, seen) = server().await;
    let store = store(port, Pooler::Own);
    work(&store).await;
    work(&store).await;
    assert_eq!(logins(&seen), 1);
    let used = |used| store.idle.lock().unwrap().as_mut().unwrap().used = used;
    used(SystemTime::now() - KEPT_FOR + Duration::from_secs(10));
    work(&store).await;
    assert_eq!(logins(&seen), 1, "it may be nearly as old");
    used(SystemTime::now() - KEPT_FOR - Duration::from_secs(1));
    work(&store).await;
    assert_eq!(logins(&seen), 2);
    used(SystemTime::now() + Duration::from_secs(60));
    work(&store).await;
    assert_eq!(logins(&seen), 3, "the age is not known after the clock was set back");
}

#[tokio::test]
async fn connection_that_a_network_dropped_is_replaced_within_three_seconds() {
    let (port, seen) = server().await;
    let store = store(port, Pooler::Own);
    work(&store).await;
    seen.is_silent.store(true, Ordering::SeqCst);
    let start = Instant::now();
    work(&store).await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(logins(&seen), 2);
}

#[tokio::test]
async fn dropped_transaction_is_rolled_back_on_its_connection() {
    let (port, seen) = server().await;
    let store = store(port, Pooler::Own);
    drop(store.begin().await.unwrap());
    store.release().await;
    work(&store).await;
    assert_eq!((logins(&seen), seen.rollbacks.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test]
async fn rollback_of_a_dropped_transaction_does_not_wait_for_a_silent_server() {
    let (port, seen) = server().await;
    let store = store(port, Pooler::Own);
    let tx = store.begin().await.unwrap();
    seen.is_silent.store(true, Ordering::SeqCst);
    drop(tx);
    let start = Instant::now();
    store.release().await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    work(&store).await;
    assert_eq!(logins(&seen), 2, "its connection was closed");
}

#[tokio::test]
async fn without_a_pooler_an_invocation_ends_without_a_session() {
    for (pooler, goodbyes, logins_after) in [(Pooler::None, 1, 2), (Pooler::Own, 0, 1), (Pooler::Proxy, 0, 1)]
    {
        let (port, seen) = server().await;
        let store = store(port, pooler);
        // An invocation that used no session has none to close.
        store.release().await;
        work(&store).await;
        store.release().await;
        for _ in 0..100 {
            if seen.goodbyes.load(Ordering::SeqCst) == goodbyes {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(seen.goodbyes.load(Ordering::SeqCst), goodbyes, "{pooler:?}");
        work(&store).await;
        assert_eq!(logins(&seen), logins_after, "{pooler:?}");
    }
}
