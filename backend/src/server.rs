//! The process that serves: connections, the jobs beside them, and an orderly end.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::{app::AppState, http, jobs, mail::post::Post};

/// How long requests in flight, and jobs, may take once the process was asked to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a client may take over the head of a request, and how long a connection may be idle. Proxies
/// and browsers open another then.
const HEAD: Duration = Duration::from_mins(1);
/// How long a client may take none of an answer.
const STALL: Duration = Duration::from_secs(30);
/// How many connections there may be at once; further ones wait to be accepted.
const CONNECTIONS: usize = 16 * 1024;
/// How long to wait where the system has no more to give, or a job has failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until the process is asked to stop, then lets what is under way end.
///
/// # Errors
///
/// When mail cannot be set up.
pub async fn serve(app: AppState, listener: TcpListener) -> io::Result<()> {
    let post = Post::new(&app.config).map_err(io::Error::other)?;
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
    let router = http::router(Arc::clone(&app));
    tokio::select! {
        () = accept(&listener, &router, &tasks, &stop) => {}
        () = asked_to_stop() => {}
    }
    tracing::info!("stopping; what is under way has {} seconds", DRAIN.as_secs());
    drop(listener);
    stop.cancel();
    tasks.close();
    app.background.close();
    let done = async { tokio::join!(tasks.wait(), app.background.wait()) };
    if timeout(DRAIN, done).await.is_err() {
        tracing::warn!("stopped before all that was under way was done");
    }
    Ok(())
}

async fn accept(listener: &TcpListener, router: &Router, tasks: &TaskTracker, stop: &CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tasks.spawn(connection(stream, peer, router.clone(), stop.clone(), place));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted; trying again");
                pause().await;
            }
        }
    }
}

/// A connection that was gone before it was accepted is no fault of ours.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
    place: OwnedSemaphorePermit,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STALL));
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
    drop(place);
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

async fn asked_to_stop() {
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
