//! An asynchronous client of Alibaba Cloud OSS for apps that hold no key of their own: it asks the app server for a token and uploads directly.
//!
//! A [`Provider`] keeps the token fresh, a [`Client`] talks to one bucket, and an [`Observer`] hears of every step of both.

mod app_server;
mod append;
mod blocking;
pub mod cancel;
pub mod checkpoint;
pub mod client;
pub mod config;
mod control;
pub mod credentials;
mod download;
mod durable;
pub mod error;
mod http;
pub mod listing;
mod object;
pub mod observer;
mod pace;
mod post_form;
mod presign;
pub mod probe;
mod records;
mod retry;
mod source;
pub mod upload;

pub use append::Tail;
pub use cancel::CancelToken;
pub use checkpoint::{Checkpoint, SavedCheckpoint};
pub use client::Client;
pub use config::ClientConfig;
pub use control::{ClockChange, ClockReading, Control, FaultReading};
pub use credentials::{CredentialsSource, Provider, prefetch_point};
pub use download::DownloadOptions;
pub use error::{NoRecords, TransferError};
pub use listing::{FolderPage, ListedObject, Listing, OpenUpload};
pub use object::{Downloaded, ObjectMeta};
pub use observer::{Event, ExchangeId, Observer, Peer};
pub use presign::Presign;
pub use probe::Probe;
pub use records::{RecordPage, RecordSource, UploadRecord};
pub use upload::{ListedPart, MappedPart, PartMap, ProgressFn, UploadOptions, Uploaded};
