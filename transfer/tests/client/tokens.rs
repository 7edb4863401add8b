//! How tokens are fetched, kept, replaced and refused.

use std::sync::Arc;

use futures_util::future::join_all;
use shared::clock::SystemClock;
use shared::credentials::Credentials;
use shared::region::Endpoint;
use shared::secret::Secret;
use time::Duration;
use transfer::{Client, CredentialsSource, Event, Observer, Provider, TransferError, UploadOptions};

use crate::fake::{Fake, Fault, TOKEN_LIFE, key, recorder};
use crate::uploads::{PART, file_of};

#[tokio::test]
async fn a_hundred_who_ask_at_once_cause_one_fetch() {
    let fake = Fake::start().await;
    let provider = fake.provider(&fake.clock);
    let tokens = join_all((0..100).map(|_| provider.credentials())).await;
    assert!(tokens.iter().all(|token| token.as_ref().unwrap().access_key_id == "STS.1"));
    assert_eq!(fake.world().tokens_issued, 1);
}

#[tokio::test]
async fn the_failure_of_a_fetch_goes_to_all_who_wait_and_to_nobody_after() {
    let fake = Fake::start().await;
    let provider = fake.provider(&fake.clock);
    fake.world().token_answer = Some((200, r#"{"StatusCode":500,"ErrorCode":"NoPermission"}"#.to_owned()));
    let outcomes = join_all((0..100).map(|_| provider.credentials())).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().unwrap_err().code() == "NoPermission"));
    assert_eq!(fake.world().tokens_issued, 1);
    fake.world().token_answer = None;
    assert_eq!(provider.credentials().await.unwrap().access_key_id, "STS.2");
}

#[tokio::test]
async fn a_token_is_kept_until_five_minutes_remain() {
    let fake = Fake::start().await;
    let provider = fake.provider(&fake.clock);
    assert!(provider.current().is_none());
    for (step, id) in [
        (Duration::ZERO, "STS.1"),
        (TOKEN_LIFE - Duration::seconds(301), "STS.1"),
        (Duration::seconds(1), "STS.2"),
        (Duration::ZERO, "STS.2"),
    ] {
        fake.clock.advance(step);
        assert_eq!(provider.credentials().await.unwrap().access_key_id, id);
    }
    assert_eq!(provider.refresh().await.unwrap().credentials.access_key_id, "STS.3");
    assert_eq!(provider.current().unwrap().credentials.access_key_id, "STS.3");
}

#[tokio::test]
async fn an_app_server_that_fails_early_costs_nothing_while_the_old_token_is_good() {
    let fake = Fake::start().await;
    let provider = fake.provider(&fake.clock);
    let first = provider.credentials().await.unwrap();
    fake.world().token_answer = Some((500, String::new()));
    for (minutes, asked) in [(11, 2), (0, 2), (1, 3)] {
        fake.clock.advance(time::Duration::minutes(minutes));
        assert_eq!(provider.credentials().await.unwrap(), first, "{minutes}");
        assert_eq!(fake.world().tokens_issued, asked, "it is asked again, but not by every request");
    }
    fake.clock.advance(time::Duration::minutes(3));
    assert_eq!(provider.credentials().await.unwrap_err().code(), "Http500", "a dead token helps nobody");
}

#[test]
fn the_environment_names_credentials_in_the_order_of_the_sdks() {
    let named = |pairs: &[(&str, &str)]| {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        CredentialsSource::from_environment(move |name| {
            pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        })
    };
    let oss = [("OSS_ACCESS_KEY_ID", "o"), ("OSS_ACCESS_KEY_SECRET", "s"), ("OSS_SESSION_TOKEN", "t")];
    let cloud = [("ALIBABA_CLOUD_ACCESS_KEY_ID", "c"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s")];
    let uri = [("ALIBABA_CLOUD_CREDENTIALS_URI", "http://h/")];
    for (pairs, id, token) in [
        ([&oss[..], &cloud, &uri].concat(), "o", true),
        ([&cloud[..], &uri].concat(), "c", false),
        ([&[("OSS_ACCESS_KEY_ID", "")][..], &cloud].concat(), "c", false),
    ] {
        let CredentialsSource::Fixed(credentials) = named(&pairs).unwrap() else { panic!("{pairs:?}") };
        assert_eq!((credentials.access_key_id.as_str(), credentials.security_token.is_some()), (id, token));
    }
    assert!(matches!(named(&uri).unwrap(), CredentialsSource::AppServer { url, bearer: None } if url == "http://h/"));
    assert_eq!(named(&[]).unwrap_err().code(), "Config");
    assert!(named(&oss[..1]).unwrap_err().to_string().contains("OSS_ACCESS_KEY_SECRET"));
}

#[tokio::test]
async fn a_fetch_outlives_those_who_gave_it_up() {
    let fake = Fake::start().await;
    let provider = fake.provider(&fake.clock);
    tokio::select! {
        biased;
        _ = provider.credentials() => panic!("no fetch is done at its first poll"),
        () = std::future::ready(()) => {}
    }
    assert_eq!(provider.credentials().await.unwrap().access_key_id, "STS.1");
    assert_eq!(fake.world().tokens_issued, 1);
}

#[tokio::test]
async fn every_refusal_of_the_app_server_is_told_apart() {
    let fake = Fake::start().await;
    let refusal = r#"{"StatusCode":500,"ErrorCode":"InvalidAccessKeyId.NotFound","ErrorMessage":"Not found."}"#;
    for (status, body, code) in [
        (200, refusal, "InvalidAccessKeyId.NotFound"),
        (403, refusal, "InvalidAccessKeyId.NotFound"),
        (502, "<html>Bad gateway</html>", "Http502"),
        (302, "", "Http302"),
        (200, "<html>a login page</html>", "TokenBody"),
        (200, r#"{"StatusCode":200,"AccessKeyId":"STS.1"}"#, "TokenBody"),
    ] {
        fake.world().token_answer = Some((status, body.to_owned()));
        let error = fake.provider(&fake.clock).credentials().await.unwrap_err();
        assert_eq!(error.code(), code, "{status} {body}: {error}");
    }
    fake.world().token_answer = Some((200, " ".repeat(2 * 1024 * 1024)));
    let error = fake.provider(&fake.clock).credentials().await.unwrap_err();
    assert!(matches!(error, TransferError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn an_unreachable_or_impossible_app_server_is_named_without_its_query() {
    let provider = |url: &str| {
        let source = CredentialsSource::AppServer { url: url.to_owned(), bearer: None };
        Provider::new(source, Arc::new(SystemClock), Observer::silent())
    };
    for bad in ["", "token", "ftp://h/token", "http://"] {
        assert_eq!(provider(bad).unwrap_err().code(), "Config", "{bad}");
    }
    // A port that was just free.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = provider(&format!("http://127.0.0.1:{port}/t?user=alice-secret")).unwrap().grant().await.unwrap_err();
    assert_eq!(error.code(), "Connect");
    let text = error.to_string();
    assert!(text.contains(&format!("127.0.0.1:{port}")) && text.contains("refused"), "{text}");
    assert!(!text.contains("alice-secret"), "{text}");
}

#[tokio::test]
async fn a_token_that_expires_during_an_upload_is_replaced_without_losing_parts() {
    let fake = Fake::start().await;
    let expiring = fake.clone();
    let observer = Observer::new(move |event| {
        if matches!(event, Event::PartDone { number: 2, .. }) {
            expiring.world().tokens_expired = 1;
        }
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    let body: Vec<u8> = (0..600_000_u32).map(|i| i as u8).collect();
    std::fs::write(&file, &body).unwrap();
    let mut config = fake.config();
    config.max_concurrent_requests = 3;
    let client = fake.client(config, observer);
    let uploaded = client.upload_multipart(&key("a.jpg"), file.path(), &UploadOptions::default()).await.unwrap();
    assert_eq!(uploaded.parts, 6);
    assert_eq!(fake.world().objects["a.jpg"].body, body);
    assert_eq!(fake.world().tokens_issued, 2, "several parts are refused, one fetches");
    assert!(fake.count("refused UploadPart") >= 1);
    assert_eq!(fake.count("UploadPart"), 6, "no part is sent twice but for the refused");
}

#[tokio::test]
async fn a_token_that_is_refused_during_an_upload_costs_its_part_one_more_request_and_no_other() {
    for code in ["SecurityTokenExpired", "InvalidAccessKeyId", "InvalidSecurityToken"] {
        let fake = Fake::start().await;
        fake.mistreat("UploadPart 3", &[Fault::Refuse(403, code)]);
        let (file, body) = file_of(6 * PART);
        let folder = tempfile::tempdir().unwrap();
        let client = fake.plain_client();
        let options = UploadOptions::default();
        let uploaded = client.upload_resumable(&key("a"), file.path(), folder.path(), &options).await.unwrap();
        assert!(fake.world().objects["a"].body == body, "{code}");
        assert_eq!((uploaded.resent, fake.world().tokens_issued), (PART as u64, 2), "{code}");
        assert_eq!((fake.count("UploadPart 3"), fake.count("UploadPart")), (2, 7), "{code}");
        assert_eq!(fake.count("InitiateMultipartUpload"), 1, "{code}");
    }
}

#[tokio::test]
async fn an_app_server_in_trouble_is_asked_again_and_one_that_refuses_is_not() {
    for (answer, asked, outcome) in [
        ((502, "<html>"), 2, Ok(())),
        ((200, r#"{"StatusCode":500,"ErrorCode":"Throttling.User","ErrorMessage":"Later."}"#), 2, Ok(())),
        ((200, r#"{"StatusCode":500,"ErrorCode":"NoPermission","ErrorMessage":"No."}"#), 1, Err("NoPermission")),
        ((403, "<html>"), 1, Err("Http403")),
    ] {
        let fake = Fake::start().await;
        fake.world().token_answer = Some((answer.0, answer.1.to_owned()));
        let recovering = fake.clone();
        let observer = Observer::new(move |event| {
            if matches!(event, Event::Retrying { .. }) {
                recovering.world().token_answer = None;
            }
        });
        let done =
            fake.client(fake.config(), observer).put_bytes(&key("a"), "x".into(), &UploadOptions::default()).await;
        assert_eq!(done.as_ref().map(|_| ()).map_err(TransferError::code), outcome, "{answer:?}");
        assert_eq!(fake.world().tokens_issued, asked, "{answer:?}");
    }
}

#[tokio::test]
async fn the_app_server_is_shown_its_bearer_and_nobody_else_is() {
    let fake = Fake::start().await;
    let (observer, events) = recorder();
    let source = CredentialsSource::AppServer { url: fake.token_url(), bearer: Some(Secret::new("b-secret")) };
    let provider = Arc::new(Provider::new(source, fake.clock.clone(), observer.clone()).unwrap());
    let client = Client::new(fake.config(), provider, fake.clock.clone(), observer).unwrap();
    client.put_bytes(&key("a"), "x".into(), &UploadOptions::default()).await.unwrap();
    assert_eq!(fake.world().token_shown, [Some("Bearer b-secret".to_owned())]);
    let sent = fake.world().objects["a"].headers.clone();
    assert!(!format!("{sent:?} {:?}", events.lock().unwrap()).contains("b-secret"));
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    for code in ["SecurityTokenExpired", "InvalidAccessKeyId", "InvalidSecurityToken"] {
        let fake = Fake::start().await;
        let refuse = Fault::Refuse(403, code);
        fake.mistreat("HeadObject", std::slice::from_ref(&refuse));
        let client = fake.plain_client();
        assert_eq!(client.head(&key("a")).await.unwrap_err().code(), "NoSuchKey", "{code}");
        assert_eq!(fake.world().tokens_issued, 2, "{code}");
        fake.mistreat("HeadObject", &[refuse.clone(), refuse]);
        assert_eq!(client.head(&key("a")).await.unwrap_err().code(), code);
        assert_eq!(fake.world().tokens_issued, 3, "{code}");
    }
}

#[tokio::test]
async fn a_demo_key_never_leaves_for_the_real_cloud() {
    let fake = Fake::start().await;
    let demo = Credentials::long_term("DEMOalice12345", Secret::new("known to all"));
    let provider = Provider::new(CredentialsSource::Fixed(demo), fake.clock.clone(), Observer::silent()).unwrap();
    let mut config = fake.config();
    config.endpoint = Endpoint::parse("http://oss-cn-hangzhou.aliyuncs.com").unwrap();
    let client = Client::new(config, Arc::new(provider), fake.clock.clone(), Observer::silent()).unwrap();
    let life = std::time::Duration::from_secs(60);
    for error in
        [client.head(&key("a")).await.unwrap_err(), client.presign("GET", &key("a"), None, life).await.unwrap_err()]
    {
        assert!(matches!(error, TransferError::DemoKeyToRealCloud { .. }), "{error}");
        assert!(!error.to_string().contains("DEMOalice12345"), "{error}");
    }
}

#[tokio::test]
async fn events_tell_of_tokens_without_their_secrets() {
    let fake = Fake::start().await;
    let (observer, events) = recorder();
    let source = CredentialsSource::AppServer { url: fake.token_url(), bearer: None };
    let provider = Arc::new(Provider::new(source, fake.clock.clone(), observer.clone()).unwrap());
    let client = Client::new(fake.config(), provider.clone(), fake.clock.clone(), observer).unwrap();
    client.put_bytes(&key("a"), "x".into(), &UploadOptions::default()).await.unwrap();
    let events = events.lock().unwrap();
    let shown = format!("http://{}/token", fake.address);
    assert!(events.contains(&Event::TokenRequested { url: shown }), "{events:?}");
    assert!(events.iter().any(|event| matches!(event, Event::TokenRefreshed { .. })));
    let text = format!("{events:?} {provider:?} {client:?}");
    assert!(!text.contains("secret-1") && !text.contains("token+/=1"), "{text}");
}
