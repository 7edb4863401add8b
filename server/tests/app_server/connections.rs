//! Those who hold connections: who leaves answers unread, and who takes more than others would have left.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use server::{Answer, Door, Peer, Routes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::support::{FakeSts, app, config};

const PROMPTLY: Duration = Duration::from_secs(10);

/// The routes, to clients that each count for themselves although they come from this machine.
#[derive(Clone)]
struct ToStrangers(Routes);

impl Answer for ToStrangers {
    async fn answer(&self, request: Request<Incoming>, peer: Peer) -> Response {
        self.0.answer(request, peer).await
    }

    fn is_shared(&self, _: IpAddr) -> bool {
        false
    }
}

/// A server of `connections` connections whose clients are strangers, and its address.
async fn serve(connections: usize, patience: Duration) -> (SocketAddr, Arc<server::App>) {
    let sts = FakeSts::granting().await;
    let (app, listener) = (app(config(&sts.endpoint)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.local_addr().unwrap();
    let connections = NonZeroUsize::new(connections).unwrap();
    let door = Door { connections, patience, metrics: app.metrics(), ..Door::default() };
    let routes = ToStrangers(server::router(Arc::clone(&app)));
    tokio::spawn(server::serve_through(door, listener, routes, std::future::pending()));
    (address, app)
}

/// A connection from `from`, whose owner takes in little at a time.
async fn connect(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Whether `/healthz` is answered over `stream`.
async fn is_served(stream: &mut TcpStream) -> bool {
    let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut head = [0; 12];
    let read = tokio::time::timeout(PROMPTLY, stream.read_exact(&mut head)).await.expect("an answer, or the end");
    asked.is_ok() && read.is_ok() && head == *b"HTTP/1.1 200"
}

#[cfg(target_os = "linux")] // where all of 127.0.0.0/8 is this machine
#[tokio::test]
async fn one_address_gets_half_of_the_connections_and_others_the_rest() {
    let (to, app) = serve(4, PROMPTLY).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = connect("127.0.0.2", to).await;
        assert!(is_served(&mut stream).await);
        held.push(stream);
    }
    assert!(!is_served(&mut connect("127.0.0.2", to).await).await, "it holds its half");
    assert!(is_served(&mut connect("127.0.0.3", to).await).await);
    let metrics = app.metrics().text((0, 0), (false, 0));
    assert!(metrics.contains(r#"direct_transfer_limited_total{by="connections"} 1"#), "{metrics}");
}

#[tokio::test]
async fn who_leaves_answers_unread_is_let_go() {
    let (to, _) = serve(2, Duration::from_millis(200)).await;
    let mut deaf = connect("127.0.0.1", to).await;
    // It asks on and on; once buffers are full nothing moves, until the server ends it.
    let ask_on = async { while deaf.write_all(b"GET /v1/openapi.json HTTP/1.1\r\nHost: h\r\n\r\n").await.is_ok() {} };
    tokio::time::timeout(PROMPTLY, ask_on).await.expect("it is let go");
    assert!(is_served(&mut connect("127.0.0.1", to).await).await, "its place is free again");
}
