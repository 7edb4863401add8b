//! `--headless`: the flow without a window.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::banner::banner;
use crate::flow::{self, FlowError};
use crate::options::Options;
use crate::picture;
use crate::world::{World, WorldError};

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
}

/// Twelve megapixels, as a phone takes them.
const WIDTH: u32 = 4000;
const HEIGHT: u32 = 3000;

/// Runs the flow and prints it; whether every step did what it must.
///
/// # Errors
/// [`HeadlessError`] when it could not begin.
pub async fn run(options: &Options) -> Result<bool, HeadlessError> {
    let sample = sample(options).await?;
    let world = World::start().await?;
    if !options.json {
        println!("{}", banner(&world));
    }
    let report = flow::run(&world, sample.path(), &sample.label(), &options.out, |step| {
        if !options.json {
            println!("{}", step.line());
        }
    })
    .await;
    world.stop().await;
    let report = report?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report).unwrap_or_default());
    } else {
        println!("\n{}", summary(report.ok, &options.out));
    }
    Ok(report.ok)
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
    /// Where it is.
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

/// The picture that the options ask for.
///
/// # Errors
/// [`HeadlessError::Picture`].
pub async fn sample(options: &Options) -> Result<Sample, HeadlessError> {
    if let Some(path) = &options.image {
        return Ok(Sample::Own(path.clone()));
    }
    let make = || {
        let mut file = tempfile::Builder::new().prefix("photo-").suffix(".jpg").tempfile()?;
        file.write_all(&picture::photo(WIDTH, HEIGHT, 1))?;
        file.flush()?;
        Ok(Sample::Generated(file))
    };
    tokio::task::spawn_blocking(make)
        .await
        .unwrap_or_else(|join| Err(std::io::Error::other(join.to_string())))
        .map_err(HeadlessError::Picture)
}
