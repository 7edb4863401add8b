//! A switch that stops an upload from outside: for good, or to be resumed.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

use crate::error::TransferError;

/// Stops every operation that holds a clone of it. Once stopped, it stays so.
#[derive(Debug, Clone)]
pub struct CancelToken(Arc<watch::Sender<Switch>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Switch {
    Running,
    Paused,
    Cancelled,
}

impl CancelToken {
    /// A switch that nobody has thrown.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Switch::Running)))
    }

    /// Stops for good: the operations end with [`TransferError::Cancelled`], and nothing is left of them at OSS. Does not
    /// wait for the operations to end.
    pub fn cancel(&self) {
        self.0.send_replace(Switch::Cancelled);
    }

    /// Stops so that a resumable upload can go on later: it ends with [`TransferError::Paused`], and keeps its checkpoint
    /// and its parts. Other operations have nothing to go on with, and begin anew. Too late after [`cancel`](Self::cancel).
    pub fn pause(&self) {
        self.0.send_if_modified(|switch| {
            let running = *switch == Switch::Running;
            if running {
                *switch = Switch::Paused;
            }
            running
        });
    }

    /// Whether the switch has been thrown for good.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow() == Switch::Cancelled
    }

    /// Waits until the switch is thrown, which may be never; what that means for the operation.
    async fn stopped(&self) -> TransferError {
        // The sender lives as long as `self`, so that waiting cannot fail.
        let mut receiver = self.0.subscribe();
        match receiver.wait_for(|switch| *switch != Switch::Running).await.map(|switch| *switch) {
            Ok(Switch::Paused) => TransferError::Paused,
            _ => TransferError::Cancelled,
        }
    }

    /// Runs `work`, and drops it half-way when the switch is thrown.
    pub(crate) async fn guard<T>(
        &self,
        work: impl Future<Output = Result<T, TransferError>>,
    ) -> Result<T, TransferError> {
        tokio::select! {
            biased;
            error = self.stopped() => Err(error),
            outcome = work => outcome,
        }
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}
