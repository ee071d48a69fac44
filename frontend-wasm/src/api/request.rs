//! One request and its response, through `gloo-net`: a timeout, JSON both ways, refusals told apart from silence.

use curfew_shared::{error::Problem, route::API};
use gloo_net::http::{Method, RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, RequestCredentials};

use super::{access_token::AccessToken, failure::Failure};
use crate::browser::dom;

/// How long a response may take, in milliseconds.
const TIMEOUT_MS: u32 = 10_000;

/// How long a file may take, in milliseconds.
const FILE_TIMEOUT_MS: u32 = 300_000;

/// A call of the API: the request, and how to read its response.
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct Call<T> {
    request: Request,
    decode: fn(Body) -> Option<T>,
}

impl<T> Call<T> {
    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// Reads the body of a successful response.
    pub(crate) fn decode(&self, body: Body) -> Result<T, Failure> {
        // A success that cannot be read is not from Curfew: a captive portal, say.
        (self.decode)(body).ok_or(Failure::Unreachable)
    }

    /// Sends the request and reads the response.
    pub(crate) async fn send(&self, token: Option<&AccessToken>) -> Result<T, Failure> {
        self.decode(self.request.send(token).await?)
    }
}

/// Sends a call that needs no access token.
pub async fn send<T>(call: Call<T>) -> Result<T, Failure> {
    call.send(None).await
}

/// The body of a successful response.
#[derive(Debug)]
pub(crate) enum Body {
    Text(String),
    File(Blob),
}

/// A request that has not been sent yet.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    accept: &'static str,
    idempotency_key: Option<Uuid>,
    json: Option<String>,
    is_for_file: bool,
}

impl Request {
    pub(super) fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn post(path: &str, body: &impl Serialize) -> Self {
        Self::new(Method::POST, path).json_body(body)
    }

    pub(super) fn patch(path: &str, body: &impl Serialize) -> Self {
        Self::new(Method::PATCH, path).json_body(body)
    }

    pub(super) fn delete(path: &str) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub(super) fn post_without_body(path: &str) -> Self {
        Self::new(Method::POST, path)
    }

    /// A path with the value of its one parameter: `/sessions/{id}` and an id.
    pub(super) fn path(template: &str, parameter: &str, value: impl std::fmt::Display) -> String {
        template.replace(parameter, &value.to_string())
    }

    fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            query: Vec::new(),
            accept: "application/json",
            idempotency_key: None,
            json: None,
            is_for_file: false,
        }
    }

    fn json_body(self, body: &impl Serialize) -> Self {
        // Our own request types always serialize; were one not to, the server would refuse the request.
        Self { json: Some(serde_json::to_string(body).unwrap_or_default()), ..self }
    }

    /// Asks for the page of a list that begins at `cursor`.
    pub(super) fn page(self, cursor: Option<impl std::fmt::Display>) -> Self {
        self.query(cursor.map(|cursor| ("cursor", cursor.to_string())).into_iter().collect())
    }

    /// Adds a query string. It must hold no secret, since addresses are logged.
    pub(super) fn query(self, query: Vec<(&'static str, String)>) -> Self {
        Self { query, ..self }
    }

    pub(super) fn idempotency_key(self, key: Uuid) -> Self {
        Self { idempotency_key: Some(key), ..self }
    }

    /// Reads the response as JSON.
    pub(super) fn json<T: DeserializeOwned>(self) -> Call<T> {
        Call { request: self, decode: decode_json }
    }

    /// Ignores the body of a successful response.
    pub(super) fn no_content(self) -> Call<()> {
        Call { request: self, decode: |_| Some(()) }
    }

    /// Asks for a file of this type, which may take its time.
    pub(super) fn file(self, content_type: &'static str) -> Call<Blob> {
        Call {
            request: Self { accept: content_type, is_for_file: true, ..self },
            decode: |body| match body {
                Body::File(blob) => Some(blob),
                Body::Text(_) => None,
            },
        }
    }

    /// Sends the request. Returns the body of a success.
    pub(crate) async fn send(&self, token: Option<&AccessToken>) -> Result<Body, Failure> {
        let response = self.fetch(token).await.ok_or_else(no_response)?;
        if response.ok() {
            return self.read(response).await.ok_or_else(no_response);
        }
        let retry_after = response.headers().get("Retry-After").and_then(|value| value.trim().parse().ok());
        let status = response.status();
        let text = response.text().await.map_err(|_| no_response())?;
        match serde_json::from_str::<Problem>(&text) {
            // The status line rules: a proxy may have replaced one and kept the other.
            Ok(problem) if problem.status == status => Err(Failure::Refused { problem, retry_after }),
            _ => Err(Failure::Unreachable),
        }
    }

    async fn fetch(&self, token: Option<&AccessToken>) -> Option<Response> {
        let timeout_ms = if self.is_for_file { FILE_TIMEOUT_MS } else { TIMEOUT_MS };
        let mut builder = RequestBuilder::new(&[API, &self.path].concat())
            .method(self.method.clone())
            .query(self.query.iter().map(|(name, value)| (*name, value)))
            .header("Accept", self.accept)
            .credentials(RequestCredentials::SameOrigin)
            // gloo-net panics on a rejection that is no `Error`; this one is a `DOMException`, which is one.
            .abort_signal(Some(&AbortSignal::timeout_with_u32(timeout_ms)));
        if let Some(token) = token {
            builder = builder.header("Authorization", &["Bearer ", token.expose()].concat());
        }
        if let Some(key) = self.idempotency_key {
            builder = builder.header("Idempotency-Key", &key.to_string());
        }
        let request = match &self.json {
            Some(json) => builder.header("Content-Type", "application/json").body(json),
            None => builder.build(),
        };
        request.ok()?.send().await.ok()
    }

    async fn read(&self, response: Response) -> Option<Body> {
        if !self.is_for_file {
            return response.text().await.ok().map(Body::Text);
        }
        // gloo-net would copy the file into the memory of the page.
        let blob = web_sys::Response::from(response).blob().ok()?;
        JsFuture::from(blob).await.ok()?.dyn_into().ok().map(Body::File)
    }
}

fn decode_json<T: DeserializeOwned>(body: Body) -> Option<T> {
    match body {
        Body::Text(text) => serde_json::from_str(&text).ok(),
        Body::File(_) => None,
    }
}

fn no_response() -> Failure {
    if dom::is_online() { Failure::Unreachable } else { Failure::Offline }
}
