//! An HTTP proxy between browser and server that can hold requests, drop responses and make up its own.

use std::{
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Barrier,
    task::JoinHandle,
};

use crate::Result;

#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// The path with its query.
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The header's value, or an empty string.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    #[must_use]
    pub fn is_refresh(&self) -> bool {
        self.method == "POST" && self.path == "/api/v1/auth/refresh"
    }

    #[must_use]
    pub fn is_me(&self) -> bool {
        self.method == "GET" && self.path == "/api/v1/auth/me"
    }
}

/// How the proxy treats a request.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// Forwards the request and returns the response.
    Forward,
    /// Forwards the request and drops the response.
    DropResponse,
    /// Like [`Behaviour::Forward`], after waiting on the barrier.
    ForwardAfter(Arc<Barrier>),
    /// Like [`Behaviour::Problem`], after waiting on the barrier.
    ProblemAfter(Arc<Barrier>, u16, &'static str),
    /// Returns this problem without asking the server. Where the status allows it, `Retry-After` asks for a
    /// minute, so that the page does not retry by itself during a journey.
    Problem(u16, &'static str),
}

#[derive(Debug, Clone)]
pub struct Exchange {
    pub request: Request,
    /// The status of the response; `None` if it was dropped.
    pub status: Option<u16>,
}

type Rule = Arc<dyn Fn(&Request) -> Behaviour + Send + Sync>;

/// A proxy for one server. Every request gets a connection of its own.
pub struct HttpProxy {
    port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
    listener: Option<TcpListener>,
}

struct State {
    rule: Mutex<Rule>,
    exchanges: Mutex<Vec<Exchange>>,
}

impl std::fmt::Debug for HttpProxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpProxy").field("port", &self.port).finish_non_exhaustive()
    }
}

impl HttpProxy {
    /// Starts a proxy that is not connected to a server yet.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let state = Arc::new(State {
            rule: Mutex::new(Arc::new(|_: &Request| Behaviour::Forward)),
            exchanges: Mutex::default(),
        });
        let port = listener.local_addr()?.port();
        Ok(Self { port, state, task: tokio::spawn(async {}), listener: Some(listener) })
    }

    /// Forwards requests to the server on `port`.
    pub fn forward_to(&mut self, port: u16) {
        if let Some(listener) = self.listener.take() {
            self.task = tokio::spawn(accept(listener, port, Arc::clone(&self.state)));
        }
    }

    /// The port for browsers.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Treats requests by `rule` from now on.
    pub fn intercept(&self, rule: impl Fn(&Request) -> Behaviour + Send + Sync + 'static) {
        *self.state.rule.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(rule);
    }

    /// Holds each matching request until the caller waits on the returned barrier, too.
    pub fn hold(&self, which: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Arc<Barrier> {
        let both = Arc::new(Barrier::new(2));
        let barrier = Arc::clone(&both);
        self.intercept(move |request| {
            if which(request) { Behaviour::ForwardAfter(Arc::clone(&barrier)) } else { Behaviour::Forward }
        });
        both
    }

    /// The matching requests so far, with their responses.
    #[must_use]
    pub fn requests(&self, which: impl Fn(&Request) -> bool) -> Vec<Exchange> {
        let exchanges = self.state.exchanges.lock().unwrap_or_else(PoisonError::into_inner);
        exchanges.iter().filter(|exchange| which(&exchange.request)).cloned().collect()
    }
}

/// Responds 503 to requests whose path ends so.
pub fn fail_requests_to(end: &'static str) -> impl Fn(&Request) -> Behaviour + Send + Sync {
    move |request| {
        if request.path.ends_with(end) { Behaviour::Problem(503, "unavailable") } else { Behaviour::Forward }
    }
}

/// Asks for reauthentication when a request's path ends so.
pub fn require_reauthentication(end: &'static str) -> impl Fn(&Request) -> Behaviour + Send + Sync {
    move |request| {
        let is_sensitive = request.path.ends_with(end);
        if is_sensitive { Behaviour::Problem(403, "reauthentication_required") } else { Behaviour::Forward }
    }
}

impl Drop for HttpProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        // An error here is a broken connection to both ends, which they have to cope with.
        tokio::spawn(async move { carry(client, port, &state).await.ok() });
    }
}

async fn carry(mut client: TcpStream, port: u16, state: &State) -> std::io::Result<()> {
    let Some(request) = read(&mut client).await? else { return Ok(()) };
    let rule = Arc::clone(&state.rule.lock().unwrap_or_else(PoisonError::into_inner));
    let response = match rule(&request) {
        Behaviour::Forward => Some(ask(port, &request).await?),
        Behaviour::ForwardAfter(barrier) => {
            barrier.wait().await;
            Some(ask(port, &request).await?)
        }
        Behaviour::DropResponse => {
            ask(port, &request).await?;
            None
        }
        Behaviour::ProblemAfter(barrier, status, detail) => {
            barrier.wait().await;
            Some(problem(status, detail))
        }
        Behaviour::Problem(status, detail) => Some(problem(status, detail)),
    };
    let status = response.as_deref().and_then(status_of);
    state.exchanges.lock().unwrap_or_else(PoisonError::into_inner).push(Exchange { request, status });
    if let Some(response) = response {
        client.write_all(&response).await?;
        client.shutdown().await?;
    }
    Ok(())
}

/// Reads one request. Returns `None` if the browser closed the connection before it sent one.
async fn read(client: &mut TcpStream) -> std::io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut request = Request { method, path, headers, body: bytes.split_off(end + 4) };
    let length = request.header("content-length").parse().unwrap_or(0);
    while request.body.len() < length {
        if client.read_buf(&mut request.body).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(request))
}

/// Sends the request to the server, on a connection of its own.
async fn ask(port: u16, request: &Request) -> std::io::Result<Vec<u8>> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    for (name, value) in request.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("connection")) {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("Connection: close\r\n\r\n");
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    server.write_all(head.as_bytes()).await?;
    server.write_all(&request.body).await?;
    let mut response = Vec::new();
    server.read_to_end(&mut response).await?;
    Ok(response)
}

fn problem(status: u16, detail: &str) -> Vec<u8> {
    let body = serde_json::json!({
        "type": format!("/problems/{detail}"), "title": "Made up on the proxy.", "status": status, "detail": detail,
    });
    let body = Value::to_string(&body);
    let retry_after = if matches!(status, 429 | 503) { "Retry-After: 60\r\n" } else { "" };
    format!(
        "HTTP/1.1 {status} Made Up\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n\
         {retry_after}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn status_of(response: &[u8]) -> Option<u16> {
    std::str::from_utf8(response.get(9..12)?).ok()?.parse().ok()
}
