//! What the demo's requests and answers are on the wire, as the transfer tells of them.

use std::time::Duration;

use transfer::{Event as Told, ExchangeId, Peer};

use super::facts::START;
use crate::command::{Event, WireEvent};

/// The id of every request.
pub const ID: &str = "5C3D9175B6FC201293AD4890";

/// A request that the demo makes.
#[derive(Debug, Clone, Copy)]
pub struct Saying {
    /// Its number.
    pub id: u64,
    /// To whom.
    pub peer: Peer,
    /// `PutObject`.
    pub operation: &'static str,
    /// Its method.
    pub method: &'static str,
    /// Its object.
    pub key: Option<&'static str>,
    /// The URL.
    pub url: &'static str,
    /// The answer's status.
    pub status: u16,
    /// The refusal, if it is one: code, finer code, message, and further elements.
    pub refusal: Option<Refusal>,
}

/// Code, finer code, message, and further elements of an error body.
pub type Refusal = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

/// A token, an upload, a picture, and an upload into somebody else's folder.
pub const ALL: [Saying; 4] = [
    Saying {
        id: 1,
        peer: Peer::AppServer,
        operation: "GetToken",
        method: "GET",
        key: None,
        url: "http://127.0.0.1:8080/",
        status: 200,
        refusal: None,
    },
    Saying {
        id: 2,
        peer: Peer::Oss,
        operation: "PutObject",
        method: "PUT",
        key: Some("users/alice/雪山 sunrise.jpg"),
        url: "http://127.0.0.1:9000/holiday-photos/users/alice/%E9%9B%AA%E5%B1%B1%20sunrise.jpg",
        status: 200,
        refusal: None,
    },
    Saying {
        id: 3,
        peer: Peer::Oss,
        operation: "GetObject",
        method: "GET",
        key: Some("users/alice/雪山 sunrise.jpg"),
        url: "http://127.0.0.1:9000/holiday-photos/users/alice/%E9%9B%AA%E5%B1%B1%20sunrise.jpg?x-oss-process=image%2Fresize%2Cw_480",
        status: 200,
        refusal: None,
    },
    Saying {
        id: 4,
        peer: Peer::Oss,
        operation: "PutObject",
        method: "PUT",
        key: Some("users/bob/x.jpg"),
        url: "http://127.0.0.1:9000/holiday-photos/users/bob/x.jpg",
        status: 403,
        refusal: Some((
            "AccessDenied",
            "0003-00000301",
            "Access denied by authorizer's policy.",
            &[
                ("AccessDeniedDetail/PolicyType", "SessionPolicy"),
                ("AccessDeniedDetail/NoPermissionType", "ImplicitDeny"),
                ("AccessDeniedDetail/AuthAction", "oss:PutObject"),
            ],
        )),
    },
];

/// The same upload, signed for another type than was sent.
pub const MISSIGNED: Saying = Saying {
    id: 5,
    refusal: Some((
        "SignatureDoesNotMatch",
        "0002-00000040",
        "The request signature we calculated does not match the signature you provided.",
        &[
            ("StringToSign", "OSS4-HMAC-SHA256\n20171212T073409Z\n20171212/cn-hangzhou/oss/aliyun_v4_request\n9d0a…71"),
            (
                "CanonicalRequest",
                "PUT\n/holiday-photos/users/alice/%E9%9B%AA%E5%B1%B1%20sunrise.jpg\n\ncontent-type:image/png\nx-oss-content-sha256:UNSIGNED-PAYLOAD\nx-oss-date:20171212T073409Z\n\n\nUNSIGNED-PAYLOAD",
            ),
        ],
    )),
    status: 403,
    ..ALL[1]
};

/// What the jobs report of it.
pub fn heard(saying: &Saying) -> Vec<Event> {
    let Saying { id, peer, operation, method, key, url, status, refusal } = *saying;
    let (exchange, elapsed) = (ExchangeId(id), Duration::from_millis(18 + 23 * id));
    let pairs =
        |all: &[(&str, &str)]| all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut told = Vec::new();
    let mut headers = vec![("accept", "*/*"), ("user-agent", "direct-transfer")];
    if peer == Peer::Oss {
        let path = url.trim_start_matches("http://127.0.0.1:9000").split('?').next().unwrap_or_default();
        told.push(Told::Signed {
            exchange,
            canonical_request: Some(format!(
                "{method}\n{path}\n\ncontent-type:image/jpeg\nx-oss-content-sha256:UNSIGNED-PAYLOAD\nx-oss-date:20171212T073409Z\n\n\nUNSIGNED-PAYLOAD"
            )),
            string_to_sign:
                "OSS4-HMAC-SHA256\n20171212T073409Z\n20171212/cn-hangzhou/oss/aliyun_v4_request\n4c1b…e8".to_owned(),
        });
        headers.extend([
            ("authorization", "OSS4-HMAC-SHA256 …"),
            ("content-type", "image/jpeg"),
            ("x-oss-date", "20171212T073409Z"),
            ("x-oss-security-token", "…"),
        ]);
    }
    let key = key.map(str::to_owned);
    told.push(Told::RequestSent {
        exchange,
        peer,
        operation,
        key,
        method,
        url: url.to_owned(),
        headers: pairs(&headers),
    });
    told.push(Told::ResponseReceived {
        exchange,
        peer,
        operation,
        status,
        request_id: ID.to_owned(),
        headers: pairs(&[("date", "Tue, 12 Dec 2017 07:34:09 GMT"), ("x-oss-request-id", ID)]),
        elapsed,
    });
    told.push(match refusal {
        None => Told::ResponseDone { exchange, elapsed },
        Some((code, ec, message, details)) => Told::ResponseRefused {
            exchange,
            elapsed,
            code: code.to_owned(),
            ec: ec.to_owned(),
            message: message.to_owned(),
            details: pairs(details),
        },
    });
    if operation == "GetToken" {
        told.push(Told::TokenRefreshed { expiration: None, access_key_id: "STS.NS…3fQ".to_owned() });
    }
    let at = START + Duration::from_millis(420 * id);
    told.into_iter().map(|event| Event::Wire(WireEvent::Heard { at, event })).collect()
}
