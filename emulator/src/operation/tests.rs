//! Requests and the operations that they are taken for.

use super::*;

fn recognised(method: &str, bucket: Option<&str>, key: Option<&str>, query: &[(&str, &str)]) -> String {
    let mut request = Request::new(method, bucket, key);
    for (name, value) in query {
        request = request.with_param(name, value);
    }
    match Operation::recognise(&request) {
        Ok(operation) => format!("{} {}", operation.name(), operation.action()),
        Err(error) => error.code.to_string(),
    }
}

#[test]
fn nothing_unknown_passes_as_something_known() {
    let (b, k) = (Some("b"), Some("k"));
    for (method, bucket, key, query, expected) in [
        ("GET", None, None, &[][..], "ListBuckets oss:ListBuckets"),
        ("GET", b, None, &[("prefix", "x")], "ListObjects oss:ListObjects"),
        ("GET", b, None, &[("list-type", "2")], "ListObjectsV2 oss:ListObjects"),
        ("GET", b, None, &[("list-type", "3")], "InvalidArgument"),
        ("GET", b, None, &[("acl", "")], "GetBucketAcl oss:GetBucketAcl"),
        ("GET", b, None, &[("worm", "")], "NotImplemented"),
        ("GET", b, None, &[("accessPoint", "")], "NotImplemented"),
        ("GET", b, k, &[("versionId", "1")], "GetObject oss:GetObjectVersion"),
        ("GET", b, k, &[("x-oss-process", "image/info")], "GetObject oss:GetObject"),
        ("POST", b, k, &[("x-oss-process", "")], "ProcessObject oss:PostProcessTask"),
        ("PUT", b, k, &[("partNumber", "1"), ("uploadId", "U")], "UploadPart oss:PutObject"),
        ("PUT", b, k, &[("uploadId", "U")], "NotImplemented"),
        ("PUT", b, k, &[("versionId", "1")], "NotImplemented"),
        ("POST", b, k, &[("uploadId", "U")], "CompleteMultipartUpload oss:PutObject"),
        ("POST", b, k, &[("append", ""), ("position", "0")], "AppendObject oss:PutObject"),
        ("POST", b, None, &[], "PostObject oss:PutObject"),
        ("POST", b, None, &[("metadataConfiguration", "")], "NotImplemented"),
        ("POST", b, None, &[("metaQuery", ""), ("comp", "query")], "NotImplemented"),
        ("DELETE", b, k, &[], "DeleteObject oss:DeleteObject"),
        ("DELETE", b, None, &[], "DeleteBucket oss:DeleteBucket"),
        ("DELETE", b, None, &[("quota", "")], "NotImplemented"),
        ("PUT", b, None, &[("objectWorm", "")], "NotImplemented"),
        ("GET", b, None, &[("metadataConfiguration", "")], "NotImplemented"),
        ("GET", b, None, &[("prefix", ""), ("marker", ""), ("response-expires", "")], "ListObjects oss:ListObjects"),
        ("DELETE", b, None, &[("publicAccessBlock", ""), ("x-oss-access-point-name", "a")], "NotImplemented"),
        ("PUT", b, k, &[("withHashContext", "")], "NotImplemented"),
        ("GET", b, k, &[("v2", "")], "GetObject oss:GetObject"),
        ("OPTIONS", b, k, &[("anything", "")], "OptionsObject "),
        ("PATCH", b, k, &[], "MethodNotAllowed"),
    ] {
        assert_eq!(recognised(method, bucket, key, query), expected, "{method} {bucket:?} {key:?} {query:?}");
    }
    let copy = Request::new("PUT", b, k).with_header("x-oss-copy-source", "/b/other");
    assert_eq!(Operation::recognise(&copy).unwrap().name(), "CopyObject");
    let form = Request::new("POST", b, None).with_header("Content-Type", "multipart/form-data; boundary=x");
    assert_eq!(Operation::recognise(&form).unwrap().name(), "PostObject");
}

#[test]
fn every_row_can_be_reached_and_told_from_the_others() {
    for (at, row) in TABLE.iter().enumerate() {
        assert!(row.selectors.is_sorted(), "{}", row.name);
        let same =
            |other: &&Row| (other.method, other.place, other.selectors) == (row.method, row.place, row.selectors);
        assert_eq!(TABLE.iter().position(|other| same(&other)), Some(at), "{} stands twice", row.name);
    }
}
