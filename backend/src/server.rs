//! The process that serves: connections, the jobs beside them, and an orderly end.

use std::{
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderValue, header},
};
use futures_util::future::join_all;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use self::{
    head_timer::HeadTimer,
    listener::{Listener, Stream},
    peers::{Peers, Place},
    signals::{Signal, Signals},
};
use crate::{app::AppState, config::listen::Listen, http, jobs, mail::post::Post};

mod head_timer;
pub mod listener;
mod peers;
mod signals;

/// How long requests in flight, and jobs, may take once the server stopped listening.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a client may take over the head of a request.
const HEAD: Duration = Duration::from_mins(1);
/// The largest head of a request, in bytes; a larger one is answered 431.
const HEAD_MAX: usize = 32 * 1024;
/// How long a client that has just connected may take to send its request while the process stops.
const FIRST: Duration = Duration::from_secs(2);
/// How long a client may take none of an answer.
const STALL: Duration = Duration::from_secs(30);
/// How many connections there may be at once; further ones wait to be accepted.
const CONNECTIONS: usize = 16 * 1024;
/// How many of them those who collect metrics may have.
const METRICS_CONNECTIONS: usize = 16;
/// How long to wait where the system has no more to give, or a job has failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until the process is asked to stop, then lets what is under way end.
///
/// # Errors
///
/// When mail or the handling of signals cannot be set up.
pub async fn serve(app: AppState, listeners: Vec<Listener>) -> io::Result<()> {
    let post = Post::new(&app.config).map_err(io::Error::other)?;
    let mut signals = Signals::new()?;
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    {
        let (app, stop) = (Arc::clone(&app), stop.clone());
        let job = move || jobs::mailer::run(Arc::clone(&app), post.clone(), stop.clone());
        tasks.spawn(supervise("mailer", job));
    }
    {
        let (app, stop) = (Arc::clone(&app), stop.clone());
        let job = move || jobs::sweeper::run(Arc::clone(&app), stop.clone());
        tasks.spawn(supervise("sweeper", job));
    }
    let site = Site {
        router: http::router(Arc::clone(&app)),
        keep_alive: Duration::from_secs(app.config.server.keep_alive_seconds.into()),
        head: HEAD,
        // A proxy has all connections; what it lets through is its own decision.
        peers: (app.config.server.proxies == 0).then(Arc::default),
        places: Arc::new(Semaphore::new(CONNECTIONS)),
        tasks: tasks.clone(),
        stopping: app.stopping.clone(),
        stop: stop.clone(),
    };
    if let Some(listen) = app.config.server.metrics_listen.clone() {
        let router = http::metrics_router(Arc::clone(&app));
        let places = Arc::new(Semaphore::new(METRICS_CONNECTIONS));
        tasks.spawn(serve_metrics(listen, Site { router, places, peers: None, ..site.clone() }));
    }
    listen_until_asked_to_stop(&app, &site, &listeners, &mut signals).await;
    tracing::info!("stopping; what is under way has {} seconds", DRAIN.as_secs());
    for stream in listeners.into_iter().flat_map(Listener::close) {
        if let Ok(permit) = Arc::clone(&site.places).try_acquire_owned() {
            admit(stream, permit, &site, &mut false);
        }
    }
    stop.cancel();
    tasks.close();
    app.background.close();
    let done = async { tokio::join!(tasks.wait(), app.background.wait()) };
    let is_done = tokio::select! {
        done = timeout(DRAIN, done) => done.is_ok(),
        _ = signals.next() => false,
    };
    if !is_done {
        tracing::warn!("stopped before all that was under way was done");
    }
    Ok(())
}

/// Accepts connections until a signal, and for as long after it as balancers need to notice that this process is
/// ready for nothing new. Ctrl-C comes from a person, who waits for no balancer, and so does a second signal.
async fn listen_until_asked_to_stop(
    app: &AppState,
    site: &Site,
    listeners: &[Listener],
    signals: &mut Signals,
) {
    let mut accepting = pin!(join_all(listeners.iter().map(|listener| accept(listener, site))));
    let signal = tokio::select! {
        _ = &mut accepting => return,
        signal = signals.next() => signal,
    };
    app.stopping.cancel();
    let delay = Duration::from_secs(app.config.server.shutdown_delay_seconds.into());
    if signal == Signal::Interrupt || delay.is_zero() {
        return;
    }
    tracing::info!("asked to stop: not ready any more, and listening for {} more seconds", delay.as_secs());
    let waiting = async {
        tokio::select! {
            _ = &mut accepting => {}
            _ = signals.next() => {}
        }
    };
    // When the time is over, it is over: nothing failed.
    let _ = timeout(delay, waiting).await;
}

/// What connections lead to, and what limits them.
#[derive(Clone)]
struct Site {
    router: Router,
    keep_alive: Duration,
    head: Duration,
    peers: Option<Arc<Peers>>,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    /// No connection is to be used again.
    stopping: CancellationToken,
    /// Connections are to end.
    stop: CancellationToken,
}

/// Serves the metrics as soon as their address is free: another process that is about to end may hold it, and
/// metrics keep nobody from signing in.
async fn serve_metrics(listen: Listen, site: Site) {
    let mut has_warned = false;
    let serving = async {
        let listeners = loop {
            match listener::bind(&listen).await {
                Ok(listeners) => break listeners,
                Err(error) if has_warned => tracing::debug!(%error, "metrics"),
                Err(error) => {
                    has_warned = true;
                    tracing::warn!(
                        %error, address = %listen,
                        "metrics cannot be served there; trying again until they can. \
                         Set CURFEW_METRICS_LISTEN to another address, or to `off`",
                    );
                }
            }
            pause().await;
        };
        let addresses: Vec<_> = listeners.iter().filter_map(|listener| listener.address().ok()).collect();
        tracing::info!(address = addresses.join(", "), "metrics are served");
        join_all(listeners.iter().map(|listener| accept(listener, &site))).await;
    };
    site.stop.run_until_cancelled(serving).await;
}

async fn accept(listener: &Listener, site: &Site) {
    let mut has_warned = false;
    while let Ok(permit) = Arc::clone(&site.places).acquire_owned().await {
        match listener.accept().await {
            Ok(stream) => admit(stream, permit, site, &mut has_warned),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted; trying again");
                pause().await;
            }
        }
    }
}

/// Serves a connection, unless its address has as many as it may.
fn admit(stream: Stream, permit: OwnedSemaphorePermit, site: &Site, has_warned: &mut bool) {
    match stream {
        Stream::Tcp(stream, peer) => {
            let place = match (&site.peers, peer.ip().to_canonical()) {
                (Some(peers), address) if !address.is_loopback() => {
                    let Some(place) = peers.admit(address) else {
                        if !std::mem::replace(has_warned, true) {
                            tracing::warn!(
                                %address,
                                "one address has as many connections as it may, and gets no more; if it is \
                                 a proxy, set CURFEW_PROXIES",
                            );
                        }
                        return;
                    };
                    Some(place)
                }
                _ => None,
            };
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY");
            }
            site.tasks.spawn(connection(stream, Some(peer), site.clone(), (permit, place)));
        }
        #[cfg(unix)]
        Stream::Unix(stream) => {
            site.tasks.spawn(connection(stream, None, site.clone(), (permit, None)));
        }
    }
}

/// A connection that was gone before it was accepted is no fault of ours.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    peer: Option<SocketAddr>,
    site: Site,
    places: (OwnedSemaphorePermit, Option<Place>),
) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STALL));
    let (timer, stream) = HeadTimer::watch(Box::pin(stream), site.head);
    let Site { router, keep_alive, stopping, stop, .. } = site;
    let is_used = Arc::new(AtomicBool::new(false));
    let was_used = Arc::clone(&is_used);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        is_used.store(true, Ordering::Relaxed);
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let answer = router.clone().oneshot(request.map(Body::new));
        let stopping = stopping.clone();
        async move {
            let mut response = answer.await?;
            // Whoever keeps connections opens the next one to a process that goes on.
            if stopping.is_cancelled() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(timer)
        .header_read_timeout(keep_alive)
        .max_header_size(HEAD_MAX)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            // A client that has just connected is about to send a request, which hyper would not wait for.
            let first = if was_used.load(Ordering::Relaxed) { Duration::ZERO } else { FIRST };
            if let Ok(ended) = timeout(first, connection.as_mut()).await {
                ended
            } else {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
    drop(places);
}

/// Runs a job, and anew should it panic: a process without it would look well and do half its work.
async fn supervise<F: Future<Output = ()> + Send + 'static>(name: &'static str, job: impl Fn() -> F) {
    while let Err(error) = tokio::spawn(job()).await {
        tracing::error!(job = name, %error, "a job failed and begins anew");
        pause().await;
    }
}

#[expect(clippy::disallowed_methods, reason = "nothing tells when there is more to be had: only time does")]
async fn pause() {
    tokio::time::sleep(PAUSE).await;
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const NEVER: Duration = Duration::from_hours(1);
    const AT_ONCE: Duration = Duration::from_millis(50);
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

    fn site(keep_alive: Duration, head: Duration) -> Site {
        Site {
            router: Router::new().route("/", get(async || "served")),
            keep_alive,
            head,
            peers: None,
            places: Arc::new(Semaphore::new(8)),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            stop: CancellationToken::new(),
        }
    }

    /// A connection on which this much has arrived before anybody reads from it.
    async fn connect(site: &Site, sent: &[u8]) -> DuplexStream {
        let (mut client, server) = duplex(1024 * 1024);
        client.write_all(sent).await.unwrap();
        let permit = Arc::clone(&site.places).acquire_owned().await.unwrap();
        tokio::spawn(connection(server, None, site.clone(), (permit, None)));
        client
    }

    /// What comes until the server closes the connection.
    async fn rest(client: &mut DuplexStream) -> String {
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        text
    }

    async fn answer(client: &mut DuplexStream) -> String {
        let mut text = String::new();
        while !text.ends_with("served") {
            let mut bytes = [0; 1024];
            let length = client.read(&mut bytes).await.unwrap();
            assert_ne!(length, 0, "closed after: {text}");
            text.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
        }
        text
    }

    #[tokio::test]
    async fn the_head_of_a_request_has_its_own_time_and_outlives_the_end_of_the_idle_time() {
        let site = site(AT_ONCE, NEVER);
        let mut begun = connect(&site, &REQUEST[..20]).await;
        let mut idle = connect(&site, b"").await;
        assert_eq!(rest(&mut idle).await, "", "its idle time is over, and so would be that of the other one");
        begun.write_all(&REQUEST[20..]).await.unwrap();
        assert!(answer(&mut begun).await.starts_with("HTTP/1.1 200"));
        assert_eq!(rest(&mut begun).await, "", "idle again");
    }

    #[tokio::test]
    async fn a_head_that_takes_too_long_is_cut_on_a_fresh_and_on_a_used_connection() {
        let site = site(NEVER, AT_ONCE);
        let mut fresh = connect(&site, &REQUEST[..20]).await;
        rest(&mut fresh).await;
        let mut used = connect(&site, REQUEST).await;
        answer(&mut used).await;
        used.write_all(&REQUEST[..20]).await.unwrap();
        rest(&mut used).await;
    }

    #[tokio::test]
    async fn a_head_of_32_kib_is_taken_and_a_larger_one_refused() {
        let site = site(NEVER, NEVER);
        let of = |length: usize| {
            let begin = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx: ";
            let fill = "x".repeat(length - begin.len() - 4);
            format!("{begin}{fill}\r\n\r\n")
        };
        for (length, status) in [(HEAD_MAX - 1, "200"), (HEAD_MAX + 1, "431"), (379 * 1024, "431")] {
            let mut client = connect(&site, of(length).as_bytes()).await;
            let text = rest(&mut client).await;
            assert!(text.starts_with(&format!("HTTP/1.1 {status}")), "{length}: {text}");
        }
    }

    #[tokio::test]
    async fn no_connection_is_kept_once_the_process_was_asked_to_stop() {
        let site = site(NEVER, NEVER);
        let mut client = connect(&site, REQUEST).await;
        assert!(!answer(&mut client).await.contains("connection: close"));
        site.stopping.cancel();
        client.write_all(REQUEST).await.unwrap();
        assert!(rest(&mut client).await.contains("connection: close"));
    }

    #[tokio::test]
    async fn a_request_on_a_connection_that_was_just_opened_is_answered_as_the_process_stops() {
        let site = site(NEVER, NEVER);
        let mut used = connect(&site, REQUEST).await;
        answer(&mut used).await;
        let mut unused = connect(&site, b"").await;
        let mut fresh = Vec::new();
        for _ in 0..6 {
            fresh.push(connect(&site, b"").await);
        }
        tokio::task::yield_now().await;
        site.stopping.cancel();
        site.stop.cancel();
        for client in &mut fresh {
            client.write_all(REQUEST).await.unwrap();
        }
        for client in &mut fresh {
            let text = rest(client).await;
            assert!(text.contains("connection: close") && text.ends_with("served"), "{text}");
        }
        assert_eq!(rest(&mut used).await, "");
        assert_eq!(rest(&mut unused).await, "", "it is not waited for without an end");
    }
}
