//! A switch that stops an upload from outside.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

use crate::error::TransferError;

/// Stops every operation that holds a clone of it. Once cancelled, it stays so.
#[derive(Debug, Clone)]
pub struct CancelToken(Arc<watch::Sender<bool>>);

impl CancelToken {
    /// A switch that nobody has thrown.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Throws the switch. Does not wait for the operations to end.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether the switch has been thrown.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the switch is thrown, which may be never.
    pub async fn cancelled(&self) {
        // The sender lives as long as `self`, so that waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|cancelled| *cancelled).await;
    }

    /// Runs `work`, and drops it half-way when the switch is thrown.
    pub(crate) async fn guard<T>(
        &self,
        work: impl Future<Output = Result<T, TransferError>>,
    ) -> Result<T, TransferError> {
        tokio::select! {
            biased;
            () = self.cancelled() => Err(TransferError::Cancelled),
            outcome = work => outcome,
        }
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}
