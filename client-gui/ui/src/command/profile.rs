//! What travels between the app and the jobs that read and write files of profiles.

use std::path::PathBuf;

/// What the app asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileCommand {
    /// Read a profile's text.
    Read(PathBuf),
    /// Write a profile's text; over a file that is a profile, and over no other.
    Write {
        /// The file.
        path: PathBuf,
        /// The text.
        text: String,
    },
}

/// What the jobs report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileEvent {
    /// `ProfileCommand::Read` has ended.
    Read(Result<String, FileTrouble>),
    /// `ProfileCommand::Write` has ended.
    Written(Result<PathBuf, FileTrouble>),
}

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileTrouble {
    /// It is larger than any profile.
    TooLarge,
    /// It is there, and no profile: it is not written over.
    Foreign,
    /// What the system says.
    System(String),
}
