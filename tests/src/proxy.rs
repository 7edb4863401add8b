//! A network that misbehaves on purpose: a proxy on loopback that decides for each connection what becomes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How long a connection whose answer is made up is read on, so that the client sees the answer rather than a reset.
const DRAIN: Duration = Duration::from_secs(2);

/// What becomes of one connection. Bytes are counted from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// It is closed at once.
    Refuse,
    /// It is reset after this many bytes of the client.
    Reset(u64),
    /// It ends after this many bytes of the server.
    Truncate(u64),
    /// The server does what it is asked, and nobody hears of it.
    LoseAnswer,
    /// The first request is answered with this status, and never reaches the server.
    Status(u16),
    /// This many bytes a second go through, each way.
    Slow(u64),
    /// One bit of this byte of the client arrives wrong.
    DamageUp(u64),
    /// One bit of this byte of the server arrives wrong.
    DamageDown(u64),
}

/// The proxy.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens, as an endpoint.
    pub endpoint: String,
    connections: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Forwards to `endpoint` (`http://host:port`); `trouble` is asked of each connection by its number, from 0.
    pub async fn start(endpoint: &str, trouble: impl Fn(u64) -> Trouble + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (server, connections) = (endpoint.trim_start_matches("http://").to_owned(), Arc::new(AtomicU64::new(0)));
        let count = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let trouble = trouble(count.fetch_add(1, Ordering::SeqCst));
                let server = server.clone();
                // However a connection ends, there is nobody to tell.
                tokio::spawn(async move { drop(serve(client, &server, trouble).await) });
            }
        });
        Self { endpoint: format!("http://{address}"), connections, task }
    }

    /// How many connections were made.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut client: TcpStream, server: &str, trouble: Trouble) -> std::io::Result<()> {
    match trouble {
        Trouble::Refuse => return client.set_zero_linger(),
        Trouble::Status(status) => return make_up(&mut client, status).await,
        _ => {}
    }
    let mut server = TcpStream::connect(server).await?;
    let (mut up, mut down) = (0, 0);
    let (mut from_client, mut from_server) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                let bytes = &mut from_client[..read];
                if let Trouble::Reset(after) = trouble && up + read as u64 > after {
                    return client.set_zero_linger();
                }
                if let Trouble::DamageUp(at) = trouble {
                    damage(bytes, up, at);
                }
                wait(trouble, read).await;
                server.write_all(bytes).await?;
                up += read as u64;
            }
            read = server.read(&mut from_server) => {
                let read = read?;
                if read == 0 || trouble == Trouble::LoseAnswer {
                    return Ok(());
                }
                let bytes = &mut from_server[..read];
                if let Trouble::Truncate(after) = trouble && down + read as u64 > after {
                    client.write_all(&bytes[..usize::try_from(after.saturating_sub(down)).unwrap_or(0)]).await?;
                    return Ok(());
                }
                if let Trouble::DamageDown(at) = trouble {
                    damage(bytes, down, at);
                }
                wait(trouble, read).await;
                client.write_all(bytes).await?;
                down += read as u64;
            }
        }
    }
}

/// Flips a bit of byte `at` of the stream, if it is among `bytes`, which begin at `offset`.
fn damage(bytes: &mut [u8], offset: u64, at: u64) {
    let index = at.checked_sub(offset).and_then(|index| usize::try_from(index).ok());
    if let Some(byte) = index.and_then(|index| bytes.get_mut(index)) {
        *byte ^= 1;
    }
}

async fn wait(trouble: Trouble, bytes: usize) {
    if let Trouble::Slow(rate) = trouble {
        tokio::time::sleep(Duration::from_secs_f64(bytes as f64 / rate as f64)).await;
    }
}

async fn make_up(client: &mut TcpStream, status: u16) -> std::io::Result<()> {
    let body = "<Error><Code>ServiceUnavailable</Code><Message>Please try again.</Message></Error>";
    let head = format!("HTTP/1.1 {status} Trouble\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut block = vec![0; 16 * 1024];
    if client.read(&mut block).await? == 0 {
        return Ok(());
    }
    client.write_all(format!("{head}{body}").as_bytes()).await?;
    client.shutdown().await?;
    let drain = async { while client.read(&mut block).await.is_ok_and(|read| read > 0) {} };
    let _ = tokio::time::timeout(DRAIN, drain).await;
    Ok(())
}
