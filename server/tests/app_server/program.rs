//! The program itself: exit codes, its one line on standard output, its log, and how it stops.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{FakeSts, KEY_ID, KEY_SECRET, ROLE_ARN, SECURITY_TOKEN, TOKEN_SECRET, get};

fn program(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.arg("--config").arg(config).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn write_config(folder: &TempDir, listen: &str, sts: &str) -> std::path::PathBuf {
    let path = folder.path().join("config.json");
    let config = json!({
        "AccessKeyID": KEY_ID, "AccessKeySecret": KEY_SECRET, "RoleArn": ROLE_ARN, "TokenExpireTime": "900",
        "PolicyFile": "", "Listen": listen, "StsEndpoint": sts, "Bucket": "photos", "ObjectPrefix": "users/alice/",
    });
    fs::write(&path, config.to_string()).unwrap();
    path
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Ends the program even when the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_bad_configuration_ends_it_with_2_before_it_listens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    fs::write(&path, "{}").unwrap();
    let output = program(&path).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{}", stderr(&output));
    assert!(stderr(&output).contains("RoleArn is empty"), "{}", stderr(&output));
}

#[test]
fn a_port_in_use_is_blamed_on_listen() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let path = write_config(&folder, &listen, "http://127.0.0.1:1");
    let output = program(&path).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    for part in [&*path.to_string_lossy(), "Listen", &listen, "or port"] {
        assert!(stderr(&output).contains(part), "{} lacks {part}", stderr(&output));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn it_announces_itself_serves_keeps_secrets_out_of_its_log_and_stops_on_sigterm() {
    let sts = FakeSts::granting().await;
    let folder = tempfile::tempdir().unwrap();
    let path = write_config(&folder, "127.0.0.1:0", &sts.endpoint.to_string());
    let log = folder.path().join("log");
    let stderr = Stdio::from(fs::File::create(&log).unwrap());
    let mut running = Running(program(&path).env("RUST_LOG", "trace").stderr(stderr).spawn().unwrap());
    let mut stdout = BufReader::new(running.0.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&ready["role_arn"], &ready["bucket"], &ready["object_prefix"]),
        (&json!(ROLE_ARN), &json!("photos"), &json!("users/alice/"))
    );

    let token = get(&format!("{}?ak=callers-own-login", ready["token_url"].as_str().unwrap())).await;
    assert_eq!(token.json()["StatusCode"], 200);
    let pid = running.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(running.0.wait().unwrap().code(), Some(0));

    let mut printed = line;
    stdout.read_to_string(&mut printed).unwrap();
    printed.push_str(&fs::read_to_string(&log).unwrap());
    for part in ["callers are not told apart", "path=\"/sts\"", "token granted", "STS.NS…Key"] {
        assert!(printed.contains(part), "{printed} lacks {part}");
    }
    for secret in [KEY_ID, KEY_SECRET, TOKEN_SECRET, SECURITY_TOKEN, "STS.NSExampleTokenKey", "callers-own-login"] {
        assert!(!printed.contains(secret), "the log tells {secret}");
    }
}
