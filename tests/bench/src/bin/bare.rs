//! What a token endpoint costs at least: axum answering `GET /` with ready bytes and the same headers; nothing else.
//!
//! The bytes are the file that is named first; the address is on the first line of standard output.

use std::io::Write;

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let body = Bytes::from(std::fs::read(std::env::args().nth(1).unwrap_or_default())?);
    let headers = [("content-type", "application/json"), ("cache-control", "no-store"), ("pragma", "no-cache")];
    let handler = move || {
        let body = body.clone();
        async move { (headers, body) }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
    axum::serve(listener, Router::new().route("/", get(handler))).await
}
