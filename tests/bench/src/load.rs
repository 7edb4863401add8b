//! The load: requests over connections that stay, signed where the server wants it, on another core than the server's.

use std::io::{BufRead, BufReader, Error, Read, Result, Write};
use std::net::TcpStream;
use std::time::Instant;

use shared::clock::{Clock, SystemClock};
use shared::credentials::Credentials;
use shared::secret::Secret;
use shared::sign::{Request, SignVersion, Signer};

use bench::server::{BUCKET, KEY_ID, SECRET, Server};

/// What is asked of a server.
#[derive(Clone, Copy)]
pub struct Work {
    pub method: &'static str,
    pub size: u64,
    pub requests: usize,
    pub connections: usize,
}

/// What came of it.
pub struct Measured {
    pub bytes: f64,
    pub seconds: f64,
    pub cpu_seconds: f64,
}

const BLOCK: usize = 256 << 10;
/// So many names: what is written is written over, as folders would grow without end.
const NAMES: usize = 64;

/// Does the work once.
pub fn run(server: &Server, work: Work) -> Result<Measured> {
    let (began, cpu) = (Instant::now(), server.cpu_seconds());
    let share = work.requests / work.connections;
    let done: Vec<Result<()>> = std::thread::scope(|scope| {
        let lines = (0..work.connections).map(|line| scope.spawn(move || one_line(server, work, line, share)));
        let lines: Vec<_> = lines.collect();
        lines
            .into_iter()
            .map(|line| line.join().unwrap_or_else(|_| Err(Error::other("a line of the load failed"))))
            .collect()
    });
    done.into_iter().collect::<Result<()>>()?;
    let bytes = (share * work.connections) as f64 * work.size as f64;
    Ok(Measured { bytes, seconds: began.elapsed().as_secs_f64(), cpu_seconds: server.cpu_seconds() - cpu })
}

fn one_line(server: &Server, work: Work, line: usize, requests: usize) -> Result<()> {
    let mut socket = BufReader::with_capacity(BLOCK, TcpStream::connect(&server.address)?);
    socket.get_ref().set_nodelay(true)?;
    let mut block = vec![b'x'; BLOCK.min(work.size as usize)];
    for number in 0..requests {
        let key = format!("o{}-{line}-{}", work.size, number % NAMES);
        let body = if work.method == "PUT" { work.size } else { 0 };
        socket.get_mut().write_all(head(server, work.method, &key, body).as_bytes())?;
        for _ in 0..body / block.len() as u64 {
            socket.get_mut().write_all(&block)?;
        }
        let mut left = answer(&mut socket)?;
        if work.method == "GET" && left != work.size {
            return Err(Error::other(format!("{}: {left} bytes of {key}", server.name)));
        }
        while left > 0 {
            let want = block.len().min(left as usize);
            left -= socket.read(&mut block[..want])? as u64;
        }
    }
    Ok(())
}

/// A request's head, signed anew each time, as a client does.
fn head(server: &Server, method: &str, key: &str, length: u64) -> String {
    let mut request = Request::new(method, Some(BUCKET), Some(key));
    if server.signed {
        let user = Credentials::long_term(KEY_ID, Secret::new(SECRET));
        let now = SystemClock.now();
        Signer { credentials: &user, region: "cn-hangzhou", version: SignVersion::V4, now }.sign_headers(&mut request);
    }
    let headers: String = request.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let line = format!("{method} /{BUCKET}/{key} HTTP/1.1\r\nhost: {}\r\n", server.address);
    let length = if method == "PUT" { format!("content-length: {length}\r\n") } else { String::new() };
    format!("{line}{length}{headers}\r\n")
}

/// Reads an answer's head, which must be a success; how many bytes of body follow.
fn answer(socket: &mut impl BufRead) -> Result<u64> {
    let (mut length, mut first) = (0, String::new());
    socket.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line)? == 0 {
            return Err(Error::other(format!("cut off after {first:?}")));
        }
        if line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    if !first.starts_with("HTTP/1.1 20") {
        return Err(Error::other(first));
    }
    Ok(length)
}
