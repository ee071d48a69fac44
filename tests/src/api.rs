//! A client of the API without a browser, as `curl` would be.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

use crate::{Error, Person, Result};

/// Longer than the server's own request timeout.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(45);

#[derive(Debug, Clone)]
pub struct ApiClient {
    http: Client,
    url: String,
}

#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Response {
    /// The header's value, or an empty string.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, or null.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The error code of a problem. Empty if the response is no problem, or if its body contradicts the
    /// status.
    #[must_use]
    pub fn problem(&self) -> String {
        let body = self.json();
        let is_problem =
            self.header("content-type") == "application/problem+json" && body["status"] == self.status;
        body["detail"].as_str().filter(|_| is_problem).unwrap_or_default().to_owned()
    }

    #[must_use]
    pub fn status_and_code(&self) -> (u16, String) {
        (self.status, self.problem())
    }

    /// A string field of the JSON body.
    pub fn field(&self, name: &str) -> Result<String> {
        let body = self.json();
        let member = body[name].as_str().map(str::to_owned);
        member.ok_or_else(|| {
            Error(format!("an answer with `{name}` was due, not {} {}", self.status, self.text()))
        })
    }
}

impl ApiClient {
    pub fn new(url: String) -> Result<Self> {
        let http = Client::builder()
            .no_proxy()
            // Reusing a connection that the server is about to close would fail.
            .pool_max_idle_per_host(0)
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http, url })
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str) -> Result<Response> {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Response> {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// Signs in and asks for the tokens in the body.
    pub async fn sign_in(&self, person: &Person) -> Result<Response> {
        self.post("/api/v1/auth/login/json", &json!({"email": person.email, "password": person.password}))
            .await
    }

    pub async fn refresh(&self, token: &str) -> Result<Response> {
        self.post("/api/v1/auth/refresh", &json!({"refresh_token": token})).await
    }

    /// Refreshes with an idempotency key, so that the request can be repeated.
    pub async fn refresh_with(&self, token: &str, idempotency_key: &str) -> Result<Response> {
        let request =
            self.request(Method::POST, "/api/v1/auth/refresh").header("idempotency-key", idempotency_key);
        send(request.json(&json!({"refresh_token": token}))).await
    }

    pub async fn sign_out(&self, token: &str) -> Result<Response> {
        self.post("/api/v1/auth/logout", &json!({"refresh_token": token})).await
    }

    pub async fn me(&self, access_token: &str) -> Result<Response> {
        send(self.request(Method::GET, "/api/v1/auth/me").bearer_auth(access_token)).await
    }
}

pub async fn send(request: RequestBuilder) -> Result<Response> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Response { status, headers, body: response.bytes().await?.to_vec() })
}
