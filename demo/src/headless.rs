//! `--headless`: the flow without a window.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::banner::banner;
use crate::evidence::{Evidence, Log};
use crate::flow::{self, FlowError};
use crate::options::Options;
use crate::report::{Report, say};
use crate::world::{World, WorldError, WorldOptions};

/// Why the flow did not even begin.
#[derive(Debug, thiserror::Error)]
pub enum HeadlessError {
    /// The world could not be set up.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The image or the output folder cannot be used.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The generated picture could not be stored.
    #[error("no temporary file for the picture: {0}; name one with --image")]
    Picture(std::io::Error),
    /// The report could not be written.
    #[error("the report {}: {source}", path.display())]
    Report {
        /// Its page.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Twelve megapixels, as a phone takes them.
const WIDTH: u32 = 4000;
const HEIGHT: u32 = 3000;

/// Runs the flow and prints it; whether every step did what it must.
///
/// # Errors
/// [`HeadlessError`] when it could not begin.
pub async fn run(options: &Options) -> Result<bool, HeadlessError> {
    let sample = Sample::of(options)?;
    let image = sample.paint(options.seed).await?;
    let log = Log::default();
    let world =
        World::start_as(WorldOptions { clock: options.clock, observer: log.observer(), ..WorldOptions::default() })
            .await?;
    log.mark(&world);
    if !options.json {
        say(banner(&world));
    }
    let report = flow::run(&world, &image, &sample.label(), &options.out, |step| {
        log.mark(&world);
        if !options.json {
            say(step.line());
        }
    })
    .await;
    let evidence = match (&report, &options.report) {
        (Ok(report), Some(page)) => write_evidence(&world, report, &log, (&image, options.seed), page).await,
        _ => Ok(()),
    };
    world.stop().await;
    let report = report?;
    evidence?;
    if options.json {
        say(serde_json::to_string_pretty(&report).unwrap_or_default());
    } else {
        say(format_args!("\n{}", summary(report.ok, &options.out)));
        if let Some(page) = &options.report {
            say(format_args!("What happened, and why, is in {}.", page.display()));
        }
    }
    Ok(report.ok)
}

async fn write_evidence(
    world: &World,
    report: &Report,
    log: &Log,
    (image, seed): (&Path, u64),
    page: &Path,
) -> Result<(), HeadlessError> {
    let evidence = Evidence::collect(world, report, log, image, seed).await?;
    evidence.write(page).map_err(|source| HeadlessError::Report { path: page.to_owned(), source })
}

fn summary(ok: bool, out: &Path) -> String {
    match ok {
        true => format!("Every step did what it must. The pictures are in {}.", out.display()),
        false => "A step did not do what it must; the line marked FAILED says why.".to_owned(),
    }
}

/// The picture to upload: the user's own, or a generated one that is removed at the end.
#[derive(Debug)]
pub enum Sample {
    /// From the command line.
    Own(PathBuf),
    /// Photo-like, in a temporary file.
    Generated(tempfile::NamedTempFile),
}

impl Sample {
    /// The picture that the options ask for; a generated one is there once it has been [painted](Self::paint).
    ///
    /// # Errors
    /// [`HeadlessError::Picture`].
    pub fn of(options: &Options) -> Result<Self, HeadlessError> {
        if let Some(path) = &options.image {
            return Ok(Self::Own(path.clone()));
        }
        let file = tempfile::Builder::new().prefix("photo-").suffix(".jpg").tempfile();
        file.map(Self::Generated).map_err(HeadlessError::Picture)
    }

    /// Paints a generated picture, which takes seconds, on another thread; where the picture is. `seed` is where its chance begins.
    ///
    /// # Errors
    /// [`HeadlessError::Picture`].
    pub fn paint(&self, seed: u64) -> impl Future<Output = Result<PathBuf, HeadlessError>> + Send + use<> {
        let path = self.path().to_owned();
        // Not by its path: that would bring a file back that has been removed meanwhile.
        let file = match self {
            Self::Own(_) => None,
            Self::Generated(file) => Some(file.reopen()),
        };
        async move {
            let Some(file) = file else { return Ok(path) };
            let mut file = file.map_err(HeadlessError::Picture)?;
            let painted =
                tokio::task::spawn_blocking(move || file.write_all(&samples::photo(WIDTH, HEIGHT, seed))).await;
            painted.unwrap_or_else(|join| Err(std::io::Error::other(join))).map_err(HeadlessError::Picture)?;
            Ok(path)
        }
    }

    /// Where it is, or will be.
    pub fn path(&self) -> &Path {
        match self {
            Self::Own(path) => path,
            Self::Generated(file) => file.path(),
        }
    }

    fn label(&self) -> String {
        match self {
            Self::Own(path) => path.display().to_string(),
            Self::Generated(_) => format!("generated, {WIDTH}x{HEIGHT}"),
        }
    }
}
