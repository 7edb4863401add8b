//! Knows when connections are being made, so that waiting for one is not taken for a silent server.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use tower::{Layer, Service};

/// The connections that one HTTP client is making; a layer around its connector.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connecting(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    ongoing: usize,
    ended: Option<Instant>,
}

impl Connecting {
    /// The last moment at which a connection was being made: now, if one is.
    pub(crate) fn last(&self) -> Option<Instant> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.ongoing > 0 { Some(Instant::now()) } else { state.ended }
    }

    fn begin(&self) -> Ongoing {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ongoing += 1;
        Ongoing(self.clone())
    }
}

/// One connection being made; ends when dropped.
struct Ongoing(Connecting);

impl Drop for Ongoing {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.ongoing -= 1;
        state.ended = Some(Instant::now());
    }
}

impl<S> Layer<S> for Connecting {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, connecting: self.clone() }
    }
}

/// A connector whose connections are counted.
#[derive(Debug, Clone)]
pub(crate) struct Counted<S> {
    inner: S,
    connecting: Connecting,
}

impl<S, R> Service<R> for Counted<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let ongoing = self.connecting.begin();
        let connection = self.inner.call(target);
        Box::pin(async move {
            let outcome = connection.await;
            drop(ongoing);
            outcome
        })
    }
}
