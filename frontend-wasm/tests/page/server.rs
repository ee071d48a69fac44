//! A stand-in for the server, at the place where the page calls `fetch`: for answers that the real
//! one gives rarely, or that get lost on their way. The journeys in `tests/` use the real one.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use chrono::{DateTime, TimeDelta, Utc};
use curfew_frontend::browser::clock;
use curfew_shared::{
    auth::{AccountSummary, MeResponse, Role, SessionSummary, TokenResponse, TokenType, UserSummary},
    error::{ErrorCode, Problem},
    id::{AccountId, SessionId, UserId},
    route::{API, api},
};
use js_sys::{Function, Promise, Reflect};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{Headers, RequestInit, Response, ResponseInit};

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
    /// Its answer never arrives.
    Lost,
}

/// Answers in place of the server until dropped. Tokens that it hands out are numbered.
pub struct Server {
    calls: Rc<RefCell<Vec<Call>>>,
    real_fetch: JsValue,
    _answer: Closure<dyn FnMut(String, RequestInit) -> Promise>,
}

impl Server {
    /// `fate` decides on each call, given how many there were of the same path before.
    pub fn start(fate: impl Fn(&Call, usize) -> Fate + 'static) -> Self {
        let calls = Rc::new(RefCell::new(Vec::new()));
        let handed_out = Cell::new(0);
        let answer = {
            let calls = Rc::clone(&calls);
            Closure::new(move |url: String, init: RequestInit| {
                let call = Call::read(&url, &init);
                let before = calls.borrow().iter().filter(|c: &&Call| c.path == call.path).count();
                let fate = fate(&call, before);
                let answer = match fate {
                    Fate::Lost => Err(JsValue::from("lost")),
                    Fate::Says(words) => Ok(json(200, &words)),
                    Fate::Refused(code) => Ok(json(code.status(), &Problem::new(code, vec![]))),
                    Fate::Well if call.path == api::ME => Ok(json(200, &me(clock::now()))),
                    Fate::Well if call.path == api::LOGOUT => Ok(Response::new().unwrap()),
                    Fate::Well => {
                        handed_out.set(handed_out.get() + 1);
                        Ok(json(200, &tokens(handed_out.get(), clock::now())))
                    }
                };
                calls.borrow_mut().push(call);
                match answer {
                    Ok(answer) => Promise::resolve(&JsValue::from(answer)),
                    Err(reason) => Promise::reject(&reason),
                }
            })
        };
        let window = web_sys::window().unwrap();
        let real_fetch = Reflect::get(&window, &"fetch".into()).unwrap();
        Reflect::set(&window, &"fetch".into(), answer.as_ref()).unwrap();
        window.local_storage().unwrap().unwrap().clear().unwrap();
        Self { calls, real_fetch, _answer: answer }
    }

    /// The requests of this path so far.
    pub fn calls(&self, path: &str) -> Vec<Call> {
        self.calls.borrow().iter().filter(|call| call.path == path).cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let window = web_sys::window().unwrap();
        Reflect::set(&window, &"fetch".into(), &self.real_fetch).unwrap();
        window.local_storage().unwrap().unwrap().clear().unwrap();
    }
}

impl Call {
    fn read(url: &str, init: &RequestInit) -> Self {
        let header = |name: &str| {
            let headers: Headers = Reflect::get(init, &"headers".into()).unwrap().unchecked_into();
            headers.get(name).unwrap()
        };
        Self {
            method: Reflect::get(init, &"method".into()).unwrap().as_string().unwrap(),
            path: url.strip_prefix(API).unwrap().to_owned(),
            body: Reflect::get(init, &"body".into()).unwrap().as_string().unwrap_or_default(),
            bearer: header("Authorization"),
            idempotency_key: header("Idempotency-Key"),
        }
    }
}

fn json(status: u16, body: &impl serde::Serialize) -> Response {
    let init = ResponseInit::new();
    init.set_status(status);
    Response::new_with_opt_str_and_init(Some(&serde_json::to_string(body).unwrap()), &init).unwrap()
}

/// The session of everybody whom this server signs in.
pub const SESSION: SessionId = SessionId(Uuid::from_u128(3));

fn me(now: DateTime<Utc>) -> MeResponse {
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

fn tokens(number: u32, now: DateTime<Utc>) -> TokenResponse {
    TokenResponse {
        access_token: access_token(number),
        refresh_token: None,
        token_type: TokenType::Bearer,
        expires_in: 300,
        idle_expires_at: now + TimeDelta::minutes(15),
        absolute_expires_at: now + TimeDelta::hours(1),
        server_time: now,
    }
}

/// The access token that is handed out as the `number`th.
pub fn access_token(number: u32) -> String {
    let encode = |json: String| -> String {
        let window = web_sys::window().unwrap();
        let btoa: Function = Reflect::get(&window, &"btoa".into()).unwrap().unchecked_into();
        btoa.call1(&window, &json.into()).unwrap().as_string().unwrap().replace('=', "")
    };
    format!("e30.{}.{number}", encode(format!(r#"{{"sid":"{SESSION}"}}"#)))
}
