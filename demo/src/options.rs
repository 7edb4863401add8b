//! The demo's command line.

use std::path::PathBuf;

/// Emulator, app server and desktop app in one process, on free ports of this machine: no cloud account, nothing leaves it.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "demo", bin_name = "cargo demo", version, max_term_width = 100)]
pub struct Options {
    /// Run the whole flow without a window, print a line a step, and say by the exit status whether each did what it must.
    #[arg(long)]
    pub headless: bool,
    /// The picture to upload; a photo-like one of 12 megapixels is generated when absent.
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
    /// Where the thumbnail and the watermarked picture are saved (headless).
    #[arg(long, value_name = "DIR", default_value = "demo-out", requires = "headless")]
    pub out: PathBuf,
    /// Write what happened as JSON to standard output (headless).
    #[arg(long, requires = "headless")]
    pub json: bool,
}
