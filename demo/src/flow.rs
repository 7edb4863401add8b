//! The reference document's flow from end to end: token, upload, check, thumbnail, watermark, and the refusals that must come.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use md5::{Digest, Md5};
use serde_json::{Map, Value, json};
use shared::clock::Clock;
use shared::crc64::Crc64;
use shared::credentials::Credentials;
use shared::error::OssCode;
use shared::img::{Process, Resize, TextWatermark, Watermark};
use shared::object_key::ObjectKey;
use shared::secret::mask;
use shared::timefmt;
use tokio::task::JoinSet;
use transfer::{Client, CredentialsSource, Observer, Provider, TransferError, UploadOptions, Uploaded};

use crate::report::{Outcome, Report, Step, milliseconds};
use crate::world::{PREFIX, TOKEN_SECONDS, World};

/// The text that the demo writes on the picture.
pub const WATERMARK: &str = "Direct Transfer 直传";

const SIMPLE: &str = "users/demo/photo-simple";
/// Where the picture goes by multipart upload.
pub const MULTIPART: &str = "users/demo/photo-multipart";
const OUTSIDE: &str = "users/somebody-else/photo";

/// The apps whose tokens end at one moment.
const CROWD: usize = 50;

/// What a step found, by name.
type Found = Map<String, Value>;

/// Why a step did not do what it must.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// A transfer failed that should not.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something is not as it must be.
    #[error("{0}")]
    Unexpected(String),
}

fn unexpected<T>(what: impl Into<String>) -> Result<T, FlowError> {
    Err(FlowError::Unexpected(what.into()))
}

fn found(pairs: Value) -> Found {
    match pairs {
        Value::Object(map) => map,
        _ => Found::new(),
    }
}

/// The local truth about a file.
#[derive(Debug, Clone)]
pub struct Local {
    /// Bytes.
    pub size: u64,
    /// As OSS computes it.
    pub crc64: u64,
    /// In hex.
    pub md5: String,
}

struct Flow<'a> {
    world: &'a World,
    image: &'a Path,
    out: &'a Path,
    local: Local,
    provider: Arc<Provider>,
    client: Client,
    /// The first token, kept to show that it ends.
    first: Option<Credentials>,
    uploaded: Vec<(ObjectKey, Uploaded)>,
}

/// Runs every step in `world`, and hands each to `tell` as it ends.
///
/// # Errors
/// [`FlowError`] when not even the first step can be tried: the image cannot be read, the folder not made.
pub async fn run(
    world: &World,
    image: &Path,
    label: &str,
    out: &Path,
    mut tell: impl FnMut(&Step),
) -> Result<Report, FlowError> {
    let local = measure(image)?;
    fs::create_dir_all(out).map_err(|source| FlowError::File { path: out.to_owned(), source })?;
    let provider = world.app_provider()?;
    let client = world.client(Arc::clone(&provider))?;
    let image_bytes = local.size;
    let mut flow = Flow { world, image, out, local, provider, client, first: None, uploaded: Vec::new() };
    let mut steps = Vec::new();
    for (at, name) in STEPS.iter().enumerate() {
        let started = Instant::now();
        let broken = steps.iter().any(|step: &Step| step.outcome == Outcome::Failed);
        let (outcome, detail) = match broken {
            true => (Outcome::Skipped, Found::new()),
            false => match flow.step(at + 1).await {
                Ok(detail) => (Outcome::Ok, detail),
                Err(error) => (Outcome::Failed, found(json!({ "error": error.to_string() }))),
            },
        };
        let step = Step { number: at + 1, name, outcome, milliseconds: milliseconds(started.elapsed()), detail };
        tell(&step);
        steps.push(step);
    }
    let ok = steps.iter().all(|step| step.outcome == Outcome::Ok);
    Ok(Report { ok, image: label.to_owned(), image_bytes, steps })
}

const STEPS: [&str; 10] = [
    "Get a token from the app server",
    "Upload the picture by simple upload",
    "Upload the picture by multipart upload",
    "Check both: size, CRC64, MD5",
    "Fetch the thumbnail: resize to 200",
    "Fetch 1080 wide, with a text watermark",
    "Write outside the prefix: must be refused",
    "Use the token after its life: must be refused",
    "Refresh the token, and write again",
    "Let 50 apps ask at one expiry: STS is asked once",
];

impl Flow<'_> {
    async fn step(&mut self, number: usize) -> Result<Found, FlowError> {
        match number {
            1 => self.token().await,
            2 => self.simple().await,
            3 => self.multipart().await,
            4 => self.check().await,
            5 => self.thumbnail().await,
            6 => self.watermark().await,
            7 => self.outside().await,
            8 => self.expired().await,
            9 => self.refreshed().await,
            _ => self.stampede().await,
        }
    }

    async fn token(&mut self) -> Result<Found, FlowError> {
        let grant = self.provider.grant().await?;
        let Some(ends) = grant.credentials.expiration else {
            return unexpected("the token has no end");
        };
        let detail = json!({
            "key": mask(&grant.credentials.access_key_id),
            "ends": timefmt::iso8601(ends),
            "prefix": grant.place.object_prefix.unwrap_or_default(),
        });
        self.first = Some(grant.credentials);
        Ok(found(detail))
    }

    async fn simple(&mut self) -> Result<Found, FlowError> {
        let key = self.key(SIMPLE)?;
        let uploaded = self.client.upload_simple(&key, self.image, &UploadOptions::default()).await?;
        Ok(self.note(key, uploaded))
    }

    async fn multipart(&mut self) -> Result<Found, FlowError> {
        let key = self.key(MULTIPART)?;
        let uploaded = self.client.upload_multipart(&key, self.image, &UploadOptions::default()).await?;
        Ok(self.note(key, uploaded))
    }

    fn note(&mut self, key: ObjectKey, uploaded: Uploaded) -> Found {
        let seconds = uploaded.elapsed.as_secs_f64().max(1e-9);
        let rate = (uploaded.size as f64 / seconds / 1e6).round();
        let detail = json!({ "object": key.as_str(), "bytes": uploaded.size, "parts": uploaded.parts, "MB/s": rate });
        self.uploaded.push((key, uploaded));
        found(detail)
    }

    /// What OSS says of both objects, and their bytes read back, against the file.
    async fn check(&mut self) -> Result<Found, FlowError> {
        for (key, uploaded) in &self.uploaded {
            let meta = self.client.head(key).await?;
            let back = tempfile::NamedTempFile::new()
                .map_err(|source| FlowError::File { path: std::env::temp_dir(), source })?;
            self.client.download(key, back.path()).await?;
            let read = measure(back.path())?;
            let wrong = [
                ("size by HEAD", meta.size == self.local.size),
                ("CRC64 by HEAD", meta.crc64 == Some(self.local.crc64)),
                ("CRC64 by the upload", uploaded.crc64 == self.local.crc64),
                ("MD5 as ETag", key.as_str() == MULTIPART || meta.etag.eq_ignore_ascii_case(&self.local.md5)),
                ("MD5 of the bytes read back", read.md5 == self.local.md5),
                ("size of the bytes read back", read.size == self.local.size),
            ];
            if let Some((what, _)) = wrong.iter().find(|(_, right)| !right) {
                return unexpected(format!("{what} of {key} is not that of the file"));
            }
        }
        Ok(found(json!({ "bytes": self.local.size, "CRC64": self.local.crc64.to_string(), "MD5": self.local.md5 })))
    }

    async fn thumbnail(&mut self) -> Result<Found, FlowError> {
        let process = Process::new([Resize { w: Some(200), ..Resize::default() }.into()]);
        self.picture(&process, 200, "thumbnail").await
    }

    async fn watermark(&mut self) -> Result<Found, FlowError> {
        let text = TextWatermark {
            text: WATERMARK.to_owned(),
            color: shared::img::Rgb([255; 3]),
            shadow: 50,
            ..TextWatermark::default()
        };
        let process =
            Process::new([Resize { w: Some(1080), ..Resize::default() }.into(), Watermark::of_text(text).into()]);
        self.picture(&process, 1080, "watermarked").await
    }

    /// Fetches the uploaded picture through `process`, saves it, and looks at what came.
    async fn picture(&self, process: &Process, width: u32, name: &str) -> Result<Found, FlowError> {
        let process = process.to_string();
        let bytes = self.client.get(&self.key(SIMPLE)?, Some(&process)).await?;
        let reader = image::ImageReader::new(std::io::Cursor::new(&bytes)).with_guessed_format();
        let Ok(reader) = reader else {
            return unexpected("what came is no picture");
        };
        let ending = reader.format().and_then(|format| format.extensions_str().first().copied()).unwrap_or("img");
        let picture = match reader.decode() {
            Ok(picture) => picture,
            Err(error) => return unexpected(format!("what came is no picture: {error}")),
        };
        if !is_right_width(picture.width(), width, image::image_dimensions(self.image).ok()) {
            return unexpected(format!("the picture is {} wide, not {width}", picture.width()));
        }
        let path = self.out.join(format!("{name}.{ending}"));
        fs::write(&path, &bytes).map_err(|source| FlowError::File { path: path.clone(), source })?;
        Ok(found(json!({
            "process": process,
            "pixels": format!("{}x{}", picture.width(), picture.height()),
            "bytes": bytes.len(),
            "saved": path.display().to_string(),
        })))
    }

    async fn outside(&self) -> Result<Found, FlowError> {
        let outcome = self.client.put_bytes(&self.key(OUTSIDE)?, "outside".into(), &UploadOptions::default()).await;
        let detail = refused(outcome, &OssCode::AccessDenied)?;
        match detail.get("EC").and_then(Value::as_str) {
            Some("0003-00000301") => Ok(detail),
            other => unexpected(format!("refused, but with EC {other:?} instead of 0003-00000301")),
        }
    }

    async fn expired(&self) -> Result<Found, FlowError> {
        let Some(first) = self.first.clone() else {
            return unexpected("there is no first token");
        };
        let step = time::Duration::seconds(i64::from(TOKEN_SECONDS) + 1);
        self.world.clock.advance(step);
        let old = self.world.provider(CredentialsSource::Fixed(first), Observer::silent())?;
        let client = self.world.client(old)?;
        let outcome = client.put_bytes(&self.key(SIMPLE)?, "late".into(), &UploadOptions::default()).await;
        let mut detail = refused(outcome, &OssCode::SecurityTokenExpired)?;
        detail.insert("clock".to_owned(), json!(timefmt::iso8601(self.world.clock.now())));
        Ok(detail)
    }

    async fn refreshed(&self) -> Result<Found, FlowError> {
        let key = self.key(&format!("{PREFIX}after-refresh"))?;
        self.client.put_bytes(&key, "again".into(), &UploadOptions::default()).await?;
        let Some(grant) = self.provider.current() else {
            return unexpected("there is no token");
        };
        if self.first.as_ref().is_some_and(|first| first.access_key_id == grant.credentials.access_key_id) {
            return unexpected("the token is still the first one");
        }
        Ok(found(json!({
            "key": mask(&grant.credentials.access_key_id),
            "ends": grant.credentials.expiration.map(timefmt::iso8601).unwrap_or_default(),
        })))
    }

    /// Every app finds its token ended at the same moment, and none of them holds what another was given.
    async fn stampede(&self) -> Result<Found, FlowError> {
        self.world.clock.advance(time::Duration::seconds(i64::from(TOKEN_SECONDS) + 1));
        let before = self.world.decisions(0).last().map_or(0, |decision| decision.sequence);
        let mut asking = JoinSet::new();
        for _ in 0..CROWD {
            let provider = self.world.app_provider()?;
            asking.spawn(async move { provider.credentials().await });
        }
        let mut tokens = BTreeSet::new();
        while let Some(outcome) = asking.join_next().await {
            match outcome {
                Ok(given) => tokens.insert(given?.access_key_id),
                Err(error) => return unexpected(format!("an app was cut off: {error}")),
            };
        }
        let calls = self.world.decisions(before).iter().filter(|decision| decision.operation == "AssumeRole").count();
        match (calls, tokens.len()) {
            (1, 1) => Ok(found(json!({ "apps": CROWD, "calls of STS": calls, "tokens": tokens.len() }))),
            (calls, tokens) => {
                unexpected(format!("{CROWD} apps cost {calls} calls of STS and {tokens} tokens, not one"))
            }
        }
    }

    fn key(&self, text: &str) -> Result<ObjectKey, FlowError> {
        ObjectKey::parse(text).or_else(|error| unexpected(error.to_string()))
    }
}

/// The refusal that must come; a success, or another refusal, is the failure here.
fn refused(outcome: Result<Uploaded, TransferError>, code: &OssCode) -> Result<Found, FlowError> {
    match outcome {
        Ok(_) => unexpected(format!("it was allowed, and should have been refused with {code}")),
        Err(TransferError::Oss(error)) if error.code == *code => Ok(found(json!({
            "HTTP": error.status,
            "code": error.code.as_str(),
            "EC": error.ec.unwrap_or_default(),
        }))),
        Err(other) => Err(other.into()),
    }
}

/// Whether a picture resized to `asked` may be `got` wide: a smaller source is not enlarged, and one that lies on its side
/// is turned upright. Of a `source` that cannot be read here less is known.
fn is_right_width(got: u32, asked: u32, source: Option<(u32, u32)>) -> bool {
    match source {
        Some((width, height)) => got == asked.min(width) || got == asked.min(height),
        None => (1..=asked).contains(&got),
    }
}

/// Size, CRC64 and MD5 of a file, in one pass.
///
/// # Errors
/// [`FlowError::File`].
pub fn measure(path: &Path) -> Result<Local, FlowError> {
    let fail = |source| FlowError::File { path: path.to_owned(), source };
    let mut file = fs::File::open(path).map_err(fail)?;
    let (mut md5, mut crc64, mut size) = (Md5::new(), Crc64::new(), 0);
    let mut block = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut block).map_err(fail)?;
        let Some(piece) = block.get(..read).filter(|piece| !piece.is_empty()) else {
            return Ok(Local { size, crc64: crc64.value(), md5: hex::encode(md5.finalize()) });
        };
        md5.update(piece);
        crc64.update(piece);
        size += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::is_right_width;

    #[test]
    fn a_resized_picture_is_as_wide_as_asked_or_as_its_source() {
        for (got, source, right) in [
            (200, Some((4000, 3000)), true),
            (100, Some((4000, 3000)), false),
            (4000, Some((4000, 3000)), false),
            (150, Some((150, 90)), true),
            (90, Some((150, 90)), true),
            (200, Some((150, 90)), false),
            (1, Some((4000, 3000)), false),
            (120, None, true),
            (0, None, false),
        ] {
            assert_eq!(is_right_width(got, 200, source), right, "{got} of {source:?}");
        }
    }
}
