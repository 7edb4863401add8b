//! The upload callback: after an upload OSS asks the app's own server, and its answer becomes the upload's (`token-server.md` §5).
//!
//! [`Plan`] is read and checked before the upload, [`Caller::run`] carries it out once the object is stored. Loopback and
//! private targets are allowed, which OSS refuses: an app server on a laptop is what an emulator is for.

mod answer;
mod key;
mod plan;
mod send;
mod variables;

use std::path::PathBuf;

pub use answer::Failure;
pub use key::CallbackKey;
pub use plan::Plan;
pub use send::Caller;
use shared::sign::callback::KeyError;
pub use variables::{Facts, ImageInfo};

/// Why callbacks cannot be sent; found at the start.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The key's file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key's file holds something else.
    #[error("{}: {source}. Move the file away, and the next start makes a new key.", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// No key could be made.
    #[error("no key for callbacks could be made: {0}")]
    Key(#[from] KeyError),
    /// The HTTP client could not be set up.
    #[error("the HTTP client of callbacks: {0}")]
    Client(#[from] reqwest::Error),
}

#[cfg(test)]
mod tests;
