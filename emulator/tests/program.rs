//! The emulator as a program: its one line, its logs, its memory, its end.

#![allow(clippy::unwrap_used)] // helpers of tests, where a surprise is a failure

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use shared::clock::{Clock, SystemClock};
use shared::credentials::Credentials;
use shared::secret::Secret;
use shared::sign::{Request, SignVersion, Signer};

struct Program {
    child: Child,
    ready: serde_json::Value,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_emulator"))
            .args(arguments)
            .env("EMULATOR_ACCESS_KEY_ID", "DEMOprogram")
            .env("EMULATOR_ACCESS_KEY_SECRET", "program-secret")
            .env("RUST_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        // Read by the byte: what comes after the line must stay in the pipe.
        let out = child.stdout.as_mut().unwrap();
        let mut byte = [0];
        while out.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            line.push(char::from(byte[0]));
        }
        Self { child, ready: serde_json::from_str(&line).unwrap() }
    }

    fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// Peak resident memory so far, in MiB.
    #[cfg(target_os = "linux")]
    fn peak_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    /// One signed request over a connection of its own; the answer's head, and how many bytes of body came.
    fn ask(&self, method: &str, key: &str, megabytes: usize) -> (String, usize) {
        let user = Credentials::long_term(self.text("access_key_id"), Secret::new(self.text("access_key_secret")));
        let mut request = Request::new(method, Some(self.text("bucket")), Some(key));
        let now = SystemClock.now();
        Signer { credentials: &user, region: self.text("region"), version: SignVersion::V4, now }
            .sign_headers(&mut request);
        let address = self.text("oss_endpoint").trim_start_matches("http://");
        let mut socket = TcpStream::connect(address).unwrap();
        let headers: String = request.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = megabytes << 20;
        let path = format!("/{}/{key}", self.text("bucket"));
        let line = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
        socket.write_all(format!("{line}content-length: {length}\r\n{headers}\r\n").as_bytes()).unwrap();
        let block = vec![7; 1 << 20];
        for _ in 0..megabytes {
            socket.write_all(&block).unwrap();
        }
        let mut answer = BufReader::new(socket);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(answer.read_line(&mut head).unwrap() > 0, "{head}");
        }
        (head, std::io::copy(&mut answer, &mut std::io::sink()).unwrap() as usize)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn one_line_says_where_everything_is() {
    let mut program = Program::start(&["--region", "cn-shanghai", "--bucket", "my-photos"]);
    let names: Vec<&String> = program.ready.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "access_key_id",
            "access_key_secret",
            "bucket",
            "control_endpoint",
            "oss_endpoint",
            "region",
            "role_arn",
            "sts_endpoint"
        ]
    );
    for (name, value) in [
        ("region", "cn-shanghai"),
        ("bucket", "my-photos"),
        ("access_key_id", "DEMOprogram"),
        ("access_key_secret", "program-secret"),
    ] {
        assert_eq!(program.text(name), value);
    }
    let (head, _) = program.ask("PUT", "k", 0);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    program.child.kill().unwrap();
    let (mut out, mut log) = (String::new(), String::new());
    program.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    program.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(out, "", "nothing but the line is on standard output");
    assert!(log.contains("OSS at http://127.0.0.1:"), "{log}");
    assert!(!log.contains("program-secret"), "the log holds the secret");
}

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_object() {
    let program = Program::start(&[]);
    let (head, _) = program.ask("PUT", "small", 1);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let before = program.peak_mib();
    let (head, _) = program.ask("PUT", "large", 256);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let (head, length) = program.ask("GET", "large", 0);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(length, 256 << 20);
    let grown = program.peak_mib() - before;
    assert!(grown <= 24, "the peak grew by {grown} MiB for an object of 256 MiB");
}

#[test]
fn a_wrong_option_is_named() {
    for (arguments, wanted) in [
        (&["--listen", "127.0.0.1:99999"][..], "--listen"),
        (&["--region", "CN HANGZHOU"], "--region"),
        (&["--bucket", "Bad_Bucket"], "lower-case"),
        (&["--role-arn", "arn:aws:iam::1:role/x"], "acs:ram::<account number>:role/<name>"),
        (&["--access-key-id", "STS.x"], "--access-key-id"),
        (&["--data", "/dev/null/x"], "/dev/null/x"),
        (&["--accounts", "/dev/null/x.json"], "--accounts /dev/null/x.json"),
        (&["--sts-rate", "0"], "--sts-rate"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_emulator")).args(arguments).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {log}");
        assert!(output.stdout.is_empty());
        assert!(log.contains(wanted), "{arguments:?}: {log}");
    }
}

#[test]
#[cfg(unix)]
fn who_is_told_to_stop_at_once_leaves_nothing() {
    for round in 0..10 {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_emulator"));
        command.env("TMPDIR", dir.path()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut byte = [0];
        child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        let status = child.wait().unwrap();
        assert!(status.success(), "{round}: {status}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{round}: the temporary folder is left");
    }
}

#[test]
fn an_endpoint_is_one_that_a_client_can_use() {
    let program = Program::start(&["--listen", "0.0.0.0:0"]);
    assert!(program.text("oss_endpoint").starts_with("http://127.0.0.1:"), "{}", program.text("oss_endpoint"));
    let (head, _) = program.ask("PUT", "k", 0);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
}
