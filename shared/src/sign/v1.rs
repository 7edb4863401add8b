//! Signature V1: HMAC-SHA1 over a string of the request's parts (`oss-rest.md` §1.1, §1.2).

use super::canonical::{Request, header_block};
use super::hash::hmac_sha1_base64;
use crate::secret::Secret;

/// Query parameters that belong to the resource and are therefore signed; beside these, every one that begins with `x-oss-`.
/// The union of the lists of the Python, Go and JavaScript SDKs. Sorted.
const SUB_RESOURCES: &[&str] = &[
    "accessPoint",
    "accessPointPolicy",
    "acl",
    "append",
    "asyncFetch",
    "bucketArchiveDirectRead",
    "bucketInfo",
    "callback",
    "callback-var",
    "cleanRestoredObject",
    "cloudboxes",
    "cname",
    "comp",
    "continuation-token",
    "cors",
    "dataPipeline",
    "delete",
    "encryption",
    "endTime",
    "group",
    "httpsConfig",
    "img",
    "inventory",
    "inventoryId",
    "legalHold",
    "lifecycle",
    "link",
    "live",
    "location",
    "logging",
    "metaQuery",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "objectInfo",
    "objectMeta",
    "objectWorm",
    "overwriteConfig",
    "partNumber",
    "policy",
    "policyStatus",
    "position",
    "publicAccessBlock",
    "qos",
    "qosInfo",
    "qosRequester",
    "quota",
    "redundancyTransition",
    "referer",
    "regionList",
    "replication",
    "replicationLocation",
    "replicationProgress",
    "requestPayment",
    "requesterQosInfo",
    "resourceGroup",
    "resourcePool",
    "resourcePoolBuckets",
    "resourcePoolInfo",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "responseHeader",
    "restore",
    "retention",
    "rtc",
    "seal",
    "security-token",
    "sequential",
    "startTime",
    "stat",
    "status",
    "style",
    "styleName",
    "symlink",
    "tagging",
    "transferAcceleration",
    "udf",
    "udfApplication",
    "udfApplicationLog",
    "udfId",
    "udfImage",
    "udfImageDesc",
    "udfName",
    "uploadId",
    "uploads",
    "userDefinedLogFieldsConfig",
    "versionId",
    "versioning",
    "versions",
    "vod",
    "website",
    "withHashContext",
    "worm",
    "wormExtend",
    "wormId",
];

fn is_sub_resource(name: &str) -> bool {
    name.starts_with("x-oss-") || SUB_RESOURCES.binary_search(&name).is_ok()
}

/// `/bucket/key?sub-resources`, decoded, sorted by name; a value that is empty leaves the name alone.
pub fn canonicalized_resource(request: &Request) -> String {
    let mut signed: Vec<_> = request.query.iter().filter(|(name, _)| is_sub_resource(name)).collect();
    signed.sort();
    let pairs: Vec<String> =
        signed.iter().map(|(k, v)| if v.is_empty() { k.clone() } else { format!("{k}={v}") }).collect();
    let mut resource = request.resource_path();
    if !pairs.is_empty() {
        resource.push('?');
        resource.push_str(&pairs.join("&"));
    }
    resource
}

/// The text that is signed. `date` is the `Date` line: a date for headers, the Unix expiry for a URL.
pub fn string_to_sign(request: &Request, date: &str) -> String {
    text(request, date, &canonicalized_resource(request))
}

/// The same for a bucket that stands in the path without its slash: OpenDAL sends `/bucket?list-type=2`, and signs `/bucket`.
/// `None` for all other requests.
pub fn slashless_string_to_sign(request: &Request, date: &str) -> Option<String> {
    let (bucket, None) = (request.bucket.as_deref()?, &request.key) else {
        return None;
    };
    let resource = canonicalized_resource(request);
    let rest = resource.strip_prefix('/')?.strip_prefix(bucket)?.strip_prefix('/')?;
    Some(text(request, date, &format!("/{bucket}{rest}")))
}

fn text(request: &Request, date: &str, resource: &str) -> String {
    format!(
        "{}\n{}\n{}\n{date}\n{}{}",
        request.method,
        request.header("content-md5").unwrap_or_default(),
        request.header("content-type").unwrap_or_default(),
        header_block(request, |name| name.starts_with("x-oss-")),
        resource,
    )
}

/// base64(HMAC-SHA1(secret, text)).
pub fn sign(secret: &Secret, string_to_sign: &str) -> String {
    hmac_sha1_base64(secret.expose().as_bytes(), string_to_sign.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Request, slashless_string_to_sign};

    #[test]
    fn only_a_bucket_has_a_name_without_its_slash() {
        let of = |bucket, key| slashless_string_to_sign(&Request::new("GET", bucket, key), "now");
        assert_eq!(of(Some("bucket"), None).as_deref(), Some("GET\n\n\nnow\n/bucket"));
        assert_eq!((of(Some("bucket"), Some("key")), of(None, None)), (None, None));
    }

    #[test]
    fn the_list_can_be_searched() {
        assert!(super::SUB_RESOURCES.is_sorted());
    }
}
