//! What the demo's data is: one photo, one token, one upload; the same on every machine.

use std::sync::Arc;
use std::time::Duration;

use shared::fault::FaultPlan;
use shared::token::GrantPlace;
use time::OffsetDateTime;
use time::macros::datetime;
use transfer::{
    ClockReading, FaultReading, FolderPage, ListedObject, ObjectMeta, RecordPage, RecordSource, UploadRecord,
};

use crate::command::{
    Activity, Event, Hop, HopOutcome, JobId, ObjectsOutcome, ObjectsWish, Picture, Pixels, Processed, Progress,
    Receipt, TokenView,
};
use crate::conditions::Seen;
use crate::problem::{Help, Problem};
use crate::words::{Text, said};

/// When it all takes place: the reference document's own moment.
pub const START: OffsetDateTime = datetime!(2017-12-12 07:34:09 UTC);

/// A token for `users/alice/` that lives for 900 seconds.
pub fn token() -> TokenView {
    TokenView {
        access_key_id: "STS.NS…3fQ".to_owned(),
        obtained: START,
        expiration: Some(START + Duration::from_secs(900)),
        place: GrantPlace {
            bucket: Some("holiday-photos".to_owned()),
            region: Some("cn-hangzhou".to_owned()),
            endpoint: Some("http://127.0.0.1:9000".to_owned()),
            object_prefix: Some("users/alice/".to_owned()),
            object_key: None,
        },
    }
}

/// What the jobs report when the app server grants [`token`].
pub fn granted(job: JobId) -> Vec<Event> {
    let (key, folder) = ("STS.NS…3fQ".to_owned(), "users/alice/".to_owned());
    let seen = said!("{0}, {1}, for {2}", key.clone(), said!("valid for {0}", "15:00".to_owned()), folder);
    let until = said!("Token {0}, valid until {1}", key, "2017-12-12T07:49:09Z".to_owned());
    let noted = |text: Text| Event::Noted(Activity { at: START, with: Hop::AppServer, text, failed: false });
    let answered = said!("answered in {0}", "12 ms".to_owned());
    vec![
        noted("GET http://127.0.0.1:8080/".to_owned().into()),
        Event::Hop { job, hop: Hop::AppServer, outcome: HopOutcome::Passed(answered) },
        Event::Hop { job, hop: Hop::Token, outcome: HopOutcome::Passed(seen) },
        noted(until),
        Event::Token(token()),
    ]
}

/// A painted landscape: sky, sun and hills.
pub fn pixels(width: usize, height: usize) -> Arc<Pixels> {
    let mut rgba = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
            let hill = |base: f32, high: f32, waves: f32, shift: f32| base - high * (u * waves + shift).sin().abs();
            let sun = ((u - 0.68).powi(2) * 1.8 + (v - 0.34).powi(2)).sqrt();
            let mut color = [92.0 + 150.0 * v, 128.0 + 70.0 * v, 190.0 - 40.0 * v];
            let glow = (1.0 - sun * 2.6).clamp(0.0, 1.0);
            for (channel, light) in color.iter_mut().zip([120.0, 90.0, 20.0]) {
                *channel += light * glow;
            }
            if sun < 0.07 {
                color = [255.0, 238.0, 196.0];
            }
            for (line, shade) in [
                (hill(0.72, 0.24, 5.0, 0.4), [112.0, 116.0, 158.0]),
                (hill(0.84, 0.2, 7.0, 1.9), [70.0, 84.0, 120.0]),
                (hill(0.97, 0.18, 4.0, 3.0), [38.0, 54.0, 74.0]),
            ] {
                if v > line {
                    color = shade;
                }
            }
            rgba.extend(color.map(|channel| channel.clamp(0.0, 255.0) as u8));
            rgba.push(255);
        }
    }
    Arc::new(Pixels { size: [width, height], rgba })
}

/// A photo of that landscape.
pub fn photo() -> Picture {
    Picture {
        path: "/home/me/Pictures/雪山 sunrise.jpg".into(),
        name: "雪山 sunrise.jpg".to_owned(),
        bytes: 4_718_592,
        size: [4000, 3000],
        format: "JPEG".to_owned(),
        preview: pixels(800, 600),
    }
}

/// An upload of [`photo`] after `sent` bytes and so many milliseconds.
pub fn progress(sent: u64, elapsed_ms: u64) -> Progress {
    Progress {
        sent,
        total: 4_718_592,
        parts_done: (sent >> 20) as u32,
        parts: 5,
        saved: Some((sent >> 20) as u32),
        elapsed: Duration::from_millis(elapsed_ms),
    }
}

/// What [`photo`]'s upload came to.
pub fn receipt() -> Receipt {
    Receipt {
        bucket: "holiday-photos".to_owned(),
        key: "users/alice/雪山 sunrise.jpg".to_owned(),
        etag: "5B3C1A2E053D763E1B002CC607C5A0FE-5".to_owned(),
        size: 4_718_592,
        crc64: 9_548_687_815_775_124_833,
        crc64_at_oss: Some(9_548_687_815_775_124_833),
        parts: 5,
        held: 0,
        resent: 0,
        elapsed: Duration::from_millis(1840),
        request_id: "5C3D9175B6FC201293AD4890".to_owned(),
    }
}

/// What IMG made of [`photo`] by `process`; every watermark of the demo is the one that the emulator drew into `watermarked.webp`.
pub fn thumbnail(process: &str) -> Processed {
    let marked = process.contains("/watermark,").then(watermarked).flatten();
    Processed {
        process: process.to_owned(),
        bytes: 38_204,
        size: [480, 360],
        format: "JPEG".to_owned(),
        elapsed: Duration::from_millis(64),
        preview: marked.unwrap_or_else(|| pixels(480, 360)),
    }
}

fn watermarked() -> Option<Arc<Pixels>> {
    let picture = image::load_from_memory(include_bytes!("watermarked.webp")).ok()?.into_rgba8();
    let size = [picture.width() as usize, picture.height() as usize];
    Some(Arc::new(Pixels { size, rgba: picture.into_raw() }))
}

/// A refusal by the session policy.
pub fn denied() -> Problem {
    let folder = "users/alice/".to_owned();
    let why = said!("The token covers {0} alone, and this object name lies outside of it.", folder);
    Problem::new("AccessDenied", said("The upload failed"), why, Help::UseTokenFolder)
        .fact("Code", "AccessDenied")
        .fact("EC", "0003-00000301")
        .fact("Message", "You have no right to access this object because of bucket acl or policy.")
        .fact("RequestId", "5C3D9175B6FC201293AD4890")
        .fact("PolicyType", "SessionPolicy")
        .fact("AuthPrincipalDisplayName", "direct-transfer:alice")
        .fact("NoPermissionType", "ImplicitDeny")
}

/// What OSS answers to a wish of the objects' screen: the demo's folder, and its photo.
pub fn objects(wish: &ObjectsWish) -> Option<ObjectsOutcome> {
    let object = |name: &str, size, etag: &str| ListedObject {
        key: format!("users/alice/{name}"),
        size,
        etag: etag.to_owned(),
        last_modified: Some(START),
        ..ListedObject::default()
    };
    let photo = receipt();
    Some(match wish {
        ObjectsWish::Page { .. } => ObjectsOutcome::Page(FolderPage {
            folders: ["users/alice/2016/", "users/alice/2017/"].map(str::to_owned).into(),
            objects: vec![
                object("notes.txt", 1204, "7B5F2E9"),
                object("雪山 sunrise.jpg", photo.size, &photo.etag),
                object("harbour.png", 2_310_144, "1C5A0FE"),
            ],
            next: None,
        }),
        ObjectsWish::Look(_) => ObjectsOutcome::Looked(
            ObjectMeta {
                size: photo.size,
                etag: photo.etag,
                crc64: Some(photo.crc64),
                content_type: Some("image/jpeg".to_owned()),
                last_modified: Some(START),
                object_type: Some("Multipart".to_owned()),
                metadata: vec![("camera".to_owned(), "X100".to_owned())],
                request_id: photo.request_id,
            },
            Some(vec![("trip".to_owned(), "alps".to_owned())]),
        ),
        ObjectsWish::Thumb(_) => ObjectsOutcome::Thumb(pixels(256, 192)),
        ObjectsWish::Share { .. } => {
            let url = "http://127.0.0.1:9000/holiday-photos/users/alice/x.jpg?x-oss-signature=…".to_owned();
            ObjectsOutcome::Shared(url, START + Duration::from_secs(900))
        }
        ObjectsWish::Records { .. } => {
            ObjectsOutcome::Records { page: records(), covers: Some("users/alice/".to_owned()) }
        }
        _ => return None,
    })
}

/// A flaky network, and a clock of OSS that is three minutes ahead of the app's, which reads `now`.
pub fn conditions(now: OffsetDateTime) -> Seen {
    let plan = FaultPlan::preset("Flaky 4G", 7).unwrap_or_default();
    let clock = ClockReading { now: now + Duration::from_secs(180), frozen: false, skew_seconds: 0 };
    Seen { at: now, clock, faults: FaultReading { plan, applied: vec![31, 3, 2, 1, 0] } }
}

/// What the demo's app server knows: of the photo, of a picture that nobody has verified, of one that was replaced and of one that
/// is gone; of the notes it knows nothing.
fn records() -> RecordPage {
    let photo = receipt();
    let record = |name: &str, etag: &str, source, verified, minutes: u64| UploadRecord {
        id: name.to_owned(),
        bucket: photo.bucket.clone(),
        key: format!("users/alice/{name}"),
        etag: etag.to_owned(),
        size: 2_310_144,
        identity: Some("alice".to_owned()),
        vars: [("device".to_owned(), "Pixel 2".to_owned())].into(),
        source,
        verified,
        uploaded_at: START - Duration::from_secs(60 * minutes),
    };
    let records = vec![
        UploadRecord { size: photo.size, ..record("雪山 sunrise.jpg", &photo.etag, RecordSource::Callback, true, 2) },
        record("harbour.png", "1C5A0FE", RecordSource::App, false, 40),
        record("harbour.png", "053D763", RecordSource::Callback, true, 90),
        record("2017/竹林.jpg", "E2A87B1", RecordSource::Listing, true, 200),
        record("fog.jpg", "9C1E0D2", RecordSource::Callback, true, 1500),
    ];
    RecordPage { records, ..RecordPage::default() }
}
