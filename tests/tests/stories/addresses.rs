//! The client's ways to one bucket: by path, by the bucket's own domain, over HTTPS, each with transfers that are interrupted; and by
//! the bucket's name before the endpoint's.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use emulator::{Cname, Options};
use shared::crc64::crc64;
use tests::Stage;

const SIZE: usize = 3 * 1024 * 1024 + 7;

/// The program `transfer` with the owner's key, in `folder`, which holds the emulator's certificate if it has one.
fn transfer(stage: &Stage, folder: &Path, endpoint: &str) -> Command {
    let (mut command, ready) = (Command::new(env!("CARGO_BIN_EXE_transfer-in-stories")), &stage.ready);
    command.env_clear().current_dir(folder).envs([
        ("OSS_ACCESS_KEY_ID", ready.access_key_id.as_str()),
        ("OSS_ACCESS_KEY_SECRET", &ready.access_key_secret),
        ("OSS_BUCKET", &ready.bucket),
        ("OSS_REGION", &ready.region),
        ("OSS_ENDPOINT", endpoint),
        ("SSL_CERT_FILE", "ca.pem"),
    ]);
    command.env("HOME", folder);
    command.args(["--json", "--part-size", "100KiB"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn json(output: &Output) -> serde_json::Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_and_downloads_go_on_over_https_and_by_the_buckets_own_domain() {
    let body: Vec<u8> = (0..SIZE).map(|at| (at * 31 % 251) as u8).collect();
    for https in [false, true] {
        let cname = vec![Cname::parse("localhost=direct-transfer").unwrap()];
        let stage = Stage::with(Options { https, cname, ..Options::default() }).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("picture.bin"), &body).unwrap();
        if https {
            let pem = stage.http.get(format!("{}/ca.pem", stage.ready.control_endpoint)).send().await.unwrap();
            std::fs::write(folder.path().join("ca.pem"), pem.bytes().await.unwrap()).unwrap();
        }
        let by_path = stage.ready.oss_endpoint.clone();
        let port = by_path.rsplit(':').next().unwrap();
        let domain = format!("{}://localhost:{port}", if https { "https" } else { "http" });
        for (signature, endpoint, more) in [
            ("v4", &by_path, &[][..]),
            ("v1", &by_path, &[]),
            ("v4", &domain, &["--cname"]),
            ("v1", &domain, &["--cname"]),
        ] {
            let key = format!("{signature}/{}", more.len());
            let story = format!("https {https}, {endpoint} {more:?}, {signature}");
            let run = |arguments: &[&str]| {
                let mut command = transfer(&stage, folder.path(), endpoint);
                command.args(["--signature", signature]).args(more).args(arguments);
                command
            };
            // So slow that it is stopped in the middle; the second one goes on where the first one was.
            let mut first =
                run(&["--limit", "1MiB", "upload", "--mode", "resumable", "picture.bin", &key]).spawn().unwrap();
            let mut kept = 0;
            stage
                .follow(|it| {
                    kept += u32::from(it.operation == "UploadPart" && it.resource.ends_with(&key) && it.status == 200);
                    kept == 2
                })
                .await;
            first.kill().unwrap();
            first.wait().unwrap();
            let told = json(&run(&["upload", "--mode", "resumable", "picture.bin", &key]).output().unwrap());
            assert_eq!(told["crc64"], crc64(&body).to_string(), "{story}: {told}");
            assert!(told["held"].as_u64().unwrap() > 0, "{story}: {told}");
            let back = json(&run(&["download", &key, "back.bin"]).output().unwrap());
            assert!(back["error"].is_null(), "{story}: {back}");
            assert!(std::fs::read(folder.path().join("back.bin")).unwrap() == body, "{story}");
            let presigned = json(&run(&["presign", &key]).output().unwrap());
            let url = presigned["url"].as_str().unwrap();
            assert_eq!(stage.http.get(url).send().await.unwrap().bytes().await.unwrap(), body, "{story}: {url}");
            assert_eq!(url.contains(&stage.ready.bucket), more.is_empty(), "{story}: {url}");
        }
        stage.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bucket_stands_before_the_endpoint_where_that_is_no_address() {
    let body: Vec<u8> = (0..SIZE).map(|at| (at * 17 % 251) as u8).collect();
    let cname = vec![Cname::parse("direct-transfer.oss.test=direct-transfer").unwrap()];
    let stage = Stage::with(Options { cname, ..Options::default() }).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("picture.bin"), &body).unwrap();
    // Nobody knows this name but the emulator, which takes whole URLs as a proxy does.
    let proxy = reqwest::Proxy::http(&stage.ready.oss_endpoint).unwrap();
    let browser = reqwest::Client::builder().proxy(proxy).build().unwrap();
    for signature in ["v4", "v1"] {
        let run = |arguments: &[&str]| {
            let mut command = transfer(&stage, folder.path(), "http://oss.test");
            command.env("http_proxy", &stage.ready.oss_endpoint).args(["--signature", signature]).args(arguments);
            json(&command.output().unwrap())
        };
        let told = run(&["upload", "--mode", "resumable", "picture.bin", "雪/a b"]);
        assert_eq!(told["crc64"], crc64(&body).to_string(), "{signature}: {told}");
        let back = run(&["download", "雪/a b", "back.bin"]);
        assert_eq!(back["crc64"], told["crc64"], "{signature}: {back}");
        assert_eq!(run(&["ls", "雪/"])["objects"][0]["key"], "雪/a b", "{signature}");
        let url = run(&["presign", "雪/a b"])["url"].as_str().unwrap().to_owned();
        assert!(url.starts_with("http://direct-transfer.oss.test/%E9%9B%AA/a%20b?"), "{signature}: {url}");
        assert_eq!(browser.get(&url).send().await.unwrap().bytes().await.unwrap(), body, "{signature}");
    }
    stage.close().await;
}
