//! The demo's command line.

use std::path::PathBuf;

use time::OffsetDateTime;

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
    /// Write a page about the run, complete in itself, and FILE with the ending .json beside it for programs (headless).
    #[arg(long, value_name = "FILE.html", requires = "headless", value_parser = page)]
    pub report: Option<PathBuf>,
    /// Where the chance in the generated picture begins (headless).
    #[arg(long, value_name = "NUMBER", default_value_t = 1, requires = "headless")]
    pub seed: u64,
    /// What the clock reads at first, such as 2026-01-01T00:00:00Z; now when absent (headless).
    #[arg(long, value_name = "TIME", requires = "headless", value_parser = moment)]
    pub clock: Option<OffsetDateTime>,
    /// Write what happened as JSON to standard output (headless).
    #[arg(long, requires = "headless")]
    pub json: bool,
}

fn page(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("html" | "htm") => Ok(path),
        _ => Err("expected a name that ends in .html".to_owned()),
    }
}

fn moment(text: &str) -> Result<OffsetDateTime, String> {
    shared::timefmt::parse_iso8601(text).ok_or_else(|| "expected a time such as 2026-01-01T00:00:00Z".to_owned())
}
