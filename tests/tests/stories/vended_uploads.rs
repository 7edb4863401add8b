//! Uploads by what the app server vends to those who have no SDK: URLs, forms, signatures, keys of its own choice.

use serde_json::json;
use server::config::ObjectKeySection;
use shared::sign::{Request, v1};
use shared::timefmt;
use tests::Stage;

use crate::upload_metadata::{Server, devices, json_of};

const BOUNDARY: &str = "----a-boundary";

#[tokio::test]
async fn a_vended_url_uploads_once_and_tells_of_it() {
    let (stage, folder) = (Stage::open().await, tempfile::tempdir().unwrap());
    let server = Server::start(&stage, &folder, "users/alice/", |_| {}).await;
    let ask =
        json!({ "Method": "PUT", "Object": "users/alice/a b+中.txt", "ContentType": "text/plain", "Callback": true });
    let (status, signed) = server.post(&stage, "/v1/presign", ask).await;
    assert_eq!(status, 200, "{signed}");
    let url = signed["Url"].as_str().unwrap();
    let put = |url: &str| stage.http.put(url).body("hello");
    for altered in [url.replace("users/alice", "users/bob"), url.replace("callback=", "x-callback=")] {
        let answer = put(&altered).header("content-type", "text/plain").send().await.unwrap();
        assert_eq!(answer.status(), 403, "{altered}");
    }
    assert_eq!(put(url).header("content-type", "text/html").send().await.unwrap().status(), 403);
    let answer = put(url).header("content-type", "text/plain").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(json_of(answer).await["Status"], "OK");
    let upload = &server.uploads(&stage).await[0];
    assert_eq!((&upload["Object"], &upload["Verified"]), (&json!("users/alice/a b+中.txt"), &json!(true)));
    let read = json!({ "Method": "GET", "Object": "users/alice/a b+中.txt" });
    let (_, signed) = server.post(&stage, "/v1/presign", read).await;
    let url = signed["Url"].as_str().unwrap();
    assert_eq!(stage.http.get(url).send().await.unwrap().text().await.unwrap(), "hello");
    // It ends with its token, though the server would sign for an hour.
    stage.clock.advance(time::Duration::seconds(901));
    assert_eq!(stage.http.get(url).send().await.unwrap().status(), 403);
    stage.close().await;
}

#[tokio::test]
async fn a_vended_form_uploads_what_it_says_and_its_callback_cannot_be_left_out() {
    let (stage, folder) = (Stage::open().await, tempfile::tempdir().unwrap());
    let server = Server::start(&stage, &folder, "users/alice/", |config| {
        config.vend.as_mut().unwrap().content_types = vec!["text/plain".to_owned(), "image/png".to_owned()];
    })
    .await;
    let ask = json!({ "Object": "users/alice/${filename}", "MinBytes": 1, "MaxBytes": 10, "Callback": true });
    let (status, form) = server.post(&stage, "/v1/post-policy", ask).await;
    assert_eq!(status, 200, "{form}");
    let fields: Vec<(String, String)> = form["Fields"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    let with = |name: &str, value: Option<&str>| {
        let mut fields = fields.clone();
        fields.retain(|(field, _)| field != name);
        fields.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        fields
    };
    let plain = Some("text/plain");
    for (fields, file, expected) in [
        (with("Content-Type", plain), "hello", 200),
        (with("Content-Type", Some("text/html")), "hello", 403),
        (with("Content-Type", plain), "too long for it", 400),
        (with("Content-Type", plain), "", 400),
        (with("key", Some("users/bob/1")), "hello", 403),
        (with("callback", None), "hello", 403),
        (with("callback", Some("e30=")), "hello", 403),
    ] {
        let request = stage.http.post(form["Url"].as_str().unwrap());
        let request = request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"));
        let answer = request.body(multipart(&fields, file)).send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert_eq!(status, expected, "{text}");
    }
    let uploads = server.uploads(&stage).await;
    assert_eq!((uploads.len(), &uploads[0]["Object"]), (1, &json!("users/alice/photo.txt")));
    let ask = json!({ "Object": "users/alice/1", "ContentTypes": ["text/html"] });
    assert_eq!(server.post(&stage, "/v1/post-policy", ask).await.1["ErrorCode"], "ContentTypeNotAllowed");
    stage.close().await;
}

fn multipart(fields: &[(String, String)], file: &str) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body + &format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"photo.txt\"\r\n\r\n{file}\r\n--{BOUNDARY}--\r\n"
    )
}

#[tokio::test]
async fn a_request_that_the_server_signed_for_an_app_without_a_key_is_good() {
    let (stage, folder) = (Stage::open().await, tempfile::tempdir().unwrap());
    let bucket = stage.ready.bucket.clone();
    let server = Server::start(&stage, &folder, "users/alice/", |_| {}).await;
    let date = timefmt::http_date(shared::clock::Clock::now(stage.clock.as_ref()));
    let request = Request::new("PUT", Some(&bucket), Some("users/alice/1"))
        .with_header("date", &date)
        .with_header("content-type", "text/plain")
        .with_header("x-oss-meta-a", "1");
    let content = v1::string_to_sign(&request, &date);
    let (status, signed) = server.post(&stage, "/v1/sign", json!({ "Content": content })).await;
    assert_eq!(status, 200, "{signed}");
    let request = request.with_header("authorization", signed["Authorization"].as_str().unwrap());
    let answer = stage.send(&request, b"hello".to_vec()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    stage.close().await;
}

#[tokio::test]
async fn where_the_server_chooses_keys_its_urls_are_for_them() {
    let (stage, folder) = (Stage::open().await, tempfile::tempdir().unwrap());
    let (identity, [alice]) = devices(["alice"]);
    let server = Server::start(&stage, &folder, "users/", |config| {
        config.policy = None;
        config.identity = Some(identity);
        config.object_key = Some(ObjectKeySection { extensions: vec!["txt".to_owned()], max_bytes: Some(10) });
    })
    .await;
    let ask = json!({ "Method": "PUT", "Extension": "txt", "Size": 5, "Callback": true });
    let (status, signed) = server.as_user(&stage, &alice, "/v1/presign", Some(ask)).await;
    assert_eq!(status, 200, "{signed}");
    let object = signed["Object"].as_str().unwrap();
    assert!(object.starts_with("users/alice/") && object.ends_with(".txt"), "{object}");
    let put = stage.http.put(signed["Url"].as_str().unwrap()).body("hello");
    assert_eq!(put.send().await.unwrap().status(), 200);
    let (_, page) = server.as_user(&stage, &alice, "/v1/uploads", None).await;
    assert_eq!((&page["Uploads"][0]["Object"], &page["Uploads"][0]["Identity"]), (&json!(object), &json!("alice")));
    let big = json!({ "Extension": "txt", "Size": 5, "MaxBytes": 11 });
    assert_eq!(server.as_user(&stage, &alice, "/v1/post-policy", Some(big)).await.1["ErrorCode"], "InvalidAsk");
    stage.close().await;
}
