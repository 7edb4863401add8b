//! The actions and condition keys that OSS documents, and names that are commonly written in their place.

/// What an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Service,
    Bucket,
    Object,
    Other,
}

/// `action level`, one a line (OSS, "Authorization syntax and elements").
const ACTIONS: &str = include_str!("actions.txt");

/// Every action with its level.
pub(super) fn actions() -> impl Iterator<Item = (&'static str, Level)> {
    ACTIONS.lines().filter_map(|line| line.split_once(' ')).map(|(action, level)| {
        let level = match level {
            "service" => Level::Service,
            "bucket" => Level::Bucket,
            "object" => Level::Object,
            _ => Level::Other,
        };
        (action, level)
    })
}

/// API names that are no actions, each with the action that it needs; two where a `+` stands.
const API_NAMES: &[(&str, &str)] = &[
    ("oss:HeadObject", "oss:GetObject"),
    ("oss:GetObjectMeta", "oss:GetObject"),
    ("oss:ListBucket", "oss:ListObjects"),
    ("oss:GetBucket", "oss:ListObjects"),
    ("oss:ListObjectsV2", "oss:ListObjects"),
    ("oss:InitiateMultipartUpload", "oss:PutObject"),
    ("oss:UploadPart", "oss:PutObject"),
    ("oss:CompleteMultipartUpload", "oss:PutObject"),
    ("oss:AppendObject", "oss:PutObject"),
    ("oss:PostObject", "oss:PutObject"),
    ("oss:DeleteMultipleObjects", "oss:DeleteObject"),
    ("oss:CreateBucket", "oss:PutBucket"),
    ("oss:PutBucketTags", "oss:PutBucketTagging"),
];

/// The action that somebody meant who wrote the name of an API.
pub(super) fn meant(action: &str) -> Option<&'static str> {
    API_NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(action)).map(|(_, action)| *action)
}

/// Actions by which a token could give itself or others more rights, or destroy a bucket.
pub(super) const ESCALATIONS: &[&str] = &[
    "oss:PutBucketPolicy",
    "oss:DeleteBucketPolicy",
    "oss:PutBucketAcl",
    "oss:PutObjectAcl",
    "oss:PutBucketReplication",
    "oss:PutBucketLogging",
    "oss:PutBucketWebsite",
    "oss:PutBucketCors",
    "oss:PutBucketReferer",
    "oss:PutAccessPointPolicy",
    "oss:DeletePublicAccessBlock",
    "oss:DeleteBucket",
    "oss:DeleteBucketEncryption",
    "oss:PutBucketLifecycle",
];

/// Whether OSS documents this condition key.
pub(super) fn is_known_key(key: &str) -> bool {
    const WHOLE: &[&str] = &[
        "acs:sourceip",
        "acs:sourcevpc",
        "acs:useragent",
        "acs:currenttime",
        "acs:securetransport",
        "acs:accessid",
        "acs:mfapresent",
        "oss:x-oss-acl",
        "oss:x-oss-object-acl",
        "oss:prefix",
        "oss:delimiter",
        "oss:buckettag",
        "oss:dataaccesspointarn",
        "oss:dataaccesspointaccount",
        "oss:accesspointnetworkorigin",
    ];
    let key = key.to_ascii_lowercase();
    let tagged = ["oss:buckettag/", "oss:existingobjecttag/", "oss:requestobjecttag/"];
    WHOLE.contains(&key.as_str()) || tagged.iter().any(|beginning| key.starts_with(beginning))
}
