//! Measures `GET /` of the app server beside a bare axum handler that returns the same bytes, and beside the document's Node
//! sample; then its memory with many identities. Prints Markdown.

use std::fs;
use std::io::{BufRead, BufReader, Error, Read, Result, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bench::server::{KEY_ID, SECRET, Server, folder, free_port, on_core};
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use shared::secret::Secret;
use shared::sign::acs3;

/// Connections at once.
const CONNECTIONS: usize = 8;
/// Requests of one round.
const REQUESTS: usize = 120_000;
/// Node asks STS for each.
const SAMPLE_REQUESTS: usize = 2_000;
const ROUNDS: usize = 5;
/// How long latency is measured.
const PACED: Duration = Duration::from_secs(5);
/// Users with a token each.
const IDENTITIES: usize = 100_000;
const URL_SECRET: &str = "0123456789abcdef0123456789abcdef";

struct Binaries<'a> {
    emulator: &'a str,
    server: &'a str,
    bare: &'a str,
    /// The folder that holds `node_modules` with ali-oss.
    modules: Option<&'a str>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [emulator, server, bare, modules @ ..] = arguments.as_slice() else {
        eprintln!("usage: token EMULATOR SERVER BARE [NODE-MODULES-FOLDER]; see token.sh");
        std::process::exit(2);
    };
    measure(&Binaries { emulator, server, bare, modules: modules.first().map(String::as_str) })
}

fn measure(binaries: &Binaries<'_>) -> Result<()> {
    let emulator = Server::emulator("sts", binaries.emulator, true)?;
    let ready: Value = serde_json::from_str(&emulator.first_line)?;
    let ours = app_server(binaries.server, &ready, 1)?;
    let body = get(&ours.address, "/")?;
    let bare = bare_axum(binaries.bare, &body)?;

    let mut ratios = Vec::new();
    let (mut costs, mut rates) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for round in 0..ROUNDS {
        let mut cost = [0.0; 2];
        for turn in 0..2 {
            let which = (turn + round) % 2;
            let server = [&ours, &bare][which];
            let (cpu, began) = (server.cpu_seconds(), Instant::now());
            blast(&server.address, REQUESTS)?;
            cost[which] = (server.cpu_seconds() - cpu) / REQUESTS as f64 * 1e6;
            rates[which].push(REQUESTS as f64 / began.elapsed().as_secs_f64());
            costs[which].push(cost[which]);
        }
        ratios.push(cost[0] / cost[1]);
        eprintln!("round {} of {ROUNDS}: {:.2} and {:.2} µs", round + 1, cost[0], cost[1]);
    }
    let rates = rates.map(median);
    let late = [&ours, &bare].map(|server| paced(&server.address, rates[0].min(rates[1]) / 2.0));
    println!("`GET /`, a body of {} bytes, {CONNECTIONS} connections, one core for the server.\n", body.len());
    println!(
        "| | processor µs a request | requests/s | median and p99 at half load, ms | first answer, ms | resident MB |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for (which, (server, late)) in [&ours, &bare].into_iter().zip(late).enumerate() {
        let late = late?;
        let at = |share: f64| late[(late.len() as f64 * share) as usize] * 1e3;
        print!(
            "| {} | {:.2} | {:.0} | {:.2} and {:.2} |",
            server.name,
            median(costs[which].clone()),
            rates[which],
            at(0.5),
            at(0.99)
        );
        println!(" {:.0} | {:.1} |", server.first_answer.as_secs_f64() * 1e3, server.resident_memory() as f64 / 1e6);
    }
    if let Some(modules) = binaries.modules {
        sample(modules, &ready)?;
    }
    println!(
        "\nProcessor time, app server : bare axum, median of {ROUNDS} rounds: {:.2} (goal ≤ 1.15).",
        median(ratios)
    );
    many_identities(binaries.server, &ready)
}

fn app_server(binary: &str, ready: &Value, core: u32) -> Result<Server> {
    configured(binary, ready, core, &json!({ "ObjectPrefix": "users/alice/" }))
}

/// The app server with the document's keys and `more`.
fn configured(binary: &str, ready: &Value, core: u32, more: &Value) -> Result<Server> {
    let dir = folder("app-server", true)?;
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/bucket_write_policy.txt");
    let mut config = json!({
        "AccessKeyID": KEY_ID, "AccessKeySecret": SECRET, "RoleArn": ready["role_arn"], "TokenExpireTime": "3600",
        "PolicyFile": policy, "Bucket": ready["bucket"], "Region": ready["region"],
        "StsEndpoint": ready["sts_endpoint"], "Listen": "127.0.0.1:0",
    });
    if let (Some(config), Some(more)) = (config.as_object_mut(), more.as_object()) {
        config.extend(more.clone());
    }
    let file = dir.join("config.json");
    fs::write(&file, config.to_string())?;
    let mut command = on_core(core, binary);
    command.arg("--config").arg(file).env_remove("RUST_LOG").stderr(fs::File::create(dir.join("log"))?);
    Server::by_first_line("app server", command, dir, |line| {
        let ready: Value = serde_json::from_str(line)?;
        Ok(ready["listen"].as_str().unwrap_or_default().to_owned())
    })
}

fn bare_axum(binary: &str, body: &[u8]) -> Result<Server> {
    let dir = folder("bare", true)?;
    let file = dir.join("body");
    fs::write(&file, body)?;
    let mut command = on_core(1, binary);
    command.arg(file);
    Server::by_first_line("bare axum", command, dir, |line| Ok(line.trim().to_owned()))
}

fn sample(modules: &str, ready: &Value) -> Result<()> {
    let (dir, port) = (folder("sample", true)?, free_port()?);
    let config = json!({ "AccessKeyID": KEY_ID, "AccessKeySecret": SECRET, "RoleArn": ready["role_arn"], "TokenExpireTime": "3600" });
    let file = dir.join("config.json");
    fs::write(&file, config.to_string())?;
    let mut command = on_core(1, "node");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("node/sample.js"));
    command.env("NODE_PATH", format!("{modules}/node_modules")).env("PORT", port.to_string()).env("CONFIG", file);
    command.env("STS_ENDPOINT", ready["sts_endpoint"].as_str().unwrap_or_default());
    let server = Server::by_port("the document's sample on Node", command, port, dir)?;
    let (cpu, began) = (server.cpu_seconds(), Instant::now());
    blast(&server.address, SAMPLE_REQUESTS)?;
    let (cost, rate) = (server.cpu_seconds() - cpu, SAMPLE_REQUESTS as f64 / began.elapsed().as_secs_f64());
    print!("| {}, which asks STS each time | {:.0} | {rate:.0} | |", server.name, cost / SAMPLE_REQUESTS as f64 * 1e6);
    println!(" {:.0} | {:.1} |", server.first_answer.as_secs_f64() * 1e3, server.resident_memory() as f64 / 1e6);
    Ok(())
}

/// `requests` GETs over keep-alive connections, as fast as they go.
fn blast(address: &str, requests: usize) -> Result<()> {
    in_parallel(|| {
        let mut line = Line::new(address)?;
        (0..requests / CONNECTIONS).try_for_each(|_| line.get("/").map(drop))
    })
    .map(drop)
}

/// GETs at `rate` a second, all connections together; the seconds that each took from the moment at which it was due, sorted.
fn paced(address: &str, rate: f64) -> Result<Vec<f64>> {
    let step = Duration::from_secs_f64(CONNECTIONS as f64 / rate);
    let taken = in_parallel(|| {
        let (mut line, began, mut taken) = (Line::new(address)?, Instant::now(), Vec::new());
        let mut due = Duration::ZERO;
        while due < PACED {
            while began.elapsed() < due {
                std::thread::yield_now();
            }
            line.get("/")?;
            taken.push((began.elapsed() - due).as_secs_f64());
            due += step;
        }
        Ok(taken)
    })?;
    let mut taken: Vec<f64> = taken.into_iter().flatten().collect();
    taken.sort_by(f64::total_cmp);
    Ok(taken)
}

fn in_parallel<T: Send>(work: impl Fn() -> Result<T> + Sync) -> Result<Vec<T>> {
    std::thread::scope(|scope| {
        let lines: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(&work)).collect();
        let joined = lines.into_iter().map(|line| line.join().unwrap_or_else(|_| Err(Error::other("a line failed"))));
        joined.collect()
    })
}

/// One connection that stays.
struct Line {
    address: String,
    socket: BufReader<TcpStream>,
    text: String,
    body: Vec<u8>,
}

impl Line {
    fn new(address: &str) -> Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        Ok(Self { address: address.to_owned(), socket: BufReader::new(socket), text: String::new(), body: Vec::new() })
    }

    fn get(&mut self, target: &str) -> Result<&[u8]> {
        let request = format!("GET {target} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address);
        self.socket.get_mut().write_all(request.as_bytes())?;
        self.text.clear();
        while !self.text.ends_with("\r\n\r\n") {
            if self.socket.read_line(&mut self.text)? == 0 {
                return Err(Error::other(format!("cut off after {:?}", self.text)));
            }
        }
        let lower = self.text.to_ascii_lowercase();
        let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        self.body.resize(length.ok_or_else(|| Error::other(format!("no length in {:?}", self.text)))?, 0);
        self.socket.read_exact(&mut self.body)?;
        match self.text.starts_with("HTTP/1.1 200") && self.body.starts_with(br#"{"StatusCode":200"#) {
            true => Ok(&self.body),
            false => Err(Error::other(String::from_utf8_lossy(&self.body).into_owned())),
        }
    }
}

fn get(address: &str, target: &str) -> Result<Vec<u8>> {
    Ok(Line::new(address)?.get(target)?.to_vec())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Memory when so many users have a token each.
fn many_identities(binary: &str, ready: &Value) -> Result<()> {
    let more = json!({
        "Identity": { "Providers": [{ "Type": "SignedUrl", "Keys": [{ "Id": "k", "Secret": URL_SECRET }] }] },
        "Grants": { "Prefix": "users/${user}/" },
        "Sts": { "CallsPerSecond": 1_000_000 },
    });
    let server = configured(binary, ready, 1, &more)?;
    let before = server.resident_memory();
    let began = Instant::now();
    let next = AtomicUsize::new(0);
    in_parallel(|| {
        let mut line = Line::new(&server.address)?;
        loop {
            let user = next.fetch_add(1, Ordering::Relaxed);
            if user >= IDENTITIES {
                return Ok(());
            }
            line.get(&signed_target(user))?;
        }
    })?;
    let (seconds, length) = (began.elapsed().as_secs_f64(), get(&server.address, &signed_target(0))?.len());
    let metrics = metrics(&server.address)?;
    let figure = |name: &str| {
        let value = metrics.lines().find_map(|line| line.strip_prefix(&format!("direct_transfer_{name} ")));
        value.and_then(|value| value.parse::<f64>().ok()).unwrap_or_default()
    };
    println!(
        "\n{IDENTITIES} users have asked, each for a token of {length} bytes, in {seconds:.0} s; {:.0} of those are kept, in {:.1} MB. \
         Resident memory {:.1} MB, at most {:.1} MB (goal < 40), {:.1} MB before.",
        figure("cache_tokens"),
        figure("cache_bytes") / 1e6,
        server.resident_memory() as f64 / 1e6,
        server.peak_memory() as f64 / 1e6,
        before as f64 / 1e6,
    );
    Ok(())
}

/// A path and query that the app's backend has signed for one user.
fn signed_target(user: usize) -> String {
    let ends = (SystemClock.now().unix_timestamp() / 3600 + 24) * 3600;
    let query = format!("dt-expires={ends}&dt-key=k&dt-nonce=0123456789abcdef&dt-user=user-{user}");
    let signature = acs3::sign(&Secret::new(URL_SECRET), &format!("DT1\n{query}"));
    format!("/?{query}&dt-signature={signature}")
}

fn metrics(address: &str) -> Result<String> {
    let mut socket = TcpStream::connect(address)?;
    socket.write_all(format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes())?;
    let mut text = String::new();
    socket.read_to_string(&mut text).map(|_| text)
}
