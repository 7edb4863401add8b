//! The servers that are measured: started on free loopback ports, each on one core, ended with the run.

use std::fs;
use std::io::{BufRead, BufReader, Error, Result};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The bucket, and the folder of servers that know no buckets.
pub const BUCKET: &str = "bench-bucket";
pub const KEY_ID: &str = "DEMObench";
pub const SECRET: &str = "bench-secret";

/// A running server.
pub struct Server {
    pub name: &'static str,
    pub address: String,
    /// Whether requests are signed.
    pub signed: bool,
    /// From the start of the process to its first answer.
    pub first_answer: Duration,
    /// What it said first on standard output, if that was read.
    pub first_line: String,
    child: Child,
    dir: PathBuf,
}

impl Server {
    /// The emulator; on the disk and durable, or in memory and not.
    pub fn emulator(name: &'static str, binary: &str, no_sync: bool) -> Result<Self> {
        let dir = folder(name, no_sync)?;
        let mut command = on_core(0, binary);
        command.args(["--bucket", BUCKET, "--data"]).arg(&dir);
        command
            .env("EMULATOR_ACCESS_KEY_ID", KEY_ID)
            .env("EMULATOR_ACCESS_KEY_SECRET", SECRET)
            .env("RUST_LOG", "error");
        if no_sync {
            command.arg("--no-sync");
        }
        let endpoint = |line: &str| {
            let ready: serde_json::Value = serde_json::from_str(line)?;
            Ok(ready["oss_endpoint"].as_str().unwrap_or_default().trim_start_matches("http://").to_owned())
        };
        let mut server = Self::by_first_line(name, command, dir, endpoint)?;
        server.signed = true;
        Ok(server)
    }

    /// Any server whose first line on standard output tells its address, once `address` has found it there.
    pub fn by_first_line(
        name: &'static str,
        mut command: Command,
        dir: PathBuf,
        address: impl Fn(&str) -> Result<String>,
    ) -> Result<Self> {
        let began = Instant::now();
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let address = address(&line)?;
        first_answer(&address)?;
        Ok(Self { name, address, signed: false, first_answer: began.elapsed(), first_line: line, child, dir })
    }

    /// s3s-fs without keys, which lets anybody in.
    pub fn s3s(binary: &str) -> Result<Self> {
        let dir = folder("s3s-fs", true)?;
        fs::create_dir_all(dir.join(BUCKET))?;
        let port = free_port()?;
        let mut command = on_core(0, binary);
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]).arg(&dir).env("RUST_LOG", "error");
        Self::by_port("s3s-fs", command, port, dir)
    }

    /// nginx with WebDAV for PUT, one worker. With `sendfile` a file's bytes never pass through the process.
    pub fn nginx(name: &'static str, binary: &str, sendfile: bool) -> Result<Self> {
        let dir = folder(name, true)?;
        let sendfile = if sendfile { "sendfile on; tcp_nopush on;" } else { "sendfile off;" };
        fs::create_dir_all(dir.join(BUCKET))?;
        let (port, at) = (free_port()?, dir.display());
        let user = if is_root() { "user root;" } else { "" };
        let text = format!(
            "daemon off; {user} worker_processes 1; pid {at}/pid; error_log stderr crit;
             events {{ }}
             http {{
                 access_log off; {sendfile} keepalive_requests 1000000;
                 client_max_body_size 0; client_body_temp_path {at}/body; proxy_temp_path {at}/proxy;
                 fastcgi_temp_path {at}/fastcgi; uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
                 server {{ listen 127.0.0.1:{port}; root {at}; location / {{ dav_methods PUT DELETE; }} }}
             }}"
        );
        fs::write(dir.join("nginx.conf"), text)?;
        let mut command = on_core(0, binary);
        command.arg("-p").arg(&dir).arg("-c").arg(dir.join("nginx.conf"));
        Self::by_port(name, command, port, dir)
    }

    /// Any server that listens on `port` of loopback; `dir` is removed with it.
    pub fn by_port(name: &'static str, mut command: Command, port: u16, dir: PathBuf) -> Result<Self> {
        let began = Instant::now();
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let address = format!("127.0.0.1:{port}");
        first_answer(&address)?;
        Ok(Self { name, address, signed: false, first_answer: began.elapsed(), first_line: String::new(), child, dir })
    }

    /// Processor time of the process and of its children so far, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        self.pids().iter().map(|pid| cpu_ticks(*pid) / 100.0).sum()
    }

    /// The highest that resident memory has been, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, field: &str) -> u64 {
        let of = |pid: &u32| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default().to_owned();
            line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or_default() * 1024
        };
        self.pids().iter().map(of).max().unwrap_or_default()
    }

    /// Resident memory at the moment, in bytes.
    pub fn resident_memory(&self) -> u64 {
        self.memory("VmRSS:")
    }

    fn pids(&self) -> Vec<u32> {
        let own = self.child.id();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        std::iter::once(own).chain(children.split_whitespace().filter_map(|pid| pid.parse().ok())).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // nginx's master ends its worker when it is asked to; a kill would leave it.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn cpu_ticks(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Behind the name, which may hold anything: user and system time are the 12th and 13th.
    let behind = stat.rsplit_once(") ").map_or("", |(_, behind)| behind).to_owned();
    behind.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum()
}

fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t"))
}

/// A folder for one server, in memory where that is wanted and can be had.
pub fn folder(name: &str, in_memory: bool) -> Result<PathBuf> {
    let shm = Path::new("/dev/shm");
    let base = if in_memory && shm.is_dir() { shm.to_owned() } else { std::env::temp_dir() };
    let dir = base.join(format!("bench-{}-{}", std::process::id(), name.replace(' ', "-")));
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// A command that is run on one core, where `taskset` is there.
pub fn on_core(core: u32, binary: &str) -> Command {
    if Path::new("/usr/bin/taskset").exists() {
        let mut command = Command::new("/usr/bin/taskset");
        command.args(["-c", &core.to_string(), binary]);
        return command;
    }
    Command::new(binary)
}

/// A port of loopback that nobody listens on.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Connects until somebody answers.
fn first_answer(address: &str) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if let Ok(mut socket) = TcpStream::connect(address) {
            std::io::Write::write_all(&mut socket, b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
            let mut line = String::new();
            BufReader::new(socket).read_line(&mut line)?;
            if line.starts_with("HTTP/1.1 ") {
                return Ok(());
            }
        }
        std::thread::yield_now();
    }
    Err(Error::other(format!("{address} does not answer")))
}
