//! The emulator as a program, and signed requests to it over a connection that stays.

#![allow(clippy::panic, clippy::unwrap_used, dead_code)] // helpers of tests: a surprise is a failure, and each test uses some

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use shared::clock::{Clock, SystemClock};
use shared::credentials::Credentials;
use shared::region::key_path;
use shared::secret::Secret;
use shared::sign::{Request, SignVersion, Signer};

/// A running emulator; killed when dropped.
pub struct Program {
    child: Child,
    ready: serde_json::Value,
}

impl Program {
    /// Starts the program on `data`; `shell` says what to do before, as to set limits.
    pub fn start(data: &Path, shell: &str, arguments: &str) -> Self {
        let binary = env!("CARGO_BIN_EXE_emulator");
        let mut child = Command::new("/bin/sh")
            .arg("-c")
            .arg(format!("{shell} exec {binary} --data '{}' {arguments}", data.display()))
            .env("EMULATOR_ACCESS_KEY_ID", "DEMOprogram")
            .env("EMULATOR_ACCESS_KEY_SECRET", "program-secret")
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut log = String::new();
            child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
            child.wait().unwrap();
            panic!("the emulator did not start: {log}");
        }
        Self { child, ready: serde_json::from_str(&line).unwrap() }
    }

    /// A value of the line of readiness.
    pub fn text(&self, name: &str) -> String {
        self.ready[name].as_str().unwrap().to_owned()
    }

    /// Ends it as SIGKILL does; its log.
    pub fn kill(&mut self) -> String {
        self.child.kill().unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        self.child.wait().unwrap();
        log
    }

    /// A connection to OSS.
    pub fn connect(&self) -> Connection {
        Connection::to(&self.text("oss_endpoint"), &self.text("region"))
    }

    /// A connection to the control port.
    pub fn control_connection(&self) -> Connection {
        Connection::to(&self.text("control_endpoint"), "")
    }

    /// A request to the control port; status and body.
    pub fn control(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let answer = self.control_connection().control(method, path, body).unwrap();
        (answer.status, String::from_utf8(answer.body).unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The head, as it came.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).next().unwrap_or_default()
    }

    /// The text of an XML element, or nothing.
    pub fn leaf(&self, name: &str) -> String {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        let behind = text.split(&format!("<{name}>")).nth(1).unwrap_or_default();
        behind.split('<').next().unwrap_or_default().to_owned()
    }
}

/// One connection.
pub struct Connection {
    socket: BufReader<TcpStream>,
    address: String,
    region: String,
}

impl Connection {
    fn to(endpoint: &str, region: &str) -> Self {
        let address = endpoint.trim_start_matches("http://").to_owned();
        let socket = TcpStream::connect(&address).unwrap();
        socket.set_nodelay(true).unwrap();
        Self { socket: BufReader::new(socket), address, region: region.to_owned() }
    }

    /// Signs and sends; an error when the emulator is gone, before or after it has taken the request.
    pub fn ask(&mut self, request: Request, body: &[u8]) -> std::io::Result<Answer> {
        let head = self.signed(request);
        self.exchange(&head, body)
    }

    fn signed(&self, mut request: Request) -> String {
        let user = Credentials::long_term("DEMOprogram", Secret::new("program-secret"));
        let now = SystemClock.now();
        Signer { credentials: &user, region: &self.region, version: SignVersion::V4, now }.sign_headers(&mut request);
        let query = request.query_string();
        let mark = if query.is_empty() { "" } else { "?" };
        let bucket = request.bucket.as_deref().unwrap_or_default();
        let path = format!("/{bucket}/{}{mark}{query}", key_path(request.key.as_deref().unwrap_or_default()));
        let mut head = format!("{} {path} HTTP/1.1\r\nhost: {}\r\n", request.method, self.address);
        for (name, value) in &request.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head
    }

    /// A request without a signature, as the control port takes it.
    pub fn control(&mut self, method: &str, path: &str, body: &str) -> std::io::Result<Answer> {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n");
        self.exchange(&head, body.as_bytes())
    }

    fn exchange(&mut self, head: &str, body: &[u8]) -> std::io::Result<Answer> {
        let mut answer = self.head_of(head, body)?;
        self.socket.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    /// Sends, and reads the answer's head; its body has its length, and is still to be read.
    fn head_of(&mut self, head: &str, body: &[u8]) -> std::io::Result<Answer> {
        let head = format!("{head}content-length: {}\r\n\r\n", body.len());
        let socket = self.socket.get_mut();
        socket.write_all(head.as_bytes())?;
        for piece in body.chunks(16 * 1024) {
            socket.write_all(piece)?;
        }
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.socket.read_line(&mut head)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        let mut answer = Answer { status, head, body: Vec::new() };
        let length = answer.header("content-length").parse().unwrap_or_default();
        answer.body.resize(length, 0);
        Ok(answer)
    }

    /// Signs and sends, and reads the answer's head alone; [`Connection::rest`] reads the rest.
    pub fn begin(&mut self, request: Request) -> Answer {
        let head = self.signed(request);
        self.head_of(&head, &[]).unwrap()
    }

    /// Reads the body of an answer that was begun.
    pub fn rest(&mut self, mut answer: Answer) -> Vec<u8> {
        self.socket.read_exact(&mut answer.body).unwrap();
        answer.body
    }
}

/// Numbers that look like chance, the same in every run.
pub struct Chance(u64);

impl Chance {
    /// Of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// From nought to `below`, without it.
    pub fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % below
    }

    /// So many bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let start = self.below(251);
        (0..length).map(|at| ((at * 31 + start) % 251) as u8).collect()
    }
}

/// All files below `dir`, by name.
pub fn files(dir: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() {
            names.extend(files(&entry.path()));
        } else {
            names.insert(entry.file_name().into_string().unwrap());
        }
    }
    names
}

/// All blobs that the records of the index name; read from a copy, as the file is in use.
pub fn named_blobs(data: &Path) -> BTreeSet<String> {
    let copy = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(data.join("index.redb"), copy.path()).unwrap();
    let db = redb::Database::open(copy.path()).unwrap();
    let read = redb::ReadableDatabase::begin_read(&db).unwrap();
    let mut names = BTreeSet::new();
    for table in ["objects", "history", "parts"] {
        let table = read.open_table(redb::TableDefinition::<&[u8], &[u8]>::new(table)).unwrap();
        for row in redb::ReadableTable::iter(&table).unwrap() {
            let record: serde_json::Value = serde_json::from_slice(row.unwrap().1.value()).unwrap();
            collect_blobs(&record, &mut names);
        }
    }
    names
}

fn collect_blobs(value: &serde_json::Value, names: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            names.extend(fields.get("blob").and_then(|blob| blob.as_str()).map(str::to_owned));
            fields.values().for_each(|value| collect_blobs(value, names));
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect_blobs(value, names)),
        _ => {}
    }
}
