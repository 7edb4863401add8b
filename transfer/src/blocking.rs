//! Runs file and CPU work where it holds up no other task.

use crate::error::TransferError;

/// Runs `work` on a thread for blocking work.
///
/// # Errors
/// What `work` fails with; [`TransferError::Cancelled`] when the runtime shuts down before it is done.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TransferError> + Send + 'static,
) -> Result<T, TransferError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(TransferError::Cancelled))
}
