//! A connection's bytes on their way to hyper: heads whole and checked, bodies as they come, nobody waited for too long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, Sleep, sleep_until};
use tokio_rustls::server::TlsStream;

use super::Limits;
use super::head::{self, Body, Refusal, Scan};
use super::seat::Seat;

/// How long a client that is refused may go on sending: closed at once, it would see a reset instead of the answer.
const LINGER: Duration = Duration::from_secs(1);

/// What hyper reads in place of a head that is refused: so the answer comes after those before it, by the same hand.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";

/// A stream that hands over one request after the other.
///
/// A head is kept back until it is whole, and goes on only if [`head::read`] finds nothing against it; else the reason is
/// left in the [`Seat`]. Bytes beyond a request stay here, so that none is seen as a head without having been checked.
#[derive(Debug)]
pub struct Wire<S: Socket> {
    stream: S,
    limits: Limits,
    seat: Arc<Seat>,
    /// Received, not yet handed over.
    held: BytesMut,
    /// How many of them are to be handed over.
    passed: usize,
    next: Next,
    /// What the client is to send, and since when.
    reads: Option<(Awaited, Instant)>,
    /// Since when the client is to read what was written.
    writes: Option<Instant>,
    read_alarm: Alarm,
    write_alarm: Alarm,
    /// Since when nothing more is written, and what still comes is thrown away.
    closed: Option<Instant>,
}

/// What lies below a connection's bytes.
pub trait Socket {
    /// From here on, its end is a reset, and what waits to be sent is lost.
    fn reset_at_end(&self);
}

impl Socket for TcpStream {
    fn reset_at_end(&self) {
        // Where that cannot be, it is closed.
        let _ = self.set_zero_linger();
    }
}

impl Socket for TlsStream<TcpStream> {
    fn reset_at_end(&self) {
        self.get_ref().0.reset_at_end();
    }
}

impl<S: Socket> Drop for Wire<S> {
    fn drop(&mut self) {
        if self.seat.reset.load(Ordering::Relaxed) {
            self.stream.reset_at_end();
        }
    }
}

/// What comes after the bytes that are passed.
#[derive(Debug)]
enum Next {
    Head(Scan),
    Body(Body),
    /// Nothing that anyone will read.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Request,
    Head,
    Body,
}

impl<S: AsyncRead + AsyncWrite + Socket + Unpin> Wire<S> {
    /// Takes over a connection that waits for its first request.
    pub fn new(stream: S, limits: Limits, seat: Arc<Seat>) -> Self {
        Self {
            stream,
            limits,
            reads: Some((Awaited::Request, seat.opened())),
            seat,
            held: BytesMut::new(),
            passed: 0,
            next: Next::Head(Scan::default()),
            writes: None,
            read_alarm: Alarm::default(),
            write_alarm: Alarm::default(),
            closed: None,
        }
    }

    /// Reads on into `buf`, as far as it goes; nothing is the end. `Err` when the client has been waited for long enough.
    fn receive(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>, awaited: Awaited) -> Poll<io::Result<usize>> {
        let before = buf.filled().len();
        if let Poll::Ready(outcome) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            if awaited == Awaited::Body {
                self.reads = None;
                self.tell();
            }
            return Poll::Ready(outcome.map(|()| buf.filled().len() - before));
        }
        let since = match self.reads {
            Some((known, since)) if known == awaited => since,
            _ => {
                let now = Instant::now();
                self.reads = Some((awaited, now));
                self.tell();
                now
            }
        };
        let limit = match awaited {
            Awaited::Request => self.limits.idle,
            Awaited::Head => self.limits.head,
            Awaited::Body => self.limits.body,
        };
        ready!(self.read_alarm.poll(cx, since + limit));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Lets a whole head pass if it may, or waits for more of it. `false` at the end of the stream.
    fn poll_head(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        let Next::Head(scan) = &mut self.next else {
            return Poll::Ready(Ok(true));
        };
        match scan.end(&self.held) {
            Ok(Some(2)) => {
                // An empty line before the request line: some old clients end their bodies with one.
                self.held.advance(2);
                self.next = Next::Head(Scan::default());
                return Poll::Ready(Ok(true));
            }
            Ok(Some(end)) if end <= head::MAX_HEAD => {
                match head::read(self.held.get(..end).unwrap_or_default()) {
                    Ok(body) => {
                        self.passed = end;
                        self.next = Next::Body(body);
                        self.reads = None;
                        self.tell();
                    }
                    Err(refusal) => self.refuse(refusal),
                }
                return Poll::Ready(Ok(true));
            }
            Ok(None) if self.held.len() <= head::MAX_HEAD => {}
            Ok(_) => {
                self.refuse(head::TOO_LARGE);
                return Poll::Ready(Ok(true));
            }
            Err(refusal) => {
                self.refuse(refusal);
                return Poll::Ready(Ok(true));
            }
        }
        let awaited = if self.held.is_empty() { Awaited::Request } else { Awaited::Head };
        let before = buf.filled().len();
        match ready!(self.receive(cx, buf, awaited)) {
            Ok(0) => Poll::Ready(Ok(false)),
            Ok(_) => {
                self.held.extend_from_slice(buf.filled().get(before..).unwrap_or_default());
                buf.set_filled(before);
                Poll::Ready(Ok(true))
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut && awaited == Awaited::Head => {
                self.refuse(head::TOO_SLOW);
                Poll::Ready(Ok(true))
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        tracing::debug!(reason = refusal.reason, "a request was refused at the door");
        let _ = self.seat.refusal.set(refusal);
        self.held = BytesMut::from(STAND_IN);
        self.passed = STAND_IN.len();
        self.next = Next::End;
        self.reads = None;
        self.tell();
    }

    /// Hands over what comes of a body straight from the stream; what comes after it is kept.
    fn poll_body(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(self.receive(cx, buf, Awaited::Body))?;
        let come = buf.filled().get(before..).unwrap_or_default();
        let mine = take(&mut self.next, come)?;
        self.held.extend_from_slice(come.get(mine..).unwrap_or_default());
        buf.set_filled(before + mine);
        Poll::Ready(Ok(()))
    }

    /// Notes whether a write waits for the client, and ends one that has waited for long enough.
    fn written<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            if self.writes.take().is_some() {
                self.tell();
            }
            return outcome;
        }
        let since = match self.writes {
            Some(since) => since,
            None => {
                let now = Instant::now();
                self.writes = Some(now);
                self.tell();
                now
            }
        };
        ready!(self.write_alarm.poll(cx, since + self.limits.answer));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn tell(&self) {
        match (self.writes, self.reads) {
            (Some(since), _) => self.seat.waits(since, true),
            (None, Some((awaited, since))) => self.seat.waits(since, awaited == Awaited::Body),
            (None, None) => self.seat.works(),
        }
    }
}

/// Counts `bytes` towards the body that `next` is; how many of them are its own.
fn take(next: &mut Next, bytes: &[u8]) -> io::Result<usize> {
    let Next::Body(body) = next else {
        return Ok(0);
    };
    body.take(bytes).map_err(|bad| {
        *next = Next::End;
        io::Error::new(io::ErrorKind::InvalidData, bad)
    })
}

impl<S: AsyncRead + AsyncWrite + Socket + Unpin> AsyncRead for Wire<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        loop {
            if me.passed > 0 {
                let now = me.passed.min(buf.remaining());
                buf.put_slice(me.held.get(..now).unwrap_or_default());
                me.held.advance(now);
                me.passed -= now;
                return Poll::Ready(Ok(()));
            }
            match &me.next {
                Next::End => return Poll::Ready(Ok(())),
                Next::Head(_) => {
                    if !ready!(me.poll_head(cx, buf))? {
                        return Poll::Ready(Ok(()));
                    }
                }
                Next::Body(body) if body.is_done() => {
                    if me.held.is_empty() {
                        me.held = BytesMut::new(); // an idle connection holds no memory
                    }
                    me.next = Next::Head(Scan::default());
                }
                Next::Body(_) if me.held.is_empty() => return me.poll_body(cx, buf),
                Next::Body(_) => me.passed = take(&mut me.next, &me.held)?,
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Socket + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let me = self.get_mut();
        let outcome = Pin::new(&mut me.stream).poll_write(cx, bytes);
        me.written(cx, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let me = self.get_mut();
        let outcome = Pin::new(&mut me.stream).poll_write_vectored(cx, pieces);
        me.written(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        let outcome = Pin::new(&mut me.stream).poll_flush(cx);
        me.written(cx, outcome)
    }

    /// Ends the sending half; where a request was left unread, throws away the rest of it for a while.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        let since = match me.closed {
            Some(since) => since,
            None => {
                let outcome = Pin::new(&mut me.stream).poll_shutdown(cx);
                ready!(me.written(cx, outcome))?;
                *me.closed.insert(Instant::now())
            }
        };
        if me.held.is_empty() && matches!(me.next, Next::Head(_)) {
            return Poll::Ready(Ok(()));
        }
        let mut scratch = [0; 2048];
        loop {
            let mut scratch = ReadBuf::new(&mut scratch);
            match Pin::new(&mut me.stream).poll_read(cx, &mut scratch) {
                Poll::Ready(Ok(())) if !scratch.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return me.read_alarm.poll(cx, since + LINGER).map(Ok),
            }
        }
    }
}

/// A timer that is set anew without work: it looks at the clock only when it goes off.
#[derive(Debug, Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready from `deadline` on.
    fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}
