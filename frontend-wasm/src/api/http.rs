//! One request and its answer: fetch with a time-out, JSON both ways, problems told apart from silence.

use curfew_shared::{error::Problem, route::API};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, Headers, RequestCredentials, RequestInit, Response};

use super::Failure;
use crate::{browser::page, store::auth::AccessToken};

/// How long an answer may take, in milliseconds.
const TIMEOUT_MS: u32 = 10_000;

/// How long a file may take, in milliseconds.
const FILE_TIMEOUT_MS: u32 = 300_000;

/// A request of the API, yet to be sent.
#[derive(Debug)]
pub(super) struct Request {
    method: &'static str,
    path: &'static str,
    query: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
    timeout_ms: u32,
}

impl Request {
    pub(super) fn get(path: &'static str) -> Self {
        Self {
            method: "GET",
            path,
            query: String::new(),
            headers: vec![("Accept", "application/json".into())],
            body: None,
            timeout_ms: TIMEOUT_MS,
        }
    }

    pub(super) fn post(path: &'static str, body: &impl Serialize) -> Self {
        Self::with_body("POST", path, body)
    }

    pub(super) fn patch(path: &'static str, body: &impl Serialize) -> Self {
        Self::with_body("PATCH", path, body)
    }

    fn with_body(method: &'static str, path: &'static str, body: &impl Serialize) -> Self {
        // Our own request types always serialize; were one not to, the server would refuse the rest.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self { method, body: Some(body), ..Self::get(path) }.header("Content-Type", "application/json")
    }

    /// With what comes after the question mark. Nothing secret: addresses are logged.
    pub(super) fn query(self, pairs: &[(&str, String)]) -> Self {
        let encode = |text: &str| String::from(js_sys::encode_uri_component(text));
        let pairs: Vec<_> =
            pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        Self { query: pairs.join("&"), ..self }
    }

    /// Asks for a file of this type, which may take its time.
    pub(super) fn file(mut self, content_type: &'static str) -> Self {
        self.headers.retain(|(name, _)| *name != "Accept");
        self.timeout_ms = FILE_TIMEOUT_MS;
        self.header("Accept", content_type)
    }

    pub(super) fn bearer(self, token: &AccessToken) -> Self {
        self.header("Authorization", format!("Bearer {}", token.expose()))
    }

    pub(super) fn idempotency_key(self, key: Uuid) -> Self {
        self.header("Idempotency-Key", key.to_string())
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends it and reads the answer as JSON.
    pub(super) async fn json<T: DeserializeOwned>(self) -> Result<T, Failure> {
        // A success that cannot be read is not from Curfew: a captive portal, say.
        serde_json::from_str(&self.text().await?).map_err(|_| Failure::Unreachable)
    }

    /// Sends it and has no use for what the answer says.
    pub(super) async fn done(self) -> Result<(), Failure> {
        self.text().await.map(drop)
    }

    /// Sends it and keeps the answer as it came.
    pub(super) async fn blob(self) -> Result<Blob, Failure> {
        let answer = self.send().await?;
        let blob = answer.blob().map_err(|_| no_answer())?;
        let blob = JsFuture::from(blob).await.map_err(|_| no_answer())?;
        blob.dyn_into().map_err(|_| no_answer())
    }

    async fn text(self) -> Result<String, Failure> {
        read(&self.send().await?).await.map_err(|_| no_answer())
    }

    /// Sends it and tells a success, whose body is yet to be read, from a refusal.
    async fn send(self) -> Result<Response, Failure> {
        let answer = self.fetch().await.map_err(|_| no_answer())?;
        if answer.ok() {
            return Ok(answer);
        }
        let retry_after =
            answer.headers().get("Retry-After").ok().flatten().and_then(|value| value.trim().parse().ok());
        let text = read(&answer).await.map_err(|_| no_answer())?;
        match serde_json::from_str::<Problem>(&text) {
            // The status line rules: a proxy may have replaced one and kept the other.
            Ok(problem) if problem.status == answer.status() => {
                Err(Failure::Refused { problem, retry_after })
            }
            _ => Err(Failure::Unreachable),
        }
    }

    async fn fetch(self) -> Result<Response, JsValue> {
        let headers = Headers::new()?;
        for (name, value) in &self.headers {
            headers.set(name, value)?;
        }
        let init = RequestInit::new();
        init.set_method(self.method);
        init.set_headers(&headers);
        init.set_credentials(RequestCredentials::SameOrigin);
        init.set_signal(Some(&AbortSignal::timeout_with_u32(self.timeout_ms)));
        if let Some(body) = &self.body {
            init.set_body(&body.into());
        }
        let window = web_sys::window().ok_or(JsValue::UNDEFINED)?;
        let mark = if self.query.is_empty() { "" } else { "?" };
        let url = format!("{API}{}{mark}{}", self.path, self.query);
        JsFuture::from(window.fetch_with_str_and_init(&url, &init)).await?.dyn_into()
    }
}

async fn read(answer: &Response) -> Result<String, JsValue> {
    Ok(JsFuture::from(answer.text()?).await?.as_string().unwrap_or_default())
}

fn no_answer() -> Failure {
    if page::is_online() { Failure::Unreachable } else { Failure::Offline }
}
