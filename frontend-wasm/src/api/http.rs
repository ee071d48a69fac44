//! One request and its answer: fetch with a time-out, JSON both ways, problems told apart from silence.

use curfew_shared::{error::Problem, route::API};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestCredentials, RequestInit, Response};

use super::Failure;
use crate::{browser::page, store::auth::AccessToken};

/// How long an answer may take, in milliseconds.
const TIMEOUT_MS: u32 = 10_000;

/// A request of the API, yet to be sent.
#[derive(Debug)]
pub(super) struct Request {
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl Request {
    pub(super) fn get(path: &'static str) -> Self {
        Self { method: "GET", path, headers: vec![("Accept", "application/json".into())], body: None }
    }

    pub(super) fn post(path: &'static str, body: &impl Serialize) -> Self {
        // Our own request types always serialize; were one not to, the server would refuse the rest.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self { method: "POST", body: Some(body), ..Self::get(path) }
            .header("Content-Type", "application/json")
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

    async fn text(self) -> Result<String, Failure> {
        let answer = self.fetch().await.map_err(|_| no_answer())?;
        let retry_after =
            answer.headers().get("Retry-After").ok().flatten().and_then(|value| value.trim().parse().ok());
        let text = read(&answer).await.map_err(|_| no_answer())?;
        if answer.ok() {
            return Ok(text);
        }
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
        init.set_signal(Some(&AbortSignal::timeout_with_u32(TIMEOUT_MS)));
        if let Some(body) = &self.body {
            init.set_body(&body.into());
        }
        let window = web_sys::window().ok_or(JsValue::UNDEFINED)?;
        let url = format!("{API}{}", self.path);
        JsFuture::from(window.fetch_with_str_and_init(&url, &init)).await?.dyn_into()
    }
}

async fn read(answer: &Response) -> Result<String, JsValue> {
    Ok(JsFuture::from(answer.text()?).await?.as_string().unwrap_or_default())
}

fn no_answer() -> Failure {
    if page::is_online() { Failure::Unreachable } else { Failure::Offline }
}
