//! Who is signed in to the account, counted again when asked.

use std::rc::Rc;

use curfew_shared::security::{ActiveUser, SecurityResponse};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    api::security,
    session::{client::Client, use_client::use_client},
};

/// The people who are signed in. The list may be shorter than the count.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveUsersState {
    pub users: Vec<ActiveUser>,
    pub count: u64,
}

impl ActiveUsersState {
    fn new(response: SecurityResponse) -> Self {
        Self { users: response.active_users, count: response.active_user_count }
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
struct State {
    active: Option<ActiveUsersState>,
    /// The number of the latest request.
    request: u32,
}

enum Action {
    Loaded(SecurityResponse),
    Start,
    Finish {
        request: u32,
        response: Option<SecurityResponse>,
    },
    /// Everyone but the caller was signed out.
    OthersRevoked,
}

impl State {
    fn next(self, action: Action) -> Self {
        match action {
            Action::Loaded(response) => Self { active: Some(ActiveUsersState::new(response)), ..self },
            Action::Start => Self { request: self.request + 1, ..self },
            // Only the response to the latest request counts.
            Action::Finish { request, response: Some(response) } if request == self.request => {
                Self { active: Some(ActiveUsersState::new(response)), ..self }
            }
            Action::Finish { .. } => self,
            Action::OthersRevoked => {
                let active = self.active.map(|ActiveUsersState { mut users, .. }| {
                    users.retain(|user| user.is_caller);
                    ActiveUsersState { users, count: 1 }
                });
                Self { active, ..self }
            }
        }
    }
}

impl Reducible for State {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        Rc::new((*self).clone().next(action))
    }
}

/// Who is signed in.
#[derive(Clone)]
pub struct ActiveUsersHandle {
    client: Client,
    state: UseReducerHandle<State>,
}

impl ActiveUsersHandle {
    pub fn get(&self) -> Option<&ActiveUsersState> {
        self.state.active.as_ref()
    }

    pub fn loaded(&self, response: SecurityResponse) {
        self.state.dispatch(Action::Loaded(response));
    }

    pub fn others_revoked(&self) {
        self.state.dispatch(Action::OthersRevoked);
    }

    /// Counts again. After a failure the old list stays.
    pub fn recount(&self) {
        self.state.dispatch(Action::Start);
        let (client, state, request) = (self.client.clone(), self.state.clone(), self.state.request);
        spawn_local(async move {
            let response = client.send_passively(security::security()).await.ok();
            state.dispatch(Action::Finish { request, response });
        });
    }
}

/// Who is signed in; nothing until it is loaded.
#[hook]
pub fn use_active_users() -> ActiveUsersHandle {
    ActiveUsersHandle { client: use_client(), state: use_reducer_eq(State::default) }
}
