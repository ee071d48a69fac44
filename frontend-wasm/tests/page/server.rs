//! A stand-in for the server, at the place where the page calls `fetch`: for answers that the real
//! one gives rarely, or that get lost on their way. The journeys in `tests/` use the real one.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use chrono::{DateTime, TimeDelta, Utc};
use curfew_shared::{
    auth::{AccountSummary, MeResponse, Role, SessionSummary, TokenResponse, TokenType, UserSummary},
    error::{ErrorCode, FieldCode, FieldError, Problem},
    id::{AccountId, SessionId, UserId},
    route::{API, api},
};
use js_sys::{Function, Promise, Reflect, TypeError};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Request, Response, ResponseInit};

use super::fresh;
use curfew_frontend::browser::clock;

/// A request that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub body: String,
    pub bearer: Option<String>,
    pub idempotency_key: Option<String>,
}

/// How a request fares.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It is answered as if all were well.
    Well,
    /// It is answered with this.
    Says(serde_json::Value),
    /// It is refused.
    Refused(ErrorCode),
    /// It is refused for so many seconds.
    RefusedFor(ErrorCode, u32),
    /// It is refused for what stands in this field.
    Invalid(&'static str, &'static str),
    /// Its answer never arrives.
    Lost,
    /// It fares like this once the server is told to go on.
    Held(Box<Fate>),
}

/// Answers in place of the server until dropped. Tokens that it hands out are numbered.
pub struct Server {
    calls: Rc<RefCell<Vec<Call>>>,
    held: Rc<Held>,
    real_fetch: JsValue,
    _answer: Closure<dyn FnMut(Request) -> Promise>,
}

impl Server {
    /// `fate` decides on each call, given how many there were of the same path before.
    pub fn start(fate: impl Fn(&Call, usize) -> Fate + 'static) -> Self {
        fresh::begin();
        let calls = Rc::new(RefCell::new(Vec::new()));
        let held: Rc<Held> = Rc::default();
        let handed_out = Rc::new(Cell::new(0));
        let fate = Rc::new(fate);
        let answer = {
            let (calls, held) = (Rc::clone(&calls), Rc::clone(&held));
            Closure::new(move |request: Request| {
                let (calls, held, handed_out) = (Rc::clone(&calls), Rc::clone(&held), Rc::clone(&handed_out));
                let fate = Rc::clone(&fate);
                future_to_promise(async move {
                    let call = Call::read(&request).await;
                    let before = calls.borrow().iter().filter(|c: &&Call| c.path == call.path).count();
                    let (fate, is_held) = match fate(&call, before) {
                        Fate::Held(fate) => (*fate, true),
                        fate => (fate, false),
                    };
                    let answer = fate.answer(&call, &handed_out);
                    calls.borrow_mut().push(call);
                    if is_held {
                        let released = Promise::new(&mut |resolve, _| held.borrow_mut().push(resolve));
                        JsFuture::from(released).await?;
                    }
                    answer
                })
            })
        };
        let window = web_sys::window().unwrap();
        let real_fetch = Reflect::get(&window, &"fetch".into()).unwrap();
        Reflect::set(&window, &"fetch".into(), answer.as_ref()).unwrap();
        forget();
        {
            let (held, real_fetch) = (Rc::clone(&held), real_fetch.clone());
            fresh::after_test(move || stop(&held, &real_fetch));
        }
        Self { calls, held, real_fetch, _answer: answer }
    }

    /// How many requests there were so far.
    pub fn count(&self) -> usize {
        self.calls.borrow().len()
    }

    /// Lets go on what is held.
    pub fn go_on(&self) {
        go_on(&self.held);
    }

    /// The requests so far whose path begins so.
    pub fn calls_below(&self, path: &str) -> Vec<Call> {
        self.calls.borrow().iter().filter(|call| call.path.starts_with(path)).cloned().collect()
    }

    /// The requests of this path so far.
    pub fn calls(&self, path: &str) -> Vec<Call> {
        self.calls.borrow().iter().filter(|call| call.path == path).cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop(&self.held, &self.real_fetch);
        forget();
    }
}

type Held = RefCell<Vec<Function>>;

fn stop(held: &Held, real_fetch: &JsValue) {
    let window = web_sys::window().unwrap();
    Reflect::set(&window, &"fetch".into(), real_fetch).unwrap();
    // Nobody waits for ever, least of all with a lock.
    go_on(held);
}

fn go_on(held: &Held) {
    for release in held.take() {
        release.call0(&JsValue::UNDEFINED).unwrap();
    }
}

impl Fate {
    /// The response, or the error that `fetch` rejects with.
    fn answer(self, call: &Call, handed_out: &Cell<u32>) -> Result<JsValue, JsValue> {
        let response = match self {
            Self::Lost => return Err(TypeError::new("Failed to fetch").into()),
            Self::Says(words) => json(200, &words),
            Self::Refused(code) => json(code.status(), &Problem::new(code, vec![])),
            Self::RefusedFor(code, seconds) => {
                let response = json(code.status(), &Problem::new(code, vec![]));
                response.headers().set("Retry-After", &seconds.to_string()).unwrap();
                response
            }
            Self::Invalid(field, message) => {
                let code = ErrorCode::ValidationFailed;
                let errors = vec![FieldError::new(field, FieldCode::Malformed, message)];
                json(code.status(), &Problem::new(code, errors))
            }
            Self::Well if call.path == api::ME => json(200, &me(clock::now())),
            Self::Well if call.path == api::LOGOUT => Response::new().unwrap(),
            Self::Well | Self::Held(_) => {
                handed_out.set(handed_out.get() + 1);
                json(200, &tokens(&access_token(handed_out.get()), FAR, clock::now()))
            }
        };
        Ok(response.into())
    }
}

impl Call {
    async fn read(request: &Request) -> Self {
        let origin = web_sys::window().unwrap().location().origin().unwrap();
        let url = request.url();
        let header = |name: &str| request.headers().get(name).unwrap();
        let body = JsFuture::from(request.text().unwrap()).await.unwrap();
        Self {
            method: request.method(),
            path: url.strip_prefix(&origin).unwrap().strip_prefix(API).unwrap().to_owned(),
            body: body.as_string().unwrap(),
            bearer: header("Authorization"),
            idempotency_key: header("Idempotency-Key"),
        }
    }
}

fn forget() {
    let window = web_sys::window().unwrap();
    window.local_storage().unwrap().unwrap().clear().unwrap();
    window.session_storage().unwrap().unwrap().clear().unwrap();
}

fn json(status: u16, body: &impl serde::Serialize) -> Response {
    let init = ResponseInit::new();
    init.set_status(status);
    Response::new_with_opt_str_and_init(Some(&serde_json::to_string(body).unwrap()), &init).unwrap()
}

/// The session of everybody whom this server signs in.
pub const SESSION: SessionId = SessionId(Uuid::from_u128(3));

/// Who is signed in.
pub fn me(now: DateTime<Utc>) -> MeResponse {
    MeResponse {
        user: UserSummary {
            id: UserId(Uuid::from_u128(1)),
            email: "ada@example.com".into(),
            name: "Ada".into(),
            role: Role::Owner,
            has_password: true,
        },
        account: AccountSummary { id: AccountId(Uuid::from_u128(2)), name: "Example".into() },
        session: SessionSummary {
            id: SESSION,
            auth_time: now,
            idle_expires_at: now + TimeDelta::minutes(15),
            absolute_expires_at: now + TimeDelta::hours(1),
        },
        server_time: now,
    }
}

/// How long a session lasts without use, and in all.
pub type Windows = (TimeDelta, TimeDelta);

/// The windows of who is not about to be signed out.
pub const FAR: Windows = (TimeDelta::minutes(15), TimeDelta::hours(1));

/// What a refresh hands out.
pub fn tokens(access_token: &str, (idle, absolute): Windows, now: DateTime<Utc>) -> TokenResponse {
    TokenResponse {
        access_token: access_token.into(),
        refresh_token: None,
        token_type: TokenType::Bearer,
        expires_in: 300,
        idle_expires_at: now + idle,
        absolute_expires_at: now + absolute,
        server_time: now,
    }
}

/// The access token that is handed out as the `number`th.
pub fn access_token(number: u32) -> String {
    let claims = format!(r#"{{"sid":"{SESSION}"}}"#);
    token_of(&claims, number)
}

/// An access token with these claims.
pub fn token_of(claims: &str, number: u32) -> String {
    let encode = |json: &str| -> String {
        let window = web_sys::window().unwrap();
        let btoa: Function = Reflect::get(&window, &"btoa".into()).unwrap().unchecked_into();
        btoa.call1(&window, &json.into()).unwrap().as_string().unwrap().replace('=', "")
    };
    format!("e30.{}.{number}", encode(claims))
}
