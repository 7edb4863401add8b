//! The app server's records of uploads: how they are asked for, and what stands in the place of some.

use std::sync::Arc;

use shared::credentials::Credentials;
use shared::secret::Secret;
use transfer::{CredentialsSource, Event, NoRecords, Observer, Peer, Provider, RecordSource, TransferError};

use crate::fake::{Fake, recorder};

const PAGE: &str = r#"{"Uploads":[{"Id":"0","Bucket":"photos","Object":"users/alice/照 1.jpg","ETag":"AB","Size":5,
    "Identity":"alice","Vars":{"device":"phone"},"Source":"callback","Verified":true,
    "UploadedAt":"2017-12-12T07:49:09.000Z"}],"Next":"n+1"}"#;

fn provider(fake: &Fake, query: &str, bearer: Option<&str>, observer: Observer) -> Provider {
    let url = format!("http://{}/sts{query}", fake.address);
    let source = CredentialsSource::AppServer { url, bearer: bearer.map(Secret::new) };
    Provider::new(source, fake.clock.clone(), observer).unwrap()
}

#[tokio::test]
async fn records_are_paged_with_the_credential_of_tokens() {
    let fake = Fake::start().await;
    fake.world().records_answer = (200, PAGE.to_owned());
    let (observer, events) = recorder();
    let with_bearer = provider(&fake, "", Some("b-secret"), observer.clone());
    let page = with_bearer.upload_records("users/alice/", None).await.unwrap();
    let record = &page.records[0];
    assert_eq!((record.key.as_str(), record.size, record.source), ("users/alice/照 1.jpg", 5, RecordSource::Callback));
    assert_eq!((record.identity.as_deref(), record.vars["device"].as_str()), (Some("alice"), "phone"));
    assert!(record.verified && record.uploaded_at == time::macros::datetime!(2017-12-12 07:49:09 UTC));
    with_bearer.upload_records("users/alice/", page.next.as_deref()).await.unwrap();
    provider(&fake, "?key=q-secret", None, observer.clone()).upload_records("", None).await.unwrap();
    let signed = provider(&fake, "?dt-user=alice&dt-signature=0", None, observer);
    let page = signed.upload_records("users/alice/2017/", None).await.unwrap();
    assert_eq!((page.records.len(), page.next, page.truncated), (0, None, true), "what is signed goes out as it is");
    let bearer = Some("Bearer b-secret".to_owned());
    assert_eq!(
        fake.world().records_asked,
        [
            ("/v1/uploads?limit=100&prefix=users%2Falice%2F".to_owned(), bearer.clone()),
            ("/v1/uploads?limit=100&prefix=users%2Falice%2F&cursor=n%2B1".to_owned(), bearer),
            ("/v1/uploads?key=q-secret&limit=100".to_owned(), None),
            ("/v1/uploads?dt-user=alice&dt-signature=0".to_owned(), None),
        ]
    );
    let events = events.lock().unwrap();
    let asked = |event: &&Event| matches!(event, Event::RequestSent { operation: "ListUploads", peer: Peer::AppServer, url, .. } if url.ends_with("/v1/uploads"));
    assert_eq!(events.iter().filter(asked).count(), 4);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::ResponseDone { .. })).count(), 4);
    assert!(!format!("{events:?}").contains("-secret"));
}

#[tokio::test]
async fn a_server_without_records_is_told_from_one_that_refuses_and_none_is_asked_twice() {
    let fake = Fake::start().await;
    let refused = |status: u16, code: &str| {
        (status, format!(r#"{{"StatusCode":{status},"ErrorCode":"{code}","ErrorMessage":"because"}}"#))
    };
    for ((status, body), expected, code) in [
        (refused(404, "NotFound"), Some(NoRecords::NoRoute), "NoUploadsRoute"),
        ((405, String::new()), Some(NoRecords::NoRoute), "NoUploadsRoute"),
        // Sample app servers answer every path with a token.
        ((200, r#"{"StatusCode":200,"AccessKeyId":"STS.1"}"#.to_owned()), Some(NoRecords::NoRoute), "NoUploadsRoute"),
        ((200, "<html>".to_owned()), Some(NoRecords::NoRoute), "NoUploadsRoute"),
        (refused(501, "UploadsNotKept"), Some(NoRecords::NotKept), "UploadsNotKept"),
        (refused(501, "PlaceUnknown"), None, "PlaceUnknown"),
        (refused(401, "CredentialMissing"), None, "CredentialMissing"),
        (refused(403, "ObjectOutsidePrefix"), None, "ObjectOutsidePrefix"),
        (refused(503, "UploadsUnavailable"), None, "UploadsUnavailable"),
        ((502, "<html>".to_owned()), None, "Http502"),
        ((302, String::new()), None, "Http302"),
    ] {
        fake.world().records_answer = (status, body.clone());
        fake.world().records_asked.clear();
        let (observer, events) = recorder();
        let error = provider(&fake, "", None, observer).upload_records("", None).await.unwrap_err();
        let found = match &error {
            TransferError::NoRecords(why) => Some(*why),
            TransferError::AppServer { .. } => None,
            other => panic!("{status} {body}: {other}"),
        };
        assert_eq!((found, error.code()), (expected, code), "{status} {body}");
        assert_eq!(fake.world().records_asked.len(), 1, "{code}");
        let told = |event: &Event| matches!(event, Event::ResponseRefused { code: told, .. } if told == code);
        assert!(events.lock().unwrap().iter().any(told), "{code}");
    }
    fake.world().records_answer = (200, " ".repeat(9 * 1024 * 1024));
    let error = provider(&fake, "", None, Observer::silent()).upload_records("", None).await.unwrap_err();
    assert!(matches!(error, TransferError::TooLarge { .. }), "{error}");
    let key = Credentials::long_term("a", Secret::new("s"));
    let nobody =
        Provider::new(CredentialsSource::Fixed(key), Arc::clone(&fake.clock) as _, Observer::silent()).unwrap();
    let error = nobody.upload_records("", None).await.unwrap_err();
    assert!(matches!(error, TransferError::NoRecords(NoRecords::NoServer)), "{error}");
}
