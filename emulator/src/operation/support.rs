//! The table of operations as `SUPPORT.md` shows it.

use std::fmt::Write;

use super::row::{Place, Row, State};
use super::table::TABLE;

/// What `oss-actions.json` names beside the operations of the table: no request to OSS asks for it in a way of its own, or
/// another service answers it. All of it is 501, or cannot be sent.
pub const ELSEWHERE: &[(&str, &[&str])] = &[
    ("consoles and orders", &["activate OSS", "buy resource plan"]),
    ("the role of a replication", &["list", "ReplicateGet", "ReplicatePut", "ReplicateDelete"]),
    (
        "access points",
        &[
            "CreateAccessPoint",
            "GetAccessPoint",
            "DeleteAccessPoint",
            "ListAccessPoints",
            "PutAccessPointPolicy",
            "GetAccessPointPolicy",
            "DeleteAccessPointPolicy",
            "PutAccessPointPublicAccessBlock",
            "GetAccessPointPublicAccessBlock",
            "DeleteAccessPointPublicAccessBlock",
            "CreateAccessPointForObjectProcess",
            "GetAccessPointForObjectProcess",
            "DeleteAccessPointForObjectProcess",
            "ListAccessPointsForObjectProcess",
            "PutAccessPointConfigForObjectProcess",
            "GetAccessPointConfigForObjectProcess",
            "PutAccessPointPolicyForObjectProcess",
            "GetAccessPointPolicyForObjectProcess",
            "DeleteAccessPointPolicyForObjectProcess",
            "WriteGetObjectResponse",
        ],
    ),
    ("anti-DDoS of a user", &["InitUserAntiDDosInfo", "UpdateUserAntiDDosInfo", "GetUserAntiDDosInfo"]),
    (
        "resource pools",
        &[
            "ListResourcePools",
            "GetResourcePoolInfo",
            "ListResourcePoolBuckets",
            "PutResourcePoolRequesterQoSInfo",
            "GetResourcePoolRequesterQoSInfo",
            "DeleteResourcePoolRequesterQoSInfo",
            "ListResourcePoolRequesterQoSInfos",
        ],
    ),
    (
        "vectors",
        &[
            "PutVectorBucket",
            "GetVectorBucket",
            "DeleteVectorBucket",
            "ListVectorBuckets",
            "PutVectorIndex",
            "GetVectorIndex",
            "DeleteVectorIndex",
            "ListVectorIndexes",
            "PutVectors",
            "GetVectors",
            "ListVectors",
            "QueryVectors",
            "DeleteVectors",
        ],
    ),
    (
        "IMM, and processes that are not of pictures",
        &[
            "IMM processing",
            "CreateOfficeConversionTask",
            "GenerateWebofficeToken",
            "RefreshWebofficeToken",
            "SelectObject",
            "CreateSelectObjectMeta",
            "PostProcessTask",
        ],
    ),
    ("streams by RTMP", &["PublishRtmpStream"]),
];

/// The table in Markdown: each operation, how it is asked for, the RAM action, how far it works and the story that shows it.
pub fn support_table() -> String {
    let mut text =
        String::from("| operation | request | RAM action | state | shown by |\n| --- | --- | --- | --- | --- |\n");
    for row in TABLE {
        let (state, proof) = match row.state {
            State::Works(proof) => ("works", format!("`{proof}`")),
            State::Kept(proof) => ("stored only", format!("`{proof}`")),
            State::Missing => ("501", String::new()),
        };
        let action = match (row.action, row.version_action) {
            ("", _) => "none".to_owned(),
            (action, None) => format!("`{action}`"),
            (action, Some(version)) => format!("`{action}`, of a version `{version}`"),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {} | `{}` | {action} | {state} | {proof} |", row.name, request_of(row));
    }
    for (what, names) in ELSEWHERE {
        let _ = writeln!(text, "| {} | {what} | | 501 | |", names.join(", "));
    }
    text
}

fn request_of(row: &Row) -> String {
    let place = match row.place {
        Place::Service => "/",
        Place::Bucket => "/bucket",
        Place::Object => "/bucket/key",
    };
    let is_parameter = |name: &&&str| !matches!(**name, "form" | "x-oss-copy-source");
    let parameters: Vec<&str> = row.selectors.iter().filter(is_parameter).copied().collect();
    let mark = if parameters.is_empty() { "" } else { "?" };
    let mut text = format!("{} {place}{mark}{}", row.method, parameters.join("&"));
    for (selector, words) in [("form", " (form)"), ("x-oss-copy-source", " + x-oss-copy-source")] {
        if row.selectors.contains(&selector) {
            text.push_str(words);
        }
    }
    text
}
