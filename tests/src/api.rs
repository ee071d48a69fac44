//! A client of the API without a browser, as `curl` would be.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

use crate::{Error, Person, Result};

/// Longer than the server gives any request.
const TIMEOUT: Duration = Duration::from_secs(45);

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Api {
    http: Client,
    url: String,
}

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The machine word of a problem; empty if this is none, or one that contradicts its own status.
    #[must_use]
    pub fn problem(&self) -> String {
        let body = self.json();
        let is_problem =
            self.header("content-type") == "application/problem+json" && body["status"] == self.status;
        body["detail"].as_str().filter(|_| is_problem).unwrap_or_default().to_owned()
    }

    /// Status and machine word, to compare at once.
    #[must_use]
    pub fn refusal(&self) -> (u16, String) {
        (self.status, self.problem())
    }

    /// A text member of the JSON body.
    ///
    /// # Errors
    ///
    /// When there is none; with what was answered instead.
    pub fn member(&self, name: &str) -> Result<String> {
        let body = self.json();
        let member = body[name].as_str().map(str::to_owned);
        member.ok_or_else(|| {
            Error(format!("an answer with `{name}` was due, not {} {}", self.status, self.text()))
        })
    }
}

impl Api {
    /// A client of the server at `url`.
    ///
    /// # Errors
    ///
    /// When the client cannot be made.
    pub fn new(url: String) -> Result<Self> {
        let http = Client::builder()
            .no_proxy()
            // A connection that the server is about to close is nobody's.
            .pool_max_idle_per_host(0)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http, url })
    }

    /// A request that is yet to be sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// Fetches `path`.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        send(self.request(Method::GET, path)).await
    }

    /// Posts JSON to `path`.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// Signs in, with the tokens in the body.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn sign_in(&self, person: &Person) -> Result<Answer> {
        self.post("/api/v1/auth/login/json", &json!({"email": person.email, "password": person.password}))
            .await
    }

    /// Exchanges a refresh token.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn refresh(&self, token: &str) -> Result<Answer> {
        self.post("/api/v1/auth/refresh", &json!({"refresh_token": token})).await
    }

    /// Exchanges a refresh token in a way that can be repeated.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn refresh_with(&self, token: &str, idempotency_key: &str) -> Result<Answer> {
        let request =
            self.request(Method::POST, "/api/v1/auth/refresh").header("idempotency-key", idempotency_key);
        send(request.json(&json!({"refresh_token": token}))).await
    }

    /// Ends a session.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn sign_out(&self, token: &str) -> Result<Answer> {
        self.post("/api/v1/auth/logout", &json!({"refresh_token": token})).await
    }

    /// Asks who is signed in.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn me(&self, access_token: &str) -> Result<Answer> {
        send(self.request(Method::GET, "/api/v1/auth/me").bearer_auth(access_token)).await
    }
}

/// Sends a request and reads the whole answer.
///
/// # Errors
///
/// When there is no answer.
pub async fn send(request: RequestBuilder) -> Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
}
