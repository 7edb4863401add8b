//! `x-oss-process` over HTTP: pictures, and what is no picture.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use image::{GenericImageView, ImageFormat, RgbImage};
use shared::img::{ImageWatermark, Process, Resize, Watermark};
use shared::sign::Request;
use tests::{Answer, Ask, Stage, token_policy};

fn png(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 100]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A PNG whose header claims a size and whose pixels never come.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png(1, 1);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

/// The checksum of a PNG chunk.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    })
}

#[tokio::test]
async fn pictures_are_processed_on_the_way_out() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let photo = samples::photo(800, 600, 3);
    for (key, body) in [("photo.jpg", photo.clone()), ("logo.png", png(40, 20))] {
        assert_eq!(stage.ask(&user, Ask::new("PUT", &bucket, key).body(body)).await.status, 200);
    }
    let get = |process: &str| Ask::new("GET", &bucket, "photo.jpg").param("x-oss-process", process);
    let thumbnail = stage.ask(&user, get("image/resize,w_200")).await;
    assert_eq!(thumbnail.header("content-type"), "image/jpeg");
    assert_eq!(image::load_from_memory(&thumbnail.body).unwrap().dimensions(), (200, 150));
    let source = stage.ask(&user, Ask::new("HEAD", &bucket, "photo.jpg")).await;
    assert_eq!(thumbnail.header("etag"), source.header("etag"));
    let converted = stage.ask(&user, get("image/resize,m_pad,w_100,h_100,color_FF0000/format,png")).await;
    let converted = image::load_from_memory_with_format(&converted.body, ImageFormat::Png).unwrap();
    assert_eq!(converted.dimensions(), (100, 100));
    assert_eq!(converted.get_pixel(50, 2).0[..3], [255, 0, 0]);
    let named = get("image/resize,w_200").param("response-content-disposition", "attachment; filename=small.jpg");
    assert_eq!(stage.ask(&user, named).await.header("content-disposition"), "attachment; filename=small.jpg");
    let info = stage.ask(&user, get("image/info")).await;
    let info: serde_json::Value = serde_json::from_slice(&info.body).unwrap();
    assert_eq!((&info["ImageWidth"]["value"], &info["Format"]["value"]), (&"800".into(), &"jpg".into()));
    assert_eq!(info["FileSize"]["value"], photo.len().to_string());
    let mark = Watermark::of_image(ImageWatermark { object: "logo.png".to_owned(), process: None });
    let marked = Process::new([Resize { w: Some(400), ..Resize::default() }.into(), mark.into()]).to_string();
    assert_eq!(image::load_from_memory(&stage.ask(&user, get(&marked)).await.body).unwrap().dimensions(), (400, 300));

    // A mark is read as any object: through a link, and not while it is archived.
    let link = Ask::new("PUT", &bucket, "link").param("symlink", "").header("x-oss-symlink-target", "logo.png");
    let cold = Ask::new("PUT", &bucket, "cold.png").body(png(40, 20)).header("x-oss-storage-class", "Archive");
    for (ask, object, verdict) in [(link, "link", "200"), (cold, "cold.png", "403 InvalidObjectState")] {
        assert_eq!(stage.ask(&user, ask).await.status, 200);
        let mark = Watermark::of_image(ImageWatermark { object: object.to_owned(), process: None });
        let answer = stage.ask(&user, get(&Process::new([mark.into()]).to_string())).await;
        assert_eq!(answer.verdict(), verdict, "{object}");
    }

    // A token that may read its own folder may not stamp another's picture on its own.
    let token = stage.assume(Some(&token_policy(&bucket, "mine/"))).await;
    assert_eq!(stage.ask(&token, Ask::new("PUT", &bucket, "mine/p.jpg").body(photo)).await.status, 200);
    let stolen = stage.ask(&token, Ask::new("GET", &bucket, "mine/p.jpg").param("x-oss-process", &marked)).await;
    assert_eq!(stolen.verdict(), "403 AccessDenied 0003-00000301");
    stage.close().await;
}

#[tokio::test]
async fn styles_stand_behind_a_delimiter_and_protect_sources() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let body = "<Style><Content>image/resize,w_100</Content></Style>";
    let channel = "<Channel><OrigPicForbidden>true</OrigPicForbidden><StyleDelimiters>!</StyleDelimiters></Channel>";
    for ask in [
        Ask::new("PUT", &bucket, "pub/a.png").body(png(200, 100)).header("x-oss-object-acl", "public-read"),
        Ask::new("PUT", &bucket, "pub/a.txt").body("words").header("x-oss-object-acl", "public-read"),
        Ask::new("PUT", &bucket, "").param("style", "").param("styleName", "small").body(body),
        Ask::new("PUT", &bucket, "").param("img", "").body(channel),
    ] {
        assert_eq!(stage.ask(&user, ask).await.status, 200);
    }
    assert_eq!(
        stage.ask(&user, Ask::new("GET", &bucket, "").param("img", "")).await.leaf("Channel/OrigPicForbidden"),
        "True"
    );
    let small = stage.ask(&user, Ask::new("GET", &bucket, "pub/a.png!small")).await;
    assert_eq!(image::load_from_memory(&small.body).unwrap().dimensions(), (100, 50));
    assert_eq!(
        stage.ask(&user, Ask::new("GET", &bucket, "pub/a.png!none")).await.verdict(),
        "404 NoSuchKey 0026-00000001"
    );
    // Strangers may read what is public-read, of pictures though by a style alone.
    for (key, process, verdict) in [
        ("pub/a.png!small", None, "200"),
        ("pub/a.png", Some("style/small"), "200"),
        ("pub/a.txt", None, "200"),
        ("pub/a.png", None, "403 AccessDenied 0040-00000031"),
        ("pub/a.png", Some("image/format,webp"), "403 AccessDenied 0040-00000031"),
    ] {
        let mut request = Request::new("GET", Some(&bucket), Some(key));
        request.query.extend(process.map(|process| ("x-oss-process".to_owned(), process.to_owned())));
        assert_eq!(stage.send(&request, Vec::new()).await.verdict(), verdict, "{key} {process:?}");
    }
    assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, "pub/a.png")).await.verdict(), "200");
    stage.close().await;
}

#[tokio::test]
async fn a_result_is_kept_for_its_bytes_alone() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let width = |answer: Answer| image::load_from_memory(&answer.body).unwrap().width();
    for (size, wanted) in [(200, 50), (40, 40)] {
        let put = Ask::new("PUT", &bucket, "p.png").body(png(size, 40));
        assert_eq!(stage.ask(&user, put).await.status, 200);
        let get = || Ask::new("GET", &bucket, "p.png").param("x-oss-process", "image/resize,w_50");
        let (first, second) = tokio::join!(stage.ask(&user, get()), stage.ask(&user, get()));
        assert_eq!((width(first), width(second)), (wanted, wanted));
    }
    // What is kept is still asked for: a token without the right does not see it.
    let token = stage.assume(Some(&token_policy(&bucket, "mine/"))).await;
    let other = Ask::new("GET", &bucket, "p.png").param("x-oss-process", "image/resize,w_50");
    assert_eq!(stage.ask(&token, other).await.verdict(), "403 AccessDenied 0003-00000301");
    stage.close().await;
}

#[tokio::test]
async fn results_are_saved_under_two_rights() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let style = "<Style><Content>image/resize,w_50</Content></Style>";
    for ask in [
        Ask::new("PUT", &bucket, "p.png").body(png(200, 100)),
        Ask::new("PUT", &bucket, "").param("style", "").param("styleName", "tiny").body(style),
    ] {
        assert_eq!(stage.ask(&user, ask).await.status, 200);
    }
    let post = |body: &str| {
        Ask::new("POST", &bucket, "p.png").param("x-oss-process", "").body(format!("x-oss-process={body}"))
    };
    let saved = stage.ask(&user, post("image/resize,w_100|sys/saveas,o_YS9i")).await; // a/b
    let told: serde_json::Value = serde_json::from_slice(&saved.body).unwrap();
    let small = stage.ask(&user, Ask::new("GET", &bucket, "a/b")).await;
    assert_eq!(
        told,
        serde_json::json!({ "bucket": "", "fileSize": small.body.len(), "object": "a/b", "status": "OK" })
    );
    assert_eq!(small.header("content-type"), "image/png");
    assert_eq!(image::load_from_memory(&small.body).unwrap().dimensions(), (100, 50));

    // As ali-oss sends it, with a bucket and a key in padded base64.
    let encoded = STANDARD.encode(&bucket).replace('=', "%3D");
    let body = format!("style%2Ftiny%7Csys%2Fsaveas%2Co_YS9jYw%3D%3D%2Cb_{encoded}");
    let saved: serde_json::Value = serde_json::from_slice(&stage.ask(&user, post(&body)).await.body).unwrap();
    assert_eq!((&saved["bucket"], &saved["object"]), (&bucket.clone().into(), &"a/cc".into()));
    let tiny = stage.ask(&user, Ask::new("GET", &bucket, "a/cc")).await;
    assert_eq!(image::load_from_memory(&tiny.body).unwrap().dimensions(), (50, 25));

    for (body, verdict, message) in [
        ("image/resize,w_100|foo/bar,o_YQ", "400 InvalidArgument", "operation not support post: foo/bar"),
        ("image/resize,w_100", "400 InvalidArgument", "operation not support post: image"),
        ("image/resize,w_100|sys/saveas,o_", "400 InvalidObjectName", ""),
        ("image/resize,w_0|sys/saveas,o_YQ", "400 InvalidArgument 0040-00000312", ""),
        ("image/resize,w_1|sys/saveas,o_YQ,b_bm93aGVyZQ", "404 NoSuchBucket 0015-00000101", ""),
        ("style/absent|sys/saveas,o_YQ", "404 NoSuchStyle", ""),
        ("video/snapshot,t_1|sys/saveas,o_YQ", "501 NotImplemented", ""),
    ] {
        let answer = stage.ask(&user, post(body)).await;
        assert!(answer.verdict().starts_with(verdict), "{body}: {}", answer.verdict());
        assert!(answer.error().message.contains(message), "{body}: {}", answer.text());
    }
    let denied = "403 AccessDenied 0003-00000301";
    for (actions, expected) in [
        (&["oss:PostProcessTask"][..], denied),
        (&["oss:PutObject", "oss:GetObject"], denied),
        (&["oss:PostProcessTask", "oss:PutObject"], "200"),
    ] {
        let policy = serde_json::json!({
            "Version": "1", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }]
        });
        let token = stage.assume(Some(&policy.to_string())).await;
        let answer = stage.ask(&token, post("image/resize,w_100|sys/saveas,o_YS9i")).await;
        assert_eq!(answer.verdict(), expected, "{actions:?}");
    }
    stage.close().await;
}

#[tokio::test]
async fn uploads_do_not_wait_for_pictures() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let photo = samples::photo(1600, 1200, 3);
    assert_eq!(stage.ask(&user, Ask::new("PUT", &bucket, "photo.jpg").body(photo)).await.status, 200);
    // Each takes long, and none is like another.
    let pictures: FuturesUnordered<_> = (1..=40)
        .map(|sigma| {
            let process = format!("image/blur,r_50,s_{sigma}");
            stage.ask(&user, Ask::new("GET", &bucket, "photo.jpg").param("x-oss-process", &process))
        })
        .collect();
    let uploads = async {
        for key in ["a", "b", "c"] {
            assert_eq!(stage.ask(&user, Ask::new("PUT", &bucket, key).body("words")).await.status, 200);
            assert_eq!(stage.ask(&user, Ask::new("GET", &bucket, key)).await.body, b"words");
        }
    };
    let processed = pictures.for_each(|answer| async move { assert_eq!(answer.status, 200) });
    let first = select(Box::pin(uploads), Box::pin(processed)).await;
    assert!(matches!(first, Either::Left(_)), "forty pictures were made before three words were stored");
    drop(first);
    stage.close().await;
}

#[tokio::test]
async fn what_cannot_be_processed_has_a_name() {
    let stage = Stage::open().await;
    let (user, bucket) = (stage.user(), stage.ready.bucket.clone());
    let mut cut = samples::photo(400, 300, 3);
    cut.truncate(cut.len() / 4);
    let damaged = bomb(900, 900);
    for (key, body) in [
        ("text.jpg", b"only text".to_vec()),
        ("wide.png", bomb(30_001, 10)),
        ("huge.png", bomb(30_000, 30_000)),
        ("damaged.png", damaged),
        ("cut.jpg", cut),
        ("empty.jpg", Vec::new()),
        ("good.png", png(50, 50)),
    ] {
        assert_eq!(stage.ask(&user, Ask::new("PUT", &bucket, key).body(body)).await.status, 200);
    }
    let resize = "image/resize,w_100";
    for (key, process, verdict) in [
        ("text.jpg", resize, "400 BadRequest 0040-00000005"),
        ("empty.jpg", resize, "400 BadRequest 0040-00000005"),
        ("wide.png", resize, "400 ImageTooLarge 0040-00000009"),
        ("huge.png", resize, "400 ImageTooLarge 0040-00000012"),
        ("damaged.png", resize, "403 ImageDamage"),
        ("absent.jpg", resize, "404 NoSuchKey 0040-00000024"),
        ("good.png", "image/slim,1", "400 InvalidArgument 0040-00000213"),
        ("good.png", "image/", "400 InvalidArgument 0040-00000212"),
        ("good.png", "image/resize,w_99999999", "400 InvalidArgument 0040-00000312"),
        ("good.png", "image/watermark,text_", "400 InvalidArgument 0040-00000258"),
        ("good.png", "image/crop,w_10,g_face", "501 NotImplemented"),
        ("good.png", "image/crop,x_50", "400 CutEdgeExceedRange"),
        ("good.png", "image/format,heic", "501 NotImplemented"),
        ("good.png", "video/snapshot,t_1000", "501 NotImplemented"),
        ("good.png", "style/absent", "404 NoSuchStyle"),
        ("good.png", "image/resize,w_9|sys/saveas,o_YQ", "400 InvalidArgument"),
        ("good.png", "style/any|sys/saveas,o_YQ", "400 InvalidArgument"),
        ("good.png", "image/rotate,90,180", "400 InvalidArgument 0040-00000203"),
        ("good.png", "image/resize,w_5000,h_5000,m_fixed,limit_0", "400 ImageTooLarge 0040-00000007"),
    ] {
        let answer = stage.ask(&user, Ask::new("GET", &bucket, key).param("x-oss-process", process)).await;
        assert_eq!(answer.verdict(), verdict, "{key} {process}");
    }
    // Half a JPEG is either refused by name or shown as far as it goes; never a crash.
    let cut = stage.ask(&user, Ask::new("GET", &bucket, "cut.jpg").param("x-oss-process", resize)).await;
    assert!(["200", "403 ImageDamage"].contains(&cut.verdict().as_str()), "{}", cut.verdict());
    stage.close().await;
}
