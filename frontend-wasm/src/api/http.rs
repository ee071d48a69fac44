//! One request and its answer: fetch with a time-out, JSON both ways, problems told apart from silence.

use std::pin::Pin;

use curfew_shared::{error::Problem, route::API};
use js_sys::Promise;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, Headers, RequestCredentials, RequestInit, Response};

use super::Failure;
use crate::{
    browser::{json, page},
    store::auth::AccessToken,
};

/// How long an answer may take, in milliseconds.
const TIMEOUT_MS: u32 = 10_000;

/// How long a file may take, in milliseconds.
const FILE_TIMEOUT_MS: u32 = 300_000;

/// A call of the API, yet to be made: what is asked, and how the answer is read. Whoever makes it
/// decides on the access token.
#[derive(Debug, Clone)]
pub struct Call<T> {
    request: Request,
    read: fn(&JsValue) -> Option<T>,
}

impl<T> Call<T> {
    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    /// What the body of an answer says.
    pub(super) fn read(&self, body: &JsValue) -> Result<T, Failure> {
        // A success that cannot be read is not from Curfew: a captive portal, say.
        (self.read)(body).ok_or(Failure::Unreachable)
    }

    /// Makes the call.
    pub(super) async fn send(self, token: Option<&AccessToken>) -> Result<T, Failure> {
        self.read(&self.request.send(token).await?)
    }
}

/// Makes a call that needs no access token.
///
/// # Errors
/// What the server refused, or why there was no answer.
pub async fn send<T>(call: Call<T>) -> Result<T, Failure> {
    call.send(None).await
}

/// An answer on its way. Boxed: it is awaited in many places, each of which would hold all of it.
pub(super) type Sent<'a> = Pin<Box<dyn Future<Output = Result<JsValue, Failure>> + 'a>>;

/// What is sent.
#[derive(Debug, Clone)]
pub(super) struct Request {
    method: &'static str,
    path: String,
    query: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
    is_for_file: bool,
}

impl Request {
    pub(super) fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            query: String::new(),
            headers: vec![("Accept", "application/json".into())],
            body: None,
            is_for_file: false,
        }
    }

    pub(super) fn post(path: &str, body: &impl Serialize) -> Self {
        Self::with_body("POST", path, body)
    }

    pub(super) fn patch(path: &str, body: &impl Serialize) -> Self {
        Self::with_body("PATCH", path, body)
    }

    pub(super) fn delete(path: &str) -> Self {
        Self { method: "DELETE", ..Self::get(path) }
    }

    /// A POST that says all by its address.
    pub(super) fn post_nothing(path: &str) -> Self {
        Self { method: "POST", ..Self::get(path) }
    }

    fn with_body(method: &'static str, path: &str, body: &impl Serialize) -> Self {
        // Our own request types always serialize; were one not to, the server would refuse the rest.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self { method, body: Some(body), ..Self::get(path) }.header("Content-Type", "application/json")
    }

    /// With what comes after the question mark. Nothing secret: addresses are logged.
    pub(super) fn query(self, pairs: &[(&str, String)]) -> Self {
        let encode = |text: &str| String::from(js_sys::encode_uri_component(text));
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| [*name, &encode(value)].join("=")).collect();
        Self { query: pairs.join("&"), ..self }
    }

    pub(super) fn idempotency_key(self, key: Uuid) -> Self {
        self.header("Idempotency-Key", key.to_string())
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer is JSON.
    pub(super) fn json<T: DeserializeOwned>(self) -> Call<T> {
        self.read_by(|body| json::read(&body.as_string()?))
    }

    /// `read` makes sense of the answer.
    pub(super) fn read_by<T>(self, read: fn(&JsValue) -> Option<T>) -> Call<T> {
        Call { request: self, read }
    }

    /// Nobody has any use for what the answer says.
    pub(super) fn done(self) -> Call<()> {
        Call { request: self, read: |_| Some(()) }
    }

    /// Asks for a file of this type, which may take its time, and keeps it as it came.
    pub(super) fn file(mut self, content_type: &'static str) -> Call<Blob> {
        self.headers.retain(|(name, _)| *name != "Accept");
        self.is_for_file = true;
        let request = self.header("Accept", content_type);
        Call { request, read: |body| body.dyn_ref().cloned() }
    }

    /// Sends it and tells a success, of which this is the body, from a refusal.
    pub(super) fn send<'a>(&'a self, token: Option<&'a AccessToken>) -> Sent<'a> {
        Box::pin(self.sent(token))
    }

    async fn sent(&self, token: Option<&AccessToken>) -> Result<JsValue, Failure> {
        let answer = self.fetch(token).await.map_err(|_| no_answer())?;
        let is_file = self.is_for_file && answer.ok();
        let body = if is_file { answer.blob() } else { answer.text() };
        let body = received(body).await.map_err(|_| no_answer())?;
        if answer.ok() {
            return Ok(body);
        }
        let retry_after =
            answer.headers().get("Retry-After").ok().flatten().and_then(|value| value.trim().parse().ok());
        match json::read::<Problem>(&body.as_string().unwrap_or_default()) {
            // The status line rules: a proxy may have replaced one and kept the other.
            Some(problem) if problem.status == answer.status() => {
                Err(Failure::Refused { problem, retry_after })
            }
            _ => Err(Failure::Unreachable),
        }
    }

    async fn fetch(&self, token: Option<&AccessToken>) -> Result<Response, JsValue> {
        let headers = Headers::new()?;
        for (name, value) in &self.headers {
            headers.set(name, value)?;
        }
        if let Some(token) = token {
            headers.set("Authorization", &["Bearer ", token.expose()].concat())?;
        }
        let timeout_ms = if self.is_for_file { FILE_TIMEOUT_MS } else { TIMEOUT_MS };
        let init = RequestInit::new();
        init.set_method(self.method);
        init.set_headers(&headers);
        init.set_credentials(RequestCredentials::SameOrigin);
        init.set_signal(Some(&AbortSignal::timeout_with_u32(timeout_ms)));
        if let Some(body) = &self.body {
            init.set_body(&body.into());
        }
        let window = web_sys::window().ok_or(JsValue::UNDEFINED)?;
        let mark = if self.query.is_empty() { "" } else { "?" };
        let url = [API, &self.path, mark, &self.query].concat();
        JsFuture::from(window.fetch_with_str_and_init(&url, &init)).await?.dyn_into()
    }
}

async fn received(body: Result<Promise, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(body?).await
}

fn no_answer() -> Failure {
    if page::is_online() { Failure::Unreachable } else { Failure::Offline }
}
