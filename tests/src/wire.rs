//! The network between browser and server, where a journey can lose answers and make up its own.

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

/// A request that came over the wire.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path, with its query.
    pub path: String,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// Whether this refreshes a session.
    #[must_use]
    pub fn is_refresh(&self) -> bool {
        self.method == "POST" && self.path == "/api/v1/auth/refresh"
    }

    /// Whether this asks who is signed in.
    #[must_use]
    pub fn is_me(&self) -> bool {
        self.method == "GET" && self.path == "/api/v1/auth/me"
    }
}

/// What becomes of a request.
#[derive(Debug, Clone)]
pub enum Fate {
    /// The server answers it.
    Pass,
    /// The server answers it, and the answer is lost on the way.
    LoseAnswer,
    /// As [`Fate::Pass`], once as many requests as the barrier counts have come this far.
    Meet(Arc<Barrier>),
    /// As [`Fate::Problem`], once as many requests as the barrier counts have come this far.
    MeetThenProblem(Arc<Barrier>, u16, &'static str),
    /// It never reaches the server; this problem comes back in its stead, and asks for a minute's
    /// patience where problems of that kind do, so that nothing is tried again by itself meanwhile.
    Problem(u16, &'static str),
}

/// A request and what became of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The request.
    pub request: Request,
    /// The status that the browser got; `None` if the answer was lost.
    pub status: Option<u16>,
}

type Rule = Arc<dyn Fn(&Request) -> Fate + Send + Sync>;

/// A wire to one server. Every request takes a connection of its own.
pub struct Wire {
    port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
    listener: Option<TcpListener>,
}

struct State {
    rule: Mutex<Rule>,
    seen: Mutex<Vec<Exchange>>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Wire {
    /// A wire whose far end is yet to be joined to a server.
    ///
    /// # Errors
    ///
    /// When there is no free port.
    pub async fn lay() -> Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let state =
            Arc::new(State { rule: Mutex::new(Arc::new(|_: &Request| Fate::Pass)), seen: Mutex::default() });
        let port = listener.local_addr()?.port();
        Ok(Self { port, state, task: tokio::spawn(async {}), listener: Some(listener) })
    }

    /// Joins it to the server that listens on `port`.
    pub fn join(&mut self, port: u16) {
        if let Some(listener) = self.listener.take() {
            self.task = tokio::spawn(accept(listener, port, Arc::clone(&self.state)));
        }
    }

    /// The port of the near end, which browsers use.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Decides from now on what becomes of each request.
    pub fn rule(&self, rule: impl Fn(&Request) -> Fate + Send + Sync + 'static) {
        *self.state.rule.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(rule);
    }

    /// What has gone over it so far and matches.
    #[must_use]
    pub fn seen(&self, which: impl Fn(&Request) -> bool) -> Vec<Exchange> {
        let seen = self.state.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|exchange| which(&exchange.request)).cloned().collect()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, state: Arc<State>) {
    while let Ok((near, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        // Whatever breaks is a broken connection to both ends, which is what they have to cope with.
        tokio::spawn(async move { carry(near, port, &state).await.ok() });
    }
}

async fn carry(mut near: TcpStream, port: u16, state: &State) -> std::io::Result<()> {
    let Some(request) = read(&mut near).await? else { return Ok(()) };
    let rule = Arc::clone(&state.rule.lock().unwrap_or_else(PoisonError::into_inner));
    let answer = match rule(&request) {
        Fate::Pass => Some(ask(port, &request).await?),
        Fate::Meet(barrier) => {
            barrier.wait().await;
            Some(ask(port, &request).await?)
        }
        Fate::LoseAnswer => {
            ask(port, &request).await?;
            None
        }
        Fate::MeetThenProblem(barrier, status, detail) => {
            barrier.wait().await;
            Some(problem(status, detail))
        }
        Fate::Problem(status, detail) => Some(problem(status, detail)),
    };
    let status = answer.as_deref().and_then(status_of);
    state.seen.lock().unwrap_or_else(PoisonError::into_inner).push(Exchange { request, status });
    if let Some(answer) = answer {
        near.write_all(&answer).await?;
        near.shutdown().await?;
    }
    Ok(())
}

/// Reads one request; `None` if the browser opened a connection and thought better of it.
async fn read(near: &mut TcpStream) -> std::io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if near.read_buf(&mut bytes).await? == 0 {
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
        if near.read_buf(&mut request.body).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(request))
}

/// Asks the server on a connection that closes with the answer.
async fn ask(port: u16, request: &Request) -> std::io::Result<Vec<u8>> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    for (name, value) in request.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("connection")) {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("Connection: close\r\n\r\n");
    let mut far = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    far.write_all(head.as_bytes()).await?;
    far.write_all(&request.body).await?;
    let mut answer = Vec::new();
    far.read_to_end(&mut answer).await?;
    Ok(answer)
}

fn problem(status: u16, detail: &str) -> Vec<u8> {
    let body = serde_json::json!({
        "type": format!("/problems/{detail}"), "title": "Made up on the wire.", "status": status, "detail": detail,
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

fn status_of(answer: &[u8]) -> Option<u16> {
    std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
}
