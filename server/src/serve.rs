//! The accept loop: bounded connections, HTTPS where there is a certificate, a time limit on handshakes and request heads, and a
//! shutdown that lets requests finish.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;
use tower::Service;

use crate::config::LimitsSection;
use crate::limit::{Seat, Seats};
use crate::metrics::{Connection, Metrics};
use crate::tls::Tls;

/// How long a connection may take to send a request's head; also how long it may stay idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a client may take over the handshake of HTTPS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may leave an answer unread.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(20);
/// How long requests may take to finish once the server is told to stop.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(12);
/// The pause after a refused accept, most often for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where a request's connection comes from; an extension of every request that [`serve`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

impl Peer {
    /// Without the port.
    pub fn address(self) -> IpAddr {
        self.0.ip()
    }
}

/// What answers requests.
pub trait Answer: Clone + Send + Sync + 'static {
    /// The answer to one request, which came from `peer`.
    fn answer(&self, request: Request<Incoming>, peer: Peer) -> impl Future<Output = Response> + Send;

    /// Whether many clients may stand behind `address`, as behind a proxy: then it may hold any number of the connections.
    fn is_shared(&self, address: IpAddr) -> bool {
        address.to_canonical().is_loopback()
    }
}

impl Answer for Router {
    async fn answer(&self, mut request: Request<Incoming>, peer: Peer) -> Response {
        request.extensions_mut().insert(peer);
        let Ok(response) = self.clone().call(request).await;
        response
    }
}

/// How connections are taken.
#[derive(Debug)]
pub struct Door {
    /// HTTPS, if any.
    pub tls: Option<Tls>,
    /// How many connections may be open; more wait in the system's queue.
    pub connections: NonZeroUsize,
    /// How long a client may leave an answer unread.
    pub patience: Duration,
    /// Where connections are counted.
    pub metrics: Arc<Metrics>,
}

impl Default for Door {
    /// Plain HTTP.
    fn default() -> Self {
        Self {
            tls: None,
            connections: LimitsSection::default().connections,
            patience: UNREAD_TIMEOUT,
            metrics: Arc::default(),
        }
    }
}

/// Serves `routes` on `listener` over plain HTTP until `shutdown` completes, then lets running requests finish, 12 s at most.
///
/// # Errors
/// When the listener itself is unusable. Trouble with one connection is logged, and ends that connection alone.
pub async fn serve(listener: TcpListener, routes: impl Answer, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    serve_through(Door::default(), listener, routes, shutdown).await
}

/// As [`serve`], through a door of one's own.
///
/// # Errors
/// As [`serve`]; also when HTTPS cannot be set up.
pub async fn serve_through(
    door: Door,
    listener: TcpListener,
    routes: impl Answer,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let acceptor = door.tls.as_ref().map(Tls::acceptor).transpose().map_err(io::Error::other)?;
    let _watch = door.tls.map(|tls| StopWithIt(tokio::spawn(tls.watch()).abort_handle()));
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(door.connections.get()));
    let seats = Seats::new(door.connections);
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let Some(seat) = seats.take(peer.ip(), routes.is_shared(peer.ip())) else {
                    door.metrics.limited("connections");
                    continue;
                };
                let held = Held { _place: place, _seat: seat, _counted: door.metrics.connection() };
                tokio::spawn(converse(
                    stream,
                    Peer(peer),
                    acceptor.clone(),
                    routes.clone(),
                    (graceful.watcher(), door.patience),
                    held,
                ));
            }
            Err(error) if error.kind() == ErrorKind::InvalidInput => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(SHUTDOWN_GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish before the shutdown");
    }
    Ok(())
}

/// Ends a task when it goes out of scope.
struct StopWithIt(AbortHandle);

impl Drop for StopWithIt {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The next connection, once there is a place for it; until then it waits in the system's queue.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    // Answers are one packet; waiting for more to send with it would only delay it.
    // A connection that is gone already shows when it is read.
    let _ = stream.set_nodelay(true);
    Ok((stream, peer, place))
}

/// What a connection holds while it is open.
struct Held {
    _place: OwnedSemaphorePermit,
    _seat: Seat,
    _counted: Connection,
}

/// One connection to its end; `held` is given back then.
async fn converse(
    stream: TcpStream,
    peer: Peer,
    acceptor: Option<TlsAcceptor>,
    routes: impl Answer,
    manner: (Watcher, Duration),
    held: Held,
) {
    match acceptor {
        None => answer(stream, peer, routes, manner).await,
        Some(acceptor) => match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => answer(stream, peer, routes, manner).await,
            Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
            Err(_) => tracing::debug!("a handshake took too long"),
        },
    }
    drop(held);
}

async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    peer: Peer,
    routes: impl Answer,
    (watcher, patience): (Watcher, Duration),
) {
    // hyper waits for ever until what it writes is read.
    let mut stream = Box::pin(TimeoutWriter::new(stream));
    stream.as_mut().set_timeout_pinned(Some(patience));
    let service = service_fn(|request| async { Ok::<_, Infallible>(routes.answer(request, peer).await) });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
