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
    command.env_remove("RUST_LOG").arg("--config").arg(config).stdout(Stdio::piped()).stderr(Stdio::piped());
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

/// A configuration with every provider, and secrets of each kind; the paths of its files.
fn write_identities(folder: &TempDir, sts: &str, user: &str, hash: &str) -> std::path::PathBuf {
    let path = folder.path().join("config.json");
    let config = json!({
        "AccessKeyID": KEY_ID, "AccessKeySecret": KEY_SECRET, "RoleArn": ROLE_ARN, "TokenExpireTime": 900,
        "PolicyFile": "", "Listen": "127.0.0.1:0", "StsEndpoint": sts, "Bucket": "photos", "ObjectPrefix": "u/",
        "Identity": { "Providers": [
            { "Type": "DeviceKeys", "Keys": [{ "Hash": hash, "User": user, "Device": "phone" }] },
            { "Type": "SignedUrl", "Keys": [{ "Id": "k", "Secret": SIGNING_SECRET }] },
            { "Type": "Jwt", "Secret": JWT_SECRET },
            { "Type": "Webhook", "Url": "http://127.0.0.1:1/", "Authorization": LOGIN_SECRET },
        ] },
    });
    fs::write(&path, config.to_string()).unwrap();
    path
}

const SIGNING_SECRET: &str = "signing-secret-of-at-least-32-bytes";
const JWT_SECRET: &str = "jwt-secret-with-at-least-32-bytes-in-it";
const LOGIN_SECRET: &str = "login-secret";

#[test]
fn its_commands_check_explain_and_make_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let run = |path: &Path, arguments: &[&str]| {
        let output = program(path).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
    };
    let nowhere = folder.path().join("none");
    let (code, made) = run(&nowhere, &["device-key", "--user", "alice", "--device", "phone"]);
    let entry: Value = serde_json::from_str(made.lines().find(|line| line.starts_with('{')).unwrap()).unwrap();
    assert_eq!((code, &entry["User"], &entry["Device"]), (Some(0), &json!("alice"), &json!("phone")));
    assert!(made.lines().any(|line| line.starts_with("dtk_")), "{made}");

    let path = write_identities(&folder, "http://127.0.0.1:1", "alice", entry["Hash"].as_str().unwrap());
    let (code, checked) = run(&path, &["check"]);
    assert_eq!(code, Some(0), "{checked}");
    for part in [
        "is good",
        "devices, signed-url, jwt, webhook",
        "identity \"alice\", device \"phone\"",
        "read-write: photos/u/alice/",
    ] {
        assert!(checked.contains(part), "{checked} lacks {part}");
    }
    let (code, explained) = run(&path, &["explain", "--identity", "../bob"]);
    assert_eq!(code, Some(0), "{explained}");
    for part in [
        "grant read-write, without asking",
        "photos/u/..bob~",
        "session  ..bob",
        "acs:oss:*:*:photos/u/..bob~",
        "oss:Prefix",
    ] {
        assert!(explained.contains(part), "{explained} lacks {part}");
    }
    let (code, signed) = run(&path, &["sign-url", "--user", "bob", "--parameter", "grant=read"]);
    assert!(code == Some(0) && signed.starts_with("/sts?dt-key=k&dt-user=bob&dt-expires="), "{signed}");

    // What only the start would show otherwise.
    let good = fs::read_to_string(&path).unwrap();
    for (section, part) in [
        (r#""Tls":{"CertificateFile":"no.pem","KeyFile":"no.key"}"#, "no.pem"),
        (r#""Audit":{"File":"no/audit.jsonl"}"#, "Audit.File: "),
        (r#""Uploads":{"Database":"postgres://u:p@h:port/d"}"#, "Uploads.Database: it cannot be read"),
        (r#""Grants":null"#, "Grants: found null"),
    ] {
        fs::write(&path, good.replacen('{', &format!("{{{section},"), 1)).unwrap();
        let (code, told) = run(&path, &["check"]);
        assert!(code == Some(2) && told.contains(part), "{section}: {told}");
    }
    let broken = good.replace("\"u/\"", "\"u\"").replace("sha256:", "md5:");
    fs::write(&path, broken).unwrap();
    let (code, told) = run(&path, &["check"]);
    assert!(code == Some(2) && told.contains("ObjectPrefix: \"u\" is not a valid object prefix"), "{told}");
    for secret in [KEY_ID, KEY_SECRET, SIGNING_SECRET, JWT_SECRET, LOGIN_SECRET] {
        assert!(
            ![&made, &checked, &explained, &signed, &told].iter().any(|text| text.contains(secret)),
            "{secret} is told"
        );
    }
}

#[test]
fn check_runs_the_tests_beside_the_policies_and_misses_no_statement() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_config(&folder, "127.0.0.1:0", "http://127.0.0.1:1");
    let plain = fs::read_to_string(&path).unwrap();
    let policy_file = |name: &str| plain.replace("\"PolicyFile\":\"\"", &format!("\"PolicyFile\":\"{name}\""));
    fs::write(&path, policy_file("upload.txt")).unwrap();
    let policy = include_str!("../../../policy/bucket_write_policy.txt");
    let tests = include_str!("../../../policy/tests/bucket_write_policy.json");
    let tests = tests.replace("bucket_write_policy.txt", "upload.txt");
    fs::create_dir(folder.path().join("tests")).unwrap();
    let check = |policy: &str, tests: &str| {
        fs::write(folder.path().join("upload.txt"), policy).unwrap();
        fs::write(folder.path().join("tests/upload.json"), tests).unwrap();
        let output = program(&path).arg("check").output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap() + &stderr(&output))
    };
    let (code, told) = check(policy, &tests);
    assert!(code == Some(0) && told.contains("6 cases pass, and each of 1 statements is needed by one"), "{told}");

    let idle = r#"{"Effect": "Allow", "Action": "oss:GetObjectAcl", "Resource": "acs:oss:*:*:photos/users/alice/x"}, "#;
    let with_idle = policy.replacen("\"Statement\": [", &format!("\"Statement\": [{idle}"), 1);
    let broken = tests.replace("\"cases\"", "\"trials\"");
    for (policy, tests, parts) in [
        // A statement is deleted for trial, and no case fails.
        (with_idle.as_str(), tests.as_str(), ["Statement[0] decides no case", "tests/upload.json"]),
        // The policy lets out what a case forbids.
        (&policy.replace("$OBJECT_PREFIX", "users/alice"), &tests, ["is allowed: ", "tests/upload.json"]),
        (&policy.replace("oss:PutObject", "oss:GetObject"), &tests, ["oss:PutObject on ", "is denied: "]),
        (policy, &broken, ["unknown field `trials`", "tests/upload.json"]),
    ] {
        let (code, told) = check(policy, tests);
        assert!(code == Some(2) && parts.iter().all(|part| told.contains(part)), "{told} lacks one of {parts:?}");
    }
    // Tests of another policy say nothing of this one.
    let (code, told) = check(&with_idle, &tests.replace("upload.txt", "other.txt"));
    assert!(code == Some(0) && !told.contains("cases pass"), "{told}");

    // Policies of grants are tested like the first one.
    let grants = plain.replacen('{', r#"{"Grants":{"Custom":{"mine":"upload.txt"}},"#, 1);
    fs::write(&path, grants).unwrap();
    let (code, told) = check(policy, &tests);
    assert!(code == Some(0) && told.contains("is needed by one"), "{told}");
    let (code, told) = check(&with_idle, &tests);
    assert!(code == Some(2) && told.contains("Statement[0] decides no case"), "{told}");
}

#[cfg(unix)]
#[tokio::test]
async fn it_reloads_at_sighup_and_tells_no_credential_in_log_or_answer() {
    let sts = FakeSts::granting().await;
    let folder = tempfile::tempdir().unwrap();
    let (key, hash) = server::identity::device_keys::new_key().unwrap();
    let path = write_identities(&folder, &sts.endpoint.to_string(), "alice", &hash);
    let mut running = Running(program(&path).env("RUST_LOG", "trace").spawn().unwrap());
    let mut stdout = BufReader::new(running.0.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let url = serde_json::from_str::<Value>(&line).unwrap()["token_url"].as_str().unwrap().to_owned();
    let mut log = BufReader::new(running.0.stderr.take().unwrap());
    let mut printed = String::new();
    let mut until = |part: &str| {
        let from = printed.len();
        while !printed[from..].contains(part) {
            assert_ne!(log.read_line(&mut printed).unwrap(), 0, "the log ends without {part}");
        }
    };
    let mut bodies = Vec::new();
    let mut prefix = async |query: &str| {
        let answer = get(&format!("{url}?{query}")).await;
        bodies.push(answer.body.clone());
        answer.json()["ObjectPrefix"].as_str().unwrap_or_default().to_owned()
    };
    let signed = program(&path).args(["sign-url", "--user", "carol"]).output().unwrap();
    let signed = String::from_utf8(signed.stdout).unwrap().trim().split_once('?').unwrap().1.to_owned();
    assert_eq!(prefix(&format!("key={key}")).await, "u/alice/");
    assert_eq!(prefix(&signed).await, "u/carol/");
    for query in ["key=wrong-key-of-somebody", "token=a.b.c-wrong-token", "ticket=wrong-ticket", ""] {
        assert_eq!(prefix(query).await, "", "{query}");
    }
    let hang_up = |pid: u32| assert!(Command::new("kill").args(["-HUP", &pid.to_string()]).status().unwrap().success());
    write_identities(&folder, &sts.endpoint.to_string(), "bob", &hash);
    hang_up(running.0.id());
    until("configuration reloaded");
    assert_eq!(prefix(&format!("key={key}")).await, "u/bob/");
    fs::write(&path, "{").unwrap();
    hang_up(running.0.id());
    until("not reloaded, the settings in use stay");
    assert_eq!(prefix(&format!("key={key}")).await, "u/bob/");
    assert!(Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap().success());
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    log.read_to_string(&mut printed).unwrap();
    let signature = signed.rsplit_once('=').unwrap().1;
    let secrets = [
        KEY_SECRET,
        SIGNING_SECRET,
        JWT_SECRET,
        LOGIN_SECRET,
        &key,
        &hash,
        signature,
        "wrong-key-of-somebody",
        "wrong-token",
        "wrong-ticket",
    ];
    for secret in secrets {
        assert!(!printed.contains(secret), "the log tells {secret}");
        assert!(!bodies.iter().any(|body| body.contains(secret)), "an answer tells {secret}");
    }
    assert!(!printed.contains(TOKEN_SECRET) && !printed.contains(SECURITY_TOKEN), "the log tells a token");
}
