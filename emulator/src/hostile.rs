//! Whatever a stranger sends, the parsers answer: no panic, and nothing taken for what it is not. Arbitrary requests, and
//! bodies that begin like real ones.

use axum::http;
use proptest::prelude::*;
use shared::ram::{PolicyDocument, PolicyKind};
use shared::region::Region;
use shared::sign::presented;

use crate::callback::Plan;
use crate::operation::Operation;
use crate::ops::hostile as ops;
use crate::settings::policy::BucketPolicy;
use crate::target::{self, Hosts};

/// Pieces that real requests are made of, so that arbitrary ones come near to them.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("uploads".to_owned()),
        Just("uploadId".to_owned()),
        Just("versionId".to_owned()),
        Just("x-oss-process".to_owned()),
        Just("x-oss-signature-version".to_owned()),
        Just("OSS4-HMAC-SHA256".to_owned()),
        Just("OSS4-HMAC-SHA256 Credential=a/20250101/cn-hangzhou/oss/aliyun_v4_request,Signature=x".to_owned()),
        Just("20250101T000000Z".to_owned()),
        Just("/bucket/%E4%B8%AD".to_owned()),
        Just("bytes=0-".to_owned()),
        Just("image/resize,w_100|sys/saveas,o_YQ".to_owned()),
        Just("<Delete><Object><Key>".to_owned()),
        Just("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>".to_owned()),
        Just("{\"Version\":\"1\",\"Statement\":[{\"Effect\":\"Allow\"".to_owned()),
        Just("eyJjYWxsYmFja1VybCI6ImEifQ==".to_owned()),
        "[ -~]{0,20}",
        "\\PC{0,12}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..5).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("host"),
        Just("authorization"),
        Just("date"),
        Just("x-oss-date"),
        Just("range"),
        Just("if-match"),
        Just("x-oss-copy-source"),
        Just("x-oss-callback"),
        Just("content-type"),
        Just("x-oss-traffic-limit"),
        Just("x-oss-security-token"),
    ]
    .prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_request_is_recognised_or_refused(
        method in prop_oneof![Just("GET"), Just("PUT"), Just("POST"), Just("DELETE"), Just("HEAD"), Just("OPTIONS"), Just("X")],
        path in text(),
        query in proptest::collection::vec((piece(), text()), 0..4),
        headers in proptest::collection::vec((name(), text()), 0..5),
    ) {
        let hosts = Hosts::new(Region::parse("cn-hangzhou").unwrap(), Vec::new());
        let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut builder = http::Request::builder().method(method).uri(format!("/{path}?{}", pairs.join("&")));
        for (name, value) in &headers {
            if let Ok(value) = http::HeaderValue::from_bytes(value.as_bytes()) {
                builder = builder.header(name.as_str(), value);
            }
        }
        // What no HTTP parser lets through is not ours to judge.
        let Ok(request) = builder.body(()) else { return Ok(()) };
        let Ok(request) = target::request_of(&request.into_parts().0, &hosts) else { return Ok(()) };
        let operation = Operation::recognise(&request);
        if let Ok(operation) = &operation {
            prop_assert!(!operation.name().is_empty());
        }
        if let Ok(Some(presented)) = presented(&request) {
            let now = time::OffsetDateTime::UNIX_EPOCH;
            prop_assert!(presented.check_time(now, "cn-hangzhou").is_err() || presented.verify(&request, &shared::secret::Secret::new("k")).is_err());
        }
        let _ = Plan::of(&request);
        ops::read_headers(&request);
    }

    #[test]
    fn any_body_is_read_or_refused(body in text()) {
        ops::read_bodies(&body);
        let _ = BucketPolicy::parse(&body);
        for kind in [PolicyKind::Identity, PolicyKind::Trust, PolicyKind::Session] {
            let _ = PolicyDocument::parse(&body, kind);
        }
        let _ = shared::img::Process::parse(&body);
        let _ = Plan::read(Some(&body), Some(&body));
    }
}
