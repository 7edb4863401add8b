//! Measures the emulator beside s3s-fs and nginx: one load for all, by turns; a Markdown table.

mod load;

use std::collections::BTreeMap;
use std::io::Result;

use bench::server::Server;
use load::{Measured, Work};

/// Size in bytes, name, requests in a round, connections.
const SIZES: [(u64, &str, usize, usize); 4] =
    [(64 << 10, "64 KiB", 2000, 4), (1 << 20, "1 MiB", 300, 4), (100 << 20, "100 MiB", 4, 1), (1 << 30, "1 GiB", 1, 1)];
const METHODS: [&str; 2] = ["PUT", "GET"];

type Cell = (&'static str, &'static str, &'static str);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [emulator, s3s, nginx, rounds @ ..] = arguments.as_slice() else {
        eprintln!("usage: bench EMULATOR S3S-FS NGINX [ROUNDS]; see run.sh");
        std::process::exit(2);
    };
    let rounds: usize = rounds.first().map_or(Ok(3), |text| text.parse()).unwrap_or(3).clamp(1, 20);
    let servers = [
        Server::emulator("durable", emulator, false)?,
        Server::emulator("no-sync", emulator, true)?,
        Server::s3s(s3s)?,
        Server::nginx("nginx", nginx, true)?,
        Server::nginx("nginx without sendfile", nginx, false)?,
    ];
    let mut results: BTreeMap<Cell, Vec<Measured>> = BTreeMap::new();
    for round in 0..rounds {
        for (size, size_name, requests, connections) in SIZES {
            for method in METHODS {
                // Another one is first in each round.
                for turn in 0..servers.len() {
                    let server = &servers[(turn + round) % servers.len()];
                    let work = Work { method, size, requests, connections };
                    let measured = load::run(server, work)?;
                    results.entry((method, size_name, server.name)).or_default().push(measured);
                }
                eprintln!("round {} of {rounds}: {method} {size_name}", round + 1);
            }
        }
    }
    print(&servers, &results);
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(servers: &[Server], results: &BTreeMap<Cell, Vec<Measured>>) {
    let of = |cell: Cell, figure: fn(&Measured) -> f64| median(results[&cell].iter().map(figure).collect());
    let rate = |cell| of(cell, |measured| measured.bytes / measured.seconds / 1e6);
    let cpu = |cell| of(cell, |measured| measured.cpu_seconds * 1e3 / (measured.bytes / f64::from(1 << 20)));
    println!("MB/s (processor ms per MiB); ratios are of MB/s, in brackets of processor time.\n");
    print!("| |");
    servers.iter().for_each(|server| print!(" {} |", server.name));
    println!(" no-sync : s3s-fs | no-sync : nginx | the same without sendfile | goal |");
    println!("| --- |{} --- | --- | --- | --- |", " --- |".repeat(servers.len()));
    for method in METHODS {
        for (_, size, ..) in SIZES {
            print!("| {method} {size} |");
            for server in servers {
                let cell = (method, size, server.name);
                print!(" {:.0} ({:.2}) |", rate(cell), cpu(cell));
            }
            let ours = (method, size, "no-sync");
            for other in ["s3s-fs", "nginx", "nginx without sendfile"] {
                let other = (method, size, other);
                print!(" {:.2} ({:.2}) |", rate(ours) / rate(other), cpu(ours) / cpu(other));
            }
            let goal = match (method, size) {
                ("PUT", _) => "≥ 1 of s3s-fs",
                (_, "64 KiB") => "≥ 10 of s3s-fs",
                _ => "≥ 0.9 of nginx",
            };
            println!(" {goal} |");
        }
    }
    println!();
    for server in servers {
        println!(
            "- {}: first answer after {:.0} ms, peak of resident memory {} MB",
            server.name,
            server.first_answer.as_secs_f64() * 1e3,
            server.peak_memory() / 1_000_000
        );
    }
}
