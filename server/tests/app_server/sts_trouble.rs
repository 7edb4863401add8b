//! When STS refuses, stumbles, is away or is no STS: what apps are told, and how often STS is asked.

use shared::region::Endpoint;
use tokio::net::TcpListener;

use crate::support::{FakeSts, KEY_ID, KEY_SECRET, app_server, assumed_role, config, get};

/// A JSON error of STS.
fn sts_error(code: &str, message: &str) -> String {
    format!(r#"{{"RequestId":"R","HostId":"sts.aliyuncs.com","Code":"{code}","Message":"{message}","Recommend":"x"}}"#)
}

#[tokio::test]
async fn a_refusal_by_sts_reaches_the_app_in_its_own_words_at_once() {
    let signed = format!(
        "Specified signature is not matched with our calculation. server string to sign is:POST&AccessKeyId%3D{KEY_ID}"
    );
    for (status, code, message, told) in [
        (
            404,
            "InvalidAccessKeyId.NotFound",
            "Specified access key is not found.",
            "Specified access key is not found.",
        ),
        (403, "NoPermission", "You are not authorized to do this action.", "You are not authorized to do this action."),
        (400, "InvalidParameter.PolicyGrammar", "", ""),
        (400, "SignatureDoesNotMatch", &signed, &signed.replace(KEY_ID, "LTAI5t…d00")),
    ] {
        let body = sts_error(code, message);
        let sts = FakeSts::start(move |_| (status, body.clone())).await;
        let answer = get(&format!("{}/sts", app_server(config(&sts.endpoint)).await)).await;
        let expected = format!(r#"{{"StatusCode":500,"ErrorCode":"{code}","ErrorMessage":"{told}"}}"#);
        assert_eq!((answer.status, answer.body), (200, expected));
        assert_eq!(sts.calls().len(), 1, "{code} does not pass by itself");
    }
}

#[tokio::test]
async fn trouble_that_may_pass_is_asked_again_twice() {
    for (status, code) in [(400, "Throttling.User"), (503, "ServiceUnavailable"), (500, "InternalError")] {
        let body = sts_error(code, "wait");
        let sts = FakeSts::start(move |call| match call {
            0 | 1 => (status, body.clone()),
            _ => (200, assumed_role("2017-12-12T07:49:09Z")),
        })
        .await;
        let answer = get(&format!("{}/sts", app_server(config(&sts.endpoint)).await)).await;
        assert_eq!((answer.json()["StatusCode"].as_u64(), sts.calls().len()), (Some(200), 3), "{code}");
    }
    let sts = FakeSts::start(|_| (503, sts_error("ServiceUnavailable", "wait"))).await;
    let answer = get(&format!("{}/sts", app_server(config(&sts.endpoint)).await)).await.json();
    assert_eq!((answer["ErrorCode"].as_str(), sts.calls().len()), (Some("ServiceUnavailable"), 3));
}

#[tokio::test]
async fn what_is_no_sts_is_told_apart_from_a_refusal() {
    let incomplete = assumed_role("2017-12-12T07:49:09Z").replace("STS.NSExampleTokenKey", "");
    let null = assumed_role("2017-12-12T07:49:09Z").replace("\"STS.NSExampleTokenKey\"", "null");
    for (status, body) in [
        (200, "<html>Welcome</html>".to_owned()),
        (200, "{}".to_owned()),
        (200, assumed_role("tomorrow")),
        (200, sts_error("Odd", "a refusal with HTTP 200")),
        (200, incomplete),
        (200, null),
        (200, "x".repeat(1 << 20)),
        (302, String::new()),
        (502, "<html>Bad gateway</html>".to_owned()),
    ] {
        let shown = body.chars().take(40).collect::<String>();
        let sts = FakeSts::start(move |_| (status, body.clone())).await;
        let answer = get(&format!("{}/sts", app_server(config(&sts.endpoint)).await)).await;
        let json = answer.json();
        assert_eq!((answer.status, json["StatusCode"].as_u64()), (200, Some(500)), "{status} {shown}");
        assert_eq!(json["ErrorCode"], "StsInvalidResponse", "{status} {shown}");
        let message = json["ErrorMessage"].as_str().unwrap();
        for part in [&sts.endpoint.to_string(), &format!("HTTP {status}"), "check StsEndpoint"] {
            assert!(message.contains(part), "{message} lacks {part}");
        }
    }
}

#[tokio::test]
async fn an_sts_that_is_down_is_named_with_what_to_check() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let endpoint = Endpoint::parse(&format!("http://{closed}")).unwrap();
    let answer = get(&format!("{}/sts", app_server(config(&endpoint)).await)).await;
    let json = answer.json();
    assert_eq!((answer.status, json["StatusCode"].as_u64()), (200, Some(500)));
    assert_eq!(json["ErrorCode"], "StsUnreachable");
    let message = json["ErrorMessage"].as_str().unwrap();
    for part in [&endpoint.to_string(), "refused", "check StsEndpoint"] {
        assert!(message.contains(part), "{message} lacks {part}");
    }
    assert!(!message.contains(KEY_ID) && !message.contains(KEY_SECRET));
}
