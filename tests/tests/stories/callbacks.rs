//! The callback of an upload: made, signed, and its answer passed on; its failure is not the upload's.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use shared::sign::callback::{PublicKey, text};
use tests::{Ask, Stage};

/// What an app server hears: path and query, body, signature, and where the key is.
type Heard = Arc<Mutex<Vec<(String, String, String, String)>>>;

async fn listen(State(heard): State<Heard>, request: Request) -> impl IntoResponse {
    let (parts, body) = request.into_parts();
    let target = parts.uri.to_string();
    let header = |name: &str| parts.headers[name].to_str().unwrap().to_owned();
    let (signature, key) = (header("authorization"), header("x-oss-pub-key-url"));
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let answer = if target.starts_with("/broken") { "not json" } else { "{\"heard\":true}" };
    heard.lock().unwrap().push((target, body, signature, key));
    ([("content-type", "application/json")], answer)
}

async fn app_server() -> (String, Heard) {
    let heard = Heard::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(listen).with_state(Arc::clone(&heard));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, heard)
}

#[tokio::test]
async fn an_upload_tells_the_app_server_and_brings_back_its_answer() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let (url, heard) = app_server().await;
    let callback = json!({
        "callbackUrl": format!("http://127.0.0.1:1/nobody;{url}/done?id=1"),
        "callbackBody": "{\"key\":${object},\"size\":${size},\"width\":${imageInfo.width},\"who\":${x:who}}",
        "callbackBodyType": "application/json",
    });
    let picture = {
        let mut png = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(30, 20).write_to(&mut png, image::ImageFormat::Png).unwrap();
        png.into_inner()
    };
    let put = Ask::new("PUT", &bucket, "照片.png")
        .header("x-oss-callback", &STANDARD.encode(callback.to_string()))
        .header("x-oss-callback-var", &STANDARD.encode(json!({ "x:who": "张三" }).to_string()))
        .body(picture.clone());
    let answer = stage.ask(&user, put).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "{\"heard\":true}"));
    assert!(!answer.header("etag").is_empty());
    let (target, body, signature, key_url) = heard.lock().unwrap().pop().unwrap();
    assert_eq!(target, "/done?id=1");
    assert_eq!(body, format!("{{\"key\":\"照片.png\",\"size\":{},\"width\":30,\"who\":\"张三\"}}", picture.len()));
    let key_url = String::from_utf8(STANDARD.decode(key_url).unwrap()).unwrap();
    let pem = stage.http.get(key_url).send().await.unwrap().text().await.unwrap();
    let key = PublicKey::from_pem(&pem).unwrap();
    assert!(key.verify(&signature, &text(&target, body.as_bytes())));
    assert!(!key.verify(&signature, &text("/other", body.as_bytes())));
    stage.close().await;
}

#[tokio::test]
async fn a_callback_that_fails_leaves_the_object() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let (url, _) = app_server().await;
    for (key, target) in [("nobody", "http://127.0.0.1:1/".to_owned()), ("broken", format!("{url}/broken"))] {
        let callback = json!({ "callbackUrl": target, "callbackBody": "a=1" });
        let put = Ask::new("PUT", &bucket, key).header("x-oss-callback", &STANDARD.encode(callback.to_string()));
        let answer = stage.ask(&user, put.body("kept")).await;
        assert_eq!((answer.status, answer.error().code.as_str()), (203, "CallbackFailed"), "{}", answer.text());
        assert!(!answer.header("etag").is_empty());
        assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, key)).await.text(), "kept");
    }
    // What cannot be made is refused before anything is stored.
    let put = Ask::new("PUT", &bucket, "never").header("x-oss-callback", "!!!").body("x");
    assert_eq!(stage.ask(&user, put).await.verdict(), "400 InvalidArgument 0007-00000002");
    assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, "never")).await.status, 404);
    stage.close().await;
}
