//! The front door of the services: so many connections at once, none waited for without end, requests that mean one thing.
//!
//! A service has [`Limits::connections`] places. When all are taken and one more client comes, those connections are closed
//! whose clients have kept them waiting longest ([`seat::Seat::claim`] says which may be); where every client is being served, the
//! newcomer waits, and others behind it in the system's queue. So connections that are opened and left keep nobody out,
//! however many they are, and a transfer that moves is never cut for another.

mod chunks;
mod head;
mod seat;
mod wire;

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, header};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::{BoxError, Service};

use head::Refusal;
use seat::Seat;
use wire::{Socket, Wire};

use crate::reply;

/// How many newcomers may wait in the system's queue; the system may allow fewer.
const QUEUE: u32 = 4096;
/// The most connections of one service.
const MAX_CONNECTIONS: usize = 4096;
/// Which part of a service's connections is closed at once to make room.
const AT_ONCE: usize = 64;
/// How long a newcomer waits before it looks again for a connection that can be given up.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// The pause after a refused accept, most often for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// The most that hyper reads or gathers for one connection, in bytes.
const MAX_BUFFER: usize = 128 * 1024;

/// The first byte of a TLS connection (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 22;

/// How many connections a service has at once, and how long each may keep it waiting.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Without a byte of a request.
    pub idle: Duration,
    /// From a head's first byte to its last; the TLS handshake has as long.
    pub head: Duration,
    /// Without a byte of a body that is being read.
    pub body: Duration,
    /// Without the client reading a byte of an answer.
    pub answer: Duration,
}

impl Limits {
    /// The emulator's limits; fewer connections where this process may not open enough files for the three services and the store.
    pub fn of_this_process() -> Self {
        Self {
            connections: open_files().map_or(MAX_CONNECTIONS, |files| MAX_CONNECTIONS.min(files / 4)).max(1),
            idle: Duration::from_secs(60),
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            answer: Duration::from_secs(60),
        }
    }
}

#[cfg(unix)]
fn open_files() -> Option<usize> {
    rlimit::Resource::NOFILE.get_soft().ok()?.try_into().ok()
}

#[cfg(not(unix))]
fn open_files() -> Option<usize> {
    None
}

/// In a request's extensions: whether it came over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secure(pub bool);

/// In an answer's extensions: it is not sent; the connection ends in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cut {
    /// As when the other side goes away.
    #[error("closed without an answer")]
    Close,
    /// As when something on the way drops it.
    #[error("reset without an answer")]
    Reset,
}

impl IntoResponse for Cut {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

/// The door of one service. Requests reach the router with [`ConnectInfo<SocketAddr>`] and [`Secure`] in their extensions.
pub struct Door {
    /// What answers.
    pub router: Router,
    /// For clients that begin with a TLS handshake. Plain HTTP is served beside it, on the same port, as OSS serves both.
    pub tls: Option<TlsAcceptor>,
    /// What clients may take.
    pub limits: Limits,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("tls", &self.tls.is_some()).field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Listens at `address`, with room for a burst of newcomers: one that finds the system's queue full tries again a second later.
///
/// # Errors
/// What the system says.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As the usual bind does: a restart need not wait until the last connections are forgotten. Windows means another thing by it.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// Serves until `stopped` says so, then until the requests under way are answered. Aborted, it closes all connections.
///
/// Trouble with one connection ends that connection alone; trouble with accepting is logged, and tried again.
pub async fn serve(listener: TcpListener, door: Door, stopped: watch::Receiver<bool>) {
    let door = Arc::new(door);
    let mut connections = Connections::default();
    let mut refused = false;
    let mut stop = pin!(told(stopped.clone()));
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            () = connections.one_ends() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                refused = false;
                tokio::select! {
                    () = &mut stop => break,
                    () = connections.make_room(door.limits.connections) => {}
                }
                let seat = Arc::new(Seat::new());
                let connection = connect(stream, peer, Arc::clone(&door), Arc::clone(&seat), stopped.clone());
                connections.add(seat, connection);
            }
            // The client went away while it waited.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                if !refused {
                    tracing::warn!("a connection could not be accepted: {error}; others are closed to make room");
                }
                refused = true;
                connections.give_up();
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.all_end().await;
}

/// Ready once the emulator is to stop; never, if nobody is left who could ask for it.
async fn told(mut stopped: watch::Receiver<bool>) {
    if stopped.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The connections of one service. Dropped, it closes them.
#[derive(Debug, Default)]
struct Connections {
    tasks: JoinSet<()>,
    seats: HashMap<Id, (AbortHandle, Arc<Seat>)>,
}

impl Connections {
    fn add(&mut self, seat: Arc<Seat>, connection: impl Future<Output = ()> + Send + 'static) {
        let handle = self.tasks.spawn(connection);
        self.seats.insert(handle.id(), (handle, seat));
    }

    /// Ready when a connection has ended; never, while there is none.
    async fn one_ends(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => self.seats.remove(&id),
            Some(Err(error)) => {
                if error.is_panic() {
                    tracing::error!("a connection ended in a panic: {error}");
                }
                self.seats.remove(&error.id())
            }
            None => std::future::pending().await,
        };
    }

    async fn all_end(&mut self) {
        while !self.tasks.is_empty() {
            self.one_ends().await;
        }
    }

    /// Ready when there are fewer than `most`; gives some up until then.
    async fn make_room(&mut self, most: usize) {
        while self.tasks.len() >= most {
            self.give_up();
            let _ = timeout(LOOK_AGAIN, self.one_ends()).await;
        }
    }

    /// Closes the connection with the best claim; of those between requests, where they have it, a few, so that a flood of
    /// newcomers does not pay for a look at all connections each.
    fn give_up(&mut self) {
        let now = Instant::now();
        let claims = self.seats.iter().filter_map(|(id, (_, seat))| Some((seat.claim(now)?, *id)));
        let mut claims: Vec<_> = claims.collect();
        claims.sort_unstable_by_key(|(claim, _)| *claim);
        let few = (self.seats.len() / AT_ONCE).max(1);
        for (index, ((within, _), id)) in claims.into_iter().take(few).enumerate() {
            if index > 0 && within {
                break;
            }
            if let Some((handle, _)) = self.seats.remove(&id) {
                handle.abort();
            }
        }
    }
}

/// One connection, from its first byte to its last.
async fn connect(
    stream: TcpStream,
    peer: SocketAddr,
    door: Arc<Door>,
    seat: Arc<Seat>,
    stopped: watch::Receiver<bool>,
) {
    // A small request must not wait for the acknowledgement of the answer before it.
    let _ = stream.set_nodelay(true);
    // What a request needs comes with its first byte: a connection that says nothing takes some hundred bytes.
    let mut first = [0];
    let spoke = tokio::select! {
        () = told(stopped.clone()) => return,
        spoke = timeout(door.limits.idle, stream.peek(&mut first)) => spoke,
    };
    if !matches!(spoke, Ok(Ok(1))) {
        return;
    }
    let limits = door.limits;
    let outcome = match &door.tls {
        Some(tls) if first == [TLS_HANDSHAKE] => match Box::pin(timeout(limits.head, tls.accept(stream))).await {
            Ok(Ok(stream)) => {
                let wire = Wire::new(stream, limits, Arc::clone(&seat));
                Box::pin(converse(wire, peer, Secure(true), door.router.clone(), seat, stopped)).await
            }
            Ok(Err(error)) => Err(error.into()),
            Err(late) => Err(late.into()),
        },
        _ => {
            let wire = Wire::new(stream, limits, Arc::clone(&seat));
            Box::pin(converse(wire, peer, Secure(false), door.router.clone(), seat, stopped)).await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!("a connection ended early: {error}");
    }
}

/// Requests and answers, until either side has had enough.
async fn converse<S: AsyncRead + AsyncWrite + Socket + Unpin + Send + 'static>(
    wire: Wire<S>,
    peer: SocketAddr,
    secure: Secure,
    router: Router,
    seat: Arc<Seat>,
    stopped: watch::Receiver<bool>,
) -> Result<(), BoxError> {
    let service = service_fn(move |mut request: Request<Incoming>| {
        let refusal = seat.refusal.get().copied();
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(secure);
        let (mut router, seat) = (router.clone(), Arc::clone(&seat));
        async move {
            if let Some(refusal) = refusal {
                return Ok(refused(refusal));
            }
            let Ok(response) = router.call(request.map(Body::new)).await;
            match response.extensions().get::<Cut>().copied() {
                None => Ok(response),
                Some(cut) => {
                    if cut == Cut::Reset {
                        seat.reset.store(true, Ordering::Relaxed);
                    }
                    Err(cut)
                }
            }
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .half_close(true) // who has sent all may say so, and still read the answer
            .header_read_timeout(None) // the wire does that
            .max_buf_size(MAX_BUFFER)
            .serve_connection(TokioIo::new(wire), service)
    );
    tokio::select! {
        outcome = connection.as_mut() => return Ok(outcome?),
        () = told(stopped) => connection.as_mut().graceful_shutdown(),
    }
    Ok(connection.await?)
}

fn refused(refusal: Refusal) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{}: {}.\n", refusal.status, refusal.reason)));
    *response.status_mut() = refusal.status;
    reply::set(&mut response, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    response
}

#[cfg(test)]
mod tests;
