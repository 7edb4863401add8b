//! Where the bucket is and how patient the client is: the reference document's `ClientConfiguration`.

use std::num::NonZeroU64;
use std::time::Duration;

use shared::bucket::BucketName;
use shared::region::{Endpoint, Region};
use shared::sign::SignVersion;

use crate::error::TransferError;

/// The smallest part that OSS takes, but for the last of an upload (`oss-rest.md` §2.3).
pub const MIN_PART_SIZE: u64 = 100 * 1024;
/// The largest part, and the largest object of a single PutObject, that OSS takes.
pub const MAX_PART_SIZE: u64 = 5 * 1024 * 1024 * 1024;
/// The least limit on bytes per second: with less, a connection would seem dead.
const MIN_RATE: u64 = 10 * 1024;
/// How many parts an upload may have.
pub const MAX_PARTS: u64 = 10_000;

/// Settings of one [`Client`](crate::Client).
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Where OSS listens.
    pub endpoint: Endpoint,
    /// The region that V4 signatures are bound to.
    pub region: Region,
    /// The bucket that every request addresses.
    pub bucket: BucketName,
    /// Which signature to make.
    pub sign_version: SignVersion,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long a request may go without one byte sent or received.
    pub socket_timeout: Duration,
    /// How many requests may run at once.
    pub max_concurrent_requests: usize,
    /// How often a request is repeated after a failure that may pass.
    pub max_error_retries: u32,
    /// Bytes in a part of a multipart upload; at least 100 KiB, and grown so that an upload has at most 10 000 parts.
    pub part_size: u64,
    /// The most bytes that all requests together may send, and receive, in a second; at least 10 KiB. `None` knows no limit.
    pub max_bytes_per_second: Option<NonZeroU64>,
    /// The first repetition waits a random time up to twice this, the next up to four times this, and so on.
    pub retry_base_wait: Duration,
    /// The longest wait before a repetition.
    pub retry_max_wait: Duration,
}

impl ClientConfig {
    /// The reference document's values (15 s, 15 s, 5 requests, 2 repetitions), V4 signatures and parts of 1 MiB.
    pub fn new(endpoint: Endpoint, region: Region, bucket: BucketName) -> Self {
        Self {
            endpoint,
            region,
            bucket,
            sign_version: SignVersion::V4,
            connect_timeout: Duration::from_secs(15),
            socket_timeout: Duration::from_secs(15),
            max_concurrent_requests: 5,
            max_error_retries: 2,
            part_size: 1024 * 1024,
            max_bytes_per_second: None,
            retry_base_wait: Duration::from_millis(200),
            retry_max_wait: Duration::from_secs(20),
        }
    }

    /// Refuses settings that no upload could work with.
    pub(crate) fn check(&self) -> Result<(), TransferError> {
        let fail = |setting, problem: &str| Err(TransferError::Config { setting, problem: problem.to_owned() });
        if !(MIN_PART_SIZE..=MAX_PART_SIZE).contains(&self.part_size) {
            return fail("part_size", "it must lie between 102400 bytes (100 KiB) and 5 GiB");
        }
        if self.max_concurrent_requests == 0 {
            return fail("max_concurrent_requests", "it must be at least 1");
        }
        if self.connect_timeout.is_zero() || self.socket_timeout.is_zero() {
            return fail("connect_timeout or socket_timeout", "it must be longer than zero");
        }
        check_rate(self.max_bytes_per_second)
    }

    /// The size of the parts of an object of `size` bytes: [`part_size`](Self::part_size), or more for a very large object.
    pub fn part_size_for(&self, size: u64) -> u64 {
        self.part_size.max(size.div_ceil(MAX_PARTS))
    }
}

/// Refuses a limit on bytes per second that no upload could work with.
pub(crate) fn check_rate(rate: Option<NonZeroU64>) -> Result<(), TransferError> {
    if rate.is_some_and(|rate| rate.get() < MIN_RATE) {
        let problem = "it must be at least 10240 (10 KiB/s)".to_owned();
        return Err(TransferError::Config { setting: "max_bytes_per_second", problem });
    }
    Ok(())
}
