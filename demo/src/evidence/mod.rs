//! The evidence of a run: what happened and why, as one page for people and as JSON for programs.
//!
//! What the same seed and clock give again is apart from what was measured, so that a digest can say whether two runs did the same.

mod facts;
mod log;
mod matrix;
mod measured;
mod page;
mod requests;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

pub use facts::Facts;
pub use log::Log;
pub use measured::Measured;

use crate::flow::FlowError;
use crate::report::Report;
use crate::world::World;

/// All that is known of a run. Holds no secret: it is made of decisions, which hold none, and of the flow's own report.
#[derive(Debug, Serialize)]
pub struct Evidence {
    /// SHA-256, in hex, of `facts` as compact JSON, in the order in which they stand here.
    pub digest: String,
    /// The same again for the same seed, clock and picture.
    pub facts: Facts,
    /// Times and names that are new in each run.
    pub measured: Measured,
    /// What the picture became, as it came from OSS: name, media type, bytes.
    #[serde(skip)]
    pictures: Vec<(String, String, Vec<u8>)>,
}

impl Evidence {
    /// Collects it at the end of a run, while `world` still answers: the cells of the matrix are asked for.
    ///
    /// # Errors
    /// [`FlowError`] when the picture, or what it became, cannot be read, or OSS cannot be asked.
    pub async fn collect(
        world: &World,
        report: &Report,
        log: &Log,
        image: &Path,
        seed: u64,
    ) -> Result<Self, FlowError> {
        // Before more is asked.
        let spans = log.spans();
        let requests = requests::of(world, &spans, log.began());
        let pictures = facts::pictures_of(report)?;
        let matrix = matrix::of(world).await?;
        let facts = facts::of(world, report, (&spans, &requests), matrix, (image, seed))?;
        let measured = measured::of(report, log.began(), &spans, &requests);
        let text = serde_json::to_string(&facts).map_err(|error| FlowError::Unexpected(error.to_string()))?;
        Ok(Self { digest: hex::encode(Sha256::digest(text)), facts, measured, pictures })
    }

    /// The page: it loads nothing, and runs nothing.
    pub fn html(&self) -> String {
        page::of(self).into_string()
    }

    /// Writes the page to `path`, and the JSON beside it under the ending `.json`; each is there whole or not at all. Blocking.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        write_whole(&path.with_extension("json"), &serde_json::to_vec_pretty(self)?)?;
        write_whole(path, self.html().as_bytes())
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".report-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    // A temporary file is for its owner alone; a report is as readable as any file.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}
