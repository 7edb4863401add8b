//! Forms as browsers and libraries send them, in every chunking; forms that are wrong, and forms that are hostile.

use std::vec::IntoIter;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use proptest::prelude::*;
use shared::error::{OssCode, OssError};
use shared::sign::Request;
use shared::sign::post_policy::SizeLimits;

use super::scan::{After, Content, MAX_HEAD, Scanner};
use super::{Form, MAX_NAME, MAX_PARTS, MAX_TOTAL, MAX_VALUE, boundary, read_form};

type Body = stream::Iter<IntoIter<Result<Bytes, OssError>>>;

const BOUNDARY: &str = "----WebKitFormBoundaryW0DET1ia";

/// One part: its disposition's parameters and content.
fn part(parameters: &str, content: &str) -> String {
    format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {parameters}\r\n\r\n{content}\r\n")
}

fn close() -> String {
    format!("--{BOUNDARY}--\r\n")
}

fn in_pieces(body: &[u8], size: usize) -> Body {
    let pieces: Vec<Result<Bytes, OssError>> =
        body.chunks(size.max(1)).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

fn read(body: Body) -> Result<Form<Body>, OssError> {
    read_form(body, BOUNDARY).now_or_never().expect("the body is ready")
}

fn file(form: &mut Form<Body>) -> Result<Vec<u8>, OssError> {
    let whole = async {
        let mut bytes = Vec::new();
        while let Some(piece) = form.file.try_next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    };
    whole.now_or_never().expect("the body is ready")
}

fn code_of(body: &str) -> (OssCode, String) {
    let whole = read(in_pieces(body.as_bytes(), 1000)).and_then(|mut form| file(&mut form));
    let error = whole.unwrap_err();
    (error.code, error.ec.unwrap_or_default())
}

#[test]
fn a_form_reads_alike_in_every_chunking() {
    let content = "\r\n--\r\n------WebKit\r--x\r\n\r\n照片\0\r";
    let file_head =
        "Content-Type: image/png\r\ncontent-disposition: form-data; name=\"file\"; filename=\"C:\\a\\b.png\"";
    let with_preamble = format!(
        "ignored\r\n{}{}--{BOUNDARY} \t\r\n{file_head}\r\n\r\n{content}\r\n{}--{BOUNDARY}--",
        part("name=\"key\"", "users/${filename}"),
        part("name=\"x-oss-meta-note\"", "two\r\nlines"),
        part("name=\"submit\"", "Upload"),
    );
    let from_the_first_byte = with_preamble.strip_prefix("ignored\r\n").unwrap();
    for body in [with_preamble.as_str(), from_the_first_byte] {
        for size in 1..=body.len() {
            let mut form = read(in_pieces(body.as_bytes(), size)).unwrap();
            assert_eq!(form.key().unwrap(), "users/b.png", "{size}");
            assert_eq!(form.fields.get("X-OSS-Meta-Note"), Some("two\r\nlines"));
            assert_eq!(form.content_type.as_deref(), Some("image/png"));
            assert_eq!(file(&mut form).unwrap(), content.as_bytes(), "{size}");
            assert_eq!(form.fields.get("submit"), None);
        }
    }
}

#[test]
fn an_empty_file_and_one_without_a_name() {
    let mut empty = read(in_pieces((part("name=\"file\"; filename=\"\"", "") + &close()).as_bytes(), 7)).unwrap();
    assert_eq!((empty.filename.take().as_deref(), file(&mut empty)), (Some(""), Ok(Vec::new())));
    let mut plain = read(in_pieces((part("name=\"File\"", "hi oss") + &close()).as_bytes(), 7)).unwrap();
    assert_eq!((plain.filename.take(), file(&mut plain)), (None, Ok(b"hi oss".to_vec())));
}

#[test]
fn forms_that_are_wrong() {
    let key = part("name=\"key\"", "k");
    let whole = part("name=\"file\"; filename=\"a\"", "bytes");
    let cut = whole.strip_suffix("\r\n").unwrap().to_owned();
    for (body, code, ec) in [
        (String::new(), OssCode::MalformedPOSTRequest, "104"),
        ("no form at all".to_owned(), OssCode::MalformedPOSTRequest, "104"),
        ("x".repeat(17 << 10), OssCode::MalformedPOSTRequest, "103"),
        (format!("--{BOUNDARY}"), OssCode::MalformedPOSTRequest, "104"),
        (format!("--{BOUNDARY}x\r\n"), OssCode::MalformedPOSTRequest, "103"),
        (format!("--{BOUNDARY}{}\r\n", " ".repeat(300)), OssCode::MalformedPOSTRequest, "103"),
        (format!("--{BOUNDARY}\r\n\r\nno head\r\n{}", close()), OssCode::MalformedPOSTRequest, "103"),
        (key.clone(), OssCode::MalformedPOSTRequest, "104"),
        (key.clone() + &close(), OssCode::IncorrectNumberOfFilesInPOSTRequest, "107"),
        (cut, OssCode::MalformedPOSTRequest, "104"),
        (whole.clone(), OssCode::MalformedPOSTRequest, "104"),
        (format!("{whole}--{BOUNDARY}\r\nContent-"), OssCode::MalformedPOSTRequest, "104"),
        (format!("{whole}{key}{whole}{}", close()), OssCode::IncorrectNumberOfFilesInPOSTRequest, ""),
    ] {
        let ec = if ec.is_empty() { String::new() } else { format!("0006-00000{ec}") };
        assert_eq!(code_of(&body), (code, ec), "{body:.200}");
    }
    let mut latin = part("name=\"key\"", "caf?").into_bytes();
    let at = latin.iter().position(|b| *b == b'?').unwrap();
    latin[at] = 0xe9;
    assert_eq!(read(in_pieces(&latin, 10)).unwrap_err().code, OssCode::MalformedPOSTRequest);
}

#[test]
fn a_body_that_breaks_off_is_an_error_in_fields_and_in_the_file() {
    let broken = |start: String| -> Body {
        let cut = OssError::new(OssCode::RequestTimeout, "cut off");
        stream::iter(vec![Ok(Bytes::from(start)), Err(cut), Ok(Bytes::from(format!("more\r\n{}", close())))])
    };
    assert_eq!(read(broken(part("name=\"key\"", "k"))).unwrap_err().code, OssCode::RequestTimeout);
    let mut form = read(broken(part("name=\"file\"; filename=\"a\"", "bytes"))).unwrap();
    assert_eq!(file(&mut form).unwrap_err().code, OssCode::RequestTimeout);
    assert_eq!(file(&mut form), Ok(Vec::new()), "nothing follows an error");
}

#[test]
fn fields_are_bounded_one_by_one_and_together() {
    let end = part("name=\"file\"; filename=\"a\"", "bytes") + &close();
    let fits = part("name=\"a\"", &"v".repeat(MAX_VALUE)) + &end;
    assert!(read(in_pieces(fits.as_bytes(), 100_000)).is_ok());
    let name = format!("name=\"{}\"", "n".repeat(MAX_NAME));
    assert!(read(in_pieces((part(&name, "v") + &end).as_bytes(), 1000)).is_ok());
    let several = |count: usize, value: &str| -> String {
        (0..count).map(|n| part(&format!("name=\"f{n}\""), value)).collect::<String>()
    };
    let limit = MAX_TOTAL / MAX_VALUE;
    for (fields, code, ec) in [
        (part("name=\"a\"", &"v".repeat(MAX_VALUE + 1)), OssCode::FieldItemTooLong, "111"),
        (part(&format!("name=\"{}\"", "n".repeat(MAX_NAME + 1)), "v"), OssCode::FieldItemTooLong, "110"),
        (part(&format!("name=\"{}\"", "n".repeat(MAX_HEAD)), "v"), OssCode::FieldItemTooLong, "110"),
        (several(limit, &"v".repeat(MAX_VALUE)), OssCode::FieldItemTooLong, "112"),
        (several(MAX_PARTS, ""), OssCode::MalformedPOSTRequest, "103"),
    ] {
        assert_eq!(code_of(&(fields + &end)), (code, format!("0006-00000{ec}")));
    }
    let file = part("name=\"file\"; filename=\"a\"", "bytes");
    for (after, code) in [
        (several(MAX_PARTS + 1, ""), OssCode::MalformedPOSTRequest),
        (several(limit + 1, &"v".repeat(MAX_VALUE)), OssCode::FieldItemTooLong),
    ] {
        assert_eq!(code_of(&(file.clone() + &after + &close())).0, code);
    }
    let nameless = part("name=\"file\"", &"v".repeat(MAX_VALUE + 1)) + &close();
    assert_eq!(code_of(&nameless), (OssCode::FieldItemTooLong, "0006-00000111".to_owned()));
}

#[test]
fn the_file_is_held_to_its_limits_while_it_arrives() {
    let sent = |size: usize, limits: SizeLimits| {
        let body = part("name=\"file\"; filename=\"a\"", &"b".repeat(size)) + &close();
        let mut form = read(in_pieces(body.as_bytes(), 64)).unwrap();
        form.file.limit(limits);
        let mut received = 0;
        let ended = async {
            while let Some(piece) = form.file.next().await {
                received += piece?.len();
            }
            Ok::<_, OssError>(())
        };
        let ended = ended.now_or_never().unwrap();
        (received, ended.err().map(|error| (error.code, error.ec.unwrap_or_default())))
    };
    let limits = SizeLimits { min: 10, max: 1000 };
    assert_eq!(sent(10, limits), (10, None));
    assert_eq!(sent(1000, limits), (1000, None));
    assert_eq!(sent(9, limits).1, Some((OssCode::EntityTooSmall, "0006-00000004".to_owned())));
    let (received, refused) = sent(100_000, limits);
    assert_eq!(refused, Some((OssCode::EntityTooLarge, "0006-00000003".to_owned())));
    assert!(received <= 1000, "{received}");
}

#[test]
fn the_boundary_of_a_content_type() {
    for (content_type, found) in [
        (Some("multipart/form-data; boundary=9431149156168"), Ok("9431149156168")),
        (Some("Multipart/Form-Data;charset=utf-8; Boundary=\"a b\""), Ok("a b")),
        (Some("multipart/form-data; boundary="), Err(OssCode::MalformedPOSTRequest)),
        (Some("multipart/form-data; boundary=a\u{e9}"), Err(OssCode::MalformedPOSTRequest)),
        (Some("multipart/form-data"), Err(OssCode::MalformedPOSTRequest)),
        (Some("application/x-www-form-urlencoded"), Err(OssCode::RequestIsNotMultiPartContent)),
        (None, Err(OssCode::MethodNotAllowed)),
    ] {
        assert_eq!(boundary(content_type).map_err(|error| error.code), found.map(str::to_owned), "{content_type:?}");
    }
}

fn form_of(parameters: &str, file_type: &str, fields: &[(&str, &str)]) -> Form<Body> {
    let fields: String = fields.iter().map(|(name, value)| part(&format!("name=\"{name}\""), value)).collect();
    let head = format!("Content-Disposition: form-data; name=\"file\"; {parameters}\r\n{file_type}\r\n");
    read(in_pieces(format!("{fields}--{BOUNDARY}\r\n{head}\r\nbytes\r\n{}", close()).as_bytes(), 512)).unwrap()
}

#[test]
fn keys_and_the_name_of_the_file() {
    for (key, parameters, expected) in [
        ("a.jpg", "filename=\"b.jpg\"", Ok("a.jpg")),
        ("dir/${filename}", "filename=\"照片.jpg\"", Ok("dir/照片.jpg")),
        ("${filename}-${filename}", r#"filename="C:\dir/b.jpg""#, Ok("b.jpg-b.jpg")),
        ("dir/${filename}", "filename=\"../../${filename}\"", Ok("dir/${filename}")),
        ("dir/${filename}", "x=y", Ok("dir/")),
        ("${filename}", "filename=\"\"", Err(OssCode::InvalidObjectName)),
        ("", "filename=\"b\"", Err(OssCode::InvalidObjectName)),
    ] {
        let form = form_of(parameters, "X: y", &[("Key", key)]);
        assert_eq!(form.key().map_err(|error| error.code), expected.map(str::to_owned), "{key}");
    }
    let error = form_of("filename=\"b\"", "X: y", &[]).key().unwrap_err();
    assert_eq!((&error.code, error.find_detail("ArgumentName")), (&OssCode::InvalidArgument, Some("key")));
}

#[test]
fn the_type_of_the_object() {
    for (fields, file_type, expected) in [
        (vec![("x-oss-content-type", "a/a"), ("Content-Type", "c/c")], "Content-Type: b/b", Some("a/a")),
        (vec![("Content-Type", "c/c")], "Content-Type: b/b", Some("b/b")),
        (vec![("Content-Type", "c/c"), ("x-oss-content-type", "")], "X: y", Some("c/c")),
        (vec![], "X: y", None),
    ] {
        let form = form_of("filename=\"b\"", file_type, &fields);
        assert_eq!(form.object_type(), expected, "{fields:?}");
        assert_eq!(form.upload("b", "k").content_type, expected);
    }
}

#[test]
fn a_form_becomes_a_put() {
    let post = Request::new("POST", Some("photos"), None)
        .with_param("append", "")
        .with_header("User-Agent", "Firefox")
        .with_header("Referer", "http://app.example/")
        .with_header("Content-Type", "multipart/form-data; boundary=b")
        .with_header("Content-Length", "999")
        .with_header("Content-MD5", "ofTheForm")
        .with_header("x-oss-object-acl", "public-read-write")
        .with_header("Authorization", "OSS ak:none");
    let fields = [
        ("Cache-Control", " no-cache "),
        ("X-OSS-Meta-Note", "hello"),
        ("x-oss-forbid-overwrite", "true"),
        ("x-oss-tagging", ""),
        ("x-oss-security-token", "secret"),
        ("policy", "e30="),
        ("success_action_status", "201"),
        ("callback", "eyJ9"),
        ("x:Var", "1"),
        ("X:other", "2"),
    ];
    let put = form_of("filename=\"b\"", "Content-Type: image/png", &fields).put_request(&post, "k").unwrap();
    assert_eq!((put.method.as_str(), put.bucket.as_deref(), put.key.as_deref()), ("PUT", Some("photos"), Some("k")));
    assert!(put.query.is_empty());
    let mut headers = put.headers.clone();
    headers.sort();
    let expected = [
        ("cache-control", "no-cache"),
        ("content-type", "image/png"),
        ("referer", "http://app.example/"),
        ("transfer-encoding", "chunked"),
        ("user-agent", "Firefox"),
        ("x-oss-callback", "eyJ9"),
        ("x-oss-callback-var", "eyJ4OlZhciI6IjEifQ=="),
        ("x-oss-forbid-overwrite", "true"),
        ("x-oss-meta-note", "hello"),
    ];
    assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn what_no_header_can_carry_is_refused() {
    let long = "v".repeat((8 << 10) + 1);
    for (name, value, code) in [
        ("x-oss-meta-note", "two\r\nlines", OssCode::InvalidArgument),
        ("x-oss-meta-\u{7167}", "v", OssCode::InvalidArgument),
        ("content-disposition", "a\0b", OssCode::InvalidArgument),
        ("cache-control", long.as_str(), OssCode::FieldItemTooLong),
    ] {
        let form = form_of("filename=\"b\"", "X: y", &[(name, value)]);
        let error = form.put_request(&Request::new("POST", Some("b"), None), "k").unwrap_err();
        assert_eq!((&error.code, error.find_detail("ArgumentName")), (&code, Some(name)));
    }
}

/// Pieces of forms, whole and broken, and bytes of any kind.
fn fragments() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(format!("--{BOUNDARY}\r\n").into_bytes()),
        Just(format!("\r\n--{BOUNDARY}").into_bytes()),
        Just(close().into_bytes()),
        Just(b"\r\n".to_vec()),
        Just(b"\r\n\r\n".to_vec()),
        Just(part("name=\"key\"", "${filename}").into_bytes()),
        Just(part("name=\"file\"; filename=\"a\"", "bytes\r\n--").into_bytes()),
        Just(b"Content-Disposition: form-data; name=\"file\"; filename=\"a\\".to_vec()),
        (0..BOUNDARY.len()).prop_map(|length| format!("\r\n--{}", &BOUNDARY[..length]).into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..40),
        (16_000..17_000usize).prop_map(|length| vec![b'x'; length]),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// What a reader makes of a body: fields and file, or the code.
fn outcome(body: &[u8], size: usize) -> Result<(String, Vec<u8>), (OssCode, Option<String>)> {
    let mut form = read(in_pieces(body, size)).map_err(|error| (error.code, error.ec))?;
    let bytes = file(&mut form).map_err(|error| (error.code, error.ec))?;
    Ok((format!("{:?} {:?} {:?}", form.key().map_err(|e| e.code), form.filename, form.content_type), bytes))
}

/// Drives a scanner over pieces; it must ask for more while it holds next to nothing.
fn drive(body: &[u8], size: usize) -> Result<(), OssError> {
    let mut scanner = Scanner::new(BOUNDARY);
    let mut pieces = body.chunks(size.max(1));
    let mut feed = |scanner: &mut Scanner, most: usize| {
        assert!(scanner.held() <= most, "{} > {most}", scanner.held());
        match pieces.next() {
            Some(piece) => scanner.feed(Bytes::copy_from_slice(piece)),
            None => scanner.finish(),
        }
    };
    loop {
        loop {
            match scanner.content()? {
                Content::Data(bytes) => assert!(!bytes.is_empty()),
                Content::End => break,
                Content::More => feed(&mut scanner, BOUNDARY.len() + 4),
            }
        }
        loop {
            match scanner.after()? {
                After::Part => break,
                After::Close => return Ok(()),
                After::More => feed(&mut scanner, 300),
            }
        }
        while scanner.head()?.is_none() {
            feed(&mut scanner, MAX_HEAD);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_body_in_any_chunking_reads_alike_without_panic_and_within_bounds(body in fragments(), size in 1..200usize) {
        let whole = outcome(&body, body.len());
        prop_assert_eq!(&outcome(&body, size), &whole);
        prop_assert_eq!(&outcome(&body, 1), &whole);
        let _ = drive(&body, size);
        let _ = drive(&body, 1);
    }

    #[test]
    fn any_file_arrives_as_it_was_sent(bytes in proptest::collection::vec(any::<u8>(), 0..3000), size in 1..500usize) {
        let mut body = part("name=\"file\"; filename=\"a\"", "").into_bytes();
        body.truncate(body.len() - 2);
        body.extend_from_slice(&bytes);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let mut form = read(in_pieces(&body, size)).unwrap();
        prop_assert_eq!(file(&mut form).unwrap(), bytes);
    }
}
