//! Two limits where hyper has one: how long a connection may be idle, and how long the head of a request may
//! take once it began to arrive.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// When the first byte of the awaited request arrived.
#[derive(Debug, Clone, Default)]
struct FirstByte(Arc<Mutex<Option<Instant>>>);

impl FirstByte {
    fn with<T>(&self, change: impl FnOnce(&mut Option<Instant>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into()
}

/// The timer of a connection. hyper starts it when it waits for a request, for as long as the connection may be
/// idle; from the request's first byte on, it runs for as long as the head may take.
pub(super) struct HeadTimer {
    first_byte: FirstByte,
    limit: Duration,
}

impl HeadTimer {
    /// A timer that gives heads so long, and the stream that it watches.
    pub(super) fn watch<S>(stream: S, limit: Duration) -> (Self, Watched<S>) {
        let first_byte = FirstByte::default();
        (Self { first_byte: first_byte.clone(), limit }, Watched { stream, first_byte })
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.first_byte.with(|at| *at = None);
        Box::pin(HeadSleep {
            first_byte: self.first_byte.clone(),
            limit: self.limit,
            has_begun: false,
            sleep: Box::pin(tokio::time::sleep_until(deadline.into())),
        })
    }

    fn now(&self) -> Instant {
        now()
    }
}

struct HeadSleep {
    first_byte: FirstByte,
    limit: Duration,
    has_begun: bool,
    sleep: Pin<Box<tokio::time::Sleep>>,
}

impl Sleep for HeadSleep {}

impl Future for HeadSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // hyper polls this after each read, so a first byte is noticed at once.
        if !self.has_begun
            && let Some(begun) = self.first_byte.with(|at| *at)
        {
            self.has_begun = true;
            let deadline = begun + self.limit;
            self.sleep.as_mut().reset(deadline.into());
        }
        self.sleep.as_mut().poll(cx)
    }
}

/// A stream that notes when something arrives.
pub(super) struct Watched<S> {
    stream: S,
    first_byte: FirstByte,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.first_byte.with(|at| *at.get_or_insert_with(now));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
