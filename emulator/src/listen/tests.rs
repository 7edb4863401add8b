//! The door with limits that a test can wait for.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Door, Limits, serve};

/// Longer than any test may take.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(150);

const LIMITS: Limits = Limits { connections: 8, idle: LONG, head: LONG, body: LONG, answer: LONG };

struct House {
    address: std::net::SocketAddr,
    stop: watch::Sender<bool>,
    service: JoinHandle<()>,
}

impl House {
    /// Answers the number of bytes in a request's body and its path; `/large` with more than a client's buffers hold.
    async fn open(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let router = Router::new().fallback(|request: Request| async move {
            let path = request.uri().path().to_owned();
            if path == "/large" {
                return Body::from(vec![0; 64 << 20]);
            }
            let mut pieces = request.into_body().into_data_stream();
            let mut received = 0;
            while let Some(piece) = pieces.next().await {
                match piece {
                    Ok(piece) => received += piece.len(),
                    Err(_) => return Body::from("broken off"),
                }
            }
            Body::from(format!("{received} {path}"))
        });
        let service = tokio::spawn(serve(listener, Door { router, tls: None, limits }, stopped));
        Self { address, stop, service }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `bytes` on a connection of their own and reads until it ends.
    async fn ask(&self, bytes: &[u8]) -> String {
        let mut socket = self.connect().await;
        socket.write_all(bytes).await.unwrap();
        rest(socket).await
    }
}

async fn rest(mut socket: TcpStream) -> String {
    let mut answer = Vec::new();
    // Whatever came before a reset counts.
    let _ = timeout(LONG, socket.read_to_end(&mut answer)).await.expect("the connection ends");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads until the answer ends with `end`.
async fn until(socket: &mut TcpStream, end: &str) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(end.as_bytes()) {
        let mut byte = [0];
        let read = timeout(LONG, socket.read(&mut byte)).await.expect("an answer").unwrap();
        assert_eq!(read, 1, "{}", String::from_utf8_lossy(&answer));
        answer.push(byte[0]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn requests_follow_each_other_however_they_are_cut() {
    let house = House::open(LIMITS).await;
    let stream = "\r\nPUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello\
                  PUT /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\r\n\
                  GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    for step in [1, 2, 3, 7, 50, stream.len()] {
        let mut socket = house.connect().await;
        socket.set_nodelay(true).unwrap();
        for piece in stream.as_bytes().chunks(step) {
            socket.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        let answers = rest(socket).await;
        let places = ["5 /1", "3 /2", "0 /3"].map(|answer| answers.find(answer));
        assert!(places.is_sorted() && places.iter().all(Option::is_some), "cut by {step}: {answers}");
    }
}

#[tokio::test]
async fn a_refused_request_is_told_why_after_those_before_it() {
    let house = House::open(LIMITS).await;
    let good = "GET /good HTTP/1.1\r\nHost: h\r\n\r\n";
    let both = "PUT /bad HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let answers = house.ask(format!("{good}{both}{good}").as_bytes()).await;
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "nothing after a refusal is read: {answers}");
    let (first, second) = answers.split_at(answers.rfind("HTTP/1.1 ").unwrap());
    assert!(first.ends_with("0 /good"), "{first}");
    assert!(second.starts_with("HTTP/1.1 400 ") && second.contains("connection: close"), "{second}");
    assert!(
        second.ends_with("400 Bad Request: Content-Length and Transfer-Encoding exclude each other.\n"),
        "{second}"
    );
    // A client that sends on, whatever it is told, sees why as well.
    let large = format!("GET / HTTP/1.1\r\nHost: h\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
    let answer = house.ask(large.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn nobody_is_waited_for_without_end() {
    let head = "GET / HTTP/1.1\r\nHost: h\r\n";
    let slow_head = House::open(Limits { head: SHORT, ..LIMITS }).await;
    assert!(slow_head.ask(head.as_bytes()).await.starts_with("HTTP/1.1 408 "));
    let slow_body = House::open(Limits { body: SHORT, ..LIMITS }).await;
    for body in ["Content-Length: 9\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n9\r\nhello"] {
        let answer = slow_body.ask(format!("{head}{body}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("broken off"), "{answer}");
    }
    let idle = House::open(Limits { idle: SHORT, ..LIMITS }).await;
    assert_eq!(idle.ask(b"").await, "");
    let answer = idle.ask(format!("{head}\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("0 /"), "{answer}");
    let deaf = House::open(Limits { answer: SHORT, ..LIMITS }).await;
    let mut socket = deaf.connect().await;
    socket.write_all(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    // The door stays open for this one alone: shutdown ends when its last connection does.
    deaf.stop.send(true).unwrap();
    timeout(LONG, deaf.service).await.expect("the deaf client is given up").unwrap();
}

#[tokio::test]
async fn connections_that_are_left_keep_nobody_out() {
    let house = House::open(LIMITS).await;
    // Under way: its client is slow, but not for long enough to lose its place.
    let mut upload = house.connect().await;
    upload
        .write_all(b"PUT /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        .await
        .unwrap();
    until(&mut upload, "100 Continue\r\n\r\n").await;
    // Once used, then left; and most of all: opened and left, some in the middle of a head.
    let mut used = house.connect().await;
    used.write_all(b"GET /used HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    until(&mut used, "0 /used").await;
    let mut left = Vec::new();
    for index in 0..200 {
        let mut socket = house.connect().await;
        if index % 2 == 0 {
            socket.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        }
        left.push(socket);
        if index % 20 == 0 {
            let answer = house.ask(b"GET /other HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
            assert!(answer.ends_with("0 /other"), "{index}: {answer}");
        }
    }
    assert_eq!(rest(used).await, "", "the oldest idle connection is closed");
    upload.write_all(b"ab").await.unwrap();
    until(&mut upload, "2 /upload").await;
}

#[tokio::test]
async fn where_all_are_served_a_newcomer_waits_for_its_turn() {
    let house = House::open(Limits { connections: 1, ..LIMITS }).await;
    let mut first = house.connect().await;
    first
        .write_all(b"PUT /first HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        .await
        .unwrap();
    until(&mut first, "100 Continue\r\n\r\n").await;
    let second = house.ask(b"GET /second HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let in_turn = async {
        first.write_all(b"ab").await.unwrap();
        until(&mut first, "2 /first").await;
    };
    let (second, ()) = tokio::join!(second, in_turn);
    assert!(second.ends_with("0 /second"), "{second}");
}

#[tokio::test]
async fn a_client_that_has_sent_all_may_say_so() {
    let house = House::open(LIMITS).await;
    let mut socket = house.connect().await;
    socket.write_all(b"PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na").await.unwrap();
    socket.shutdown().await.unwrap();
    assert!(rest(socket).await.ends_with("1 /k"));
}

#[tokio::test]
async fn the_end_lets_requests_finish_and_frees_the_port() {
    let house = House::open(LIMITS).await;
    let idle = house.connect().await;
    let mut busy = house.connect().await;
    busy.write_all(b"PUT /busy HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        .await
        .unwrap();
    until(&mut busy, "100 Continue\r\n\r\n").await;
    house.stop.send(true).unwrap();
    assert_eq!(rest(idle).await, "");
    busy.write_all(b"a").await.unwrap();
    assert!(rest(busy).await.ends_with("1 /busy"));
    timeout(LONG, house.service).await.expect("the service ends").unwrap();
    TcpListener::bind(house.address).await.expect("the port is free");
}
