//! The one stream that tells all that the client does, and the reference document's settings as they work out.

use std::time::Duration;

use transfer::{ClientConfig, CredentialsSource, Event, Observer, Provider, UploadOptions};

use crate::fake::{Fake, Fault, key, recorder};
use crate::uploads::{PART, file_of};

/// An event in a word, for those whose order is certain when parts go one after the other.
fn word(event: &Event) -> Option<String> {
    Some(match event {
        Event::TokenRequested { .. } => "token?".to_owned(),
        Event::TokenRefreshed { .. } => "token".to_owned(),
        Event::RequestSent { operation, .. } => format!("> {operation}"),
        Event::ResponseReceived { operation, status, .. } => format!("< {operation} {status}"),
        Event::Retrying { operation, attempt, .. } => format!("again {attempt}: {operation}"),
        Event::UploadStarted { parts, .. } => format!("started, {parts} parts"),
        Event::PartStarted { number, .. } => format!("part {number}"),
        Event::PartDone { number, .. } => format!("done {number}"),
        Event::UploadDone { .. } => "done".to_owned(),
        _ => return None,
    })
}

#[tokio::test]
async fn one_stream_tells_an_upload_from_the_token_to_its_end() {
    let fake = Fake::start().await;
    fake.mistreat("UploadPart 2", &[Fault::Refuse(503, "ServiceUnavailable")]);
    let (observer, events) = recorder();
    let mut config = fake.config();
    config.max_concurrent_requests = 1;
    let source = CredentialsSource::AppServer { url: fake.token_url(), bearer: None };
    let provider = Provider::new(source, fake.clock.clone(), observer.clone()).unwrap();
    let client = transfer::Client::new(config, provider.into(), fake.clock.clone(), observer).unwrap();
    let (file, body) = file_of(2 * PART + 7);
    let folder = tempfile::tempdir().unwrap();
    client.upload_resumable(&key("a"), file.path(), folder.path(), &UploadOptions::default()).await.unwrap();
    let events = events.lock().unwrap();
    let told: Vec<String> = events.iter().filter_map(word).collect();
    assert_eq!(
        told,
        [
            "started, 3 parts",
            "token?",
            "> GetToken",
            "< GetToken 200",
            "token",
            "> InitiateMultipartUpload",
            "< InitiateMultipartUpload 200",
            "part 1",
            "> UploadPart",
            "< UploadPart 200",
            "done 1",
            "part 2",
            "> UploadPart",
            "< UploadPart 503",
            "again 1: UploadPart",
            "> UploadPart",
            "< UploadPart 200",
            "done 2",
            "part 3",
            "> UploadPart",
            "< UploadPart 200",
            "done 3",
            "> CompleteMultipartUpload",
            "< CompleteMultipartUpload 200",
            "done",
        ]
    );
    let position = |wanted: fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let saved = position(|event| matches!(event, Event::CheckpointSaved { parts: 0, .. }));
    assert!(saved < position(|event| matches!(event, Event::PartStarted { .. })), "the checkpoint comes first");
    let sent = events.iter().rev().find_map(|event| match event {
        Event::Progress { sent, total, .. } => Some((*sent, *total)),
        _ => None,
    });
    assert_eq!(sent, Some((body.len() as u64, body.len() as u64)), "the last word on bytes is all of them");
}

#[tokio::test]
async fn the_settings_are_those_of_the_document_and_five_requests_run_at_once() {
    let fake = Fake::start().await;
    let usual = ClientConfig::new(fake.config().endpoint, fake.config().region, fake.config().bucket);
    let fifteen = Duration::from_secs(15);
    assert_eq!((usual.connect_timeout, usual.socket_timeout), (fifteen, fifteen));
    assert_eq!((usual.max_concurrent_requests, usual.max_error_retries), (5, 2));
    let (file, body) = file_of(12 * PART);
    fake.plain_client().upload_multipart(&key("a"), file.path(), &UploadOptions::default()).await.unwrap();
    assert_eq!(fake.world().objects["a"].body, body);
    assert_eq!(fake.world().most_running, 5);
}

#[tokio::test]
async fn a_credentials_uri_of_the_environment_is_asked_like_an_app_server() {
    let fake = Fake::start().await;
    let uri = fake.token_url();
    let source =
        CredentialsSource::from_environment(|name| (name == "ALIBABA_CLOUD_CREDENTIALS_URI").then(|| uri.clone()));
    let provider = Provider::new(source.unwrap(), fake.clock.clone(), Observer::silent()).unwrap();
    let client = transfer::Client::new(fake.config(), provider.into(), fake.clock.clone(), Observer::silent()).unwrap();
    client.put_bytes(&key("a"), "x".into(), &UploadOptions::default()).await.unwrap();
    assert_eq!(fake.count("PutObject"), 1);
    assert_eq!(fake.world().tokens_issued, 1);
}
