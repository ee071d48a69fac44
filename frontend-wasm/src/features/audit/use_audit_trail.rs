//! The entries that match a filter, as far as they are loaded.

use std::rc::Rc;

use curfew_shared::{
    audit::{AuditEvent, AuditPage, AuditQuery},
    id::{AuditEventId, UserId},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::filter::Filter;
use crate::{
    api::{audit, failure::Failure},
    browser::collation,
    session::{client::Client, use_client::use_client},
};

/// A person who did something in an entry that was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPerson {
    pub id: UserId,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    Busy,
    Done,
    Failed(Failure),
}

/// The entries that are loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditTrail {
    pub events: Vec<AuditEvent>,
    pub next_cursor: Option<AuditEventId>,
    /// The people who can be chosen, by name.
    pub people: Vec<KnownPerson>,
    pub status: Status,
    /// The number of the latest request.
    request: u32,
}

pub enum Action {
    /// Asks for the first page.
    Start,
    /// Asks for the next page.
    StartMore,
    Finish {
        request: u32,
        result: Result<AuditPage, Failure>,
    },
    /// Nothing can match.
    Clear,
}

impl AuditTrail {
    fn next(self, action: Action) -> Self {
        let empty = |trail: Self, status| Self {
            events: Vec::new(),
            next_cursor: None,
            status,
            request: trail.request + 1,
            ..trail
        };
        match action {
            Action::Start => empty(self, Status::Busy),
            Action::StartMore => Self { status: Status::Busy, request: self.request + 1, ..self },
            // Only the response to the latest request counts.
            Action::Finish { request, .. } if request != self.request => self,
            Action::Finish { result: Ok(page), .. } => {
                let people = with_actors(self.people, &page.events);
                let events = [self.events, page.events].concat();
                Self { events, people, next_cursor: page.next_cursor, status: Status::Done, ..self }
            }
            Action::Finish { result: Err(failure), .. } => Self { status: Status::Failed(failure), ..self },
            Action::Clear => empty(self, Status::Done),
        }
    }

    pub fn is_busy(&self) -> bool {
        self.status == Status::Busy
    }

    /// Whether there is more to load. A failure has to be retried first.
    pub fn has_more(&self) -> bool {
        self.next_cursor.is_some() && !matches!(self.status, Status::Failed(_))
    }
}

impl Reducible for AuditTrail {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        Rc::new((*self).clone().next(action))
    }
}

/// Adds the people who did something in `events`, by name.
fn with_actors(mut people: Vec<KnownPerson>, events: &[AuditEvent]) -> Vec<KnownPerson> {
    for actor in events.iter().filter_map(|event| event.actor.as_ref()) {
        let name = actor.name.clone().or_else(|| actor.email.clone());
        if let Some(name) = name.filter(|_| people.iter().all(|person| person.id != actor.user_id)) {
            let place =
                people.partition_point(|person| collation::locale_compare(&person.name, &name).is_le());
            people.insert(place, KnownPerson { id: actor.user_id, name });
        }
    }
    people
}

/// Loads the entries that match `filter`, again whenever it changes. Returns them and a callback that loads more, or
/// retries what has failed.
#[hook]
pub fn use_audit_trail(filter: &Filter) -> (UseReducerHandle<AuditTrail>, Callback<()>) {
    let client = use_client();
    let trail = use_reducer(|| AuditTrail {
        events: Vec::new(),
        next_cursor: None,
        people: Vec::new(),
        status: Status::Busy,
        request: 0,
    });
    {
        let (client, trail) = (client.clone(), trail.clone());
        use_effect_with(filter.clone(), move |filter| {
            if filter.is_backwards() {
                trail.dispatch(Action::Clear);
            } else {
                trail.dispatch(Action::Start);
                fetch(client, trail, filter.query());
            }
        });
    }
    let on_load_more = {
        let (trail, filter) = (trail.clone(), filter.clone());
        Callback::from(move |()| {
            if !trail.is_busy() {
                let cursor = trail.next_cursor;
                trail.dispatch(Action::StartMore);
                fetch(client.clone(), trail.clone(), AuditQuery { cursor, ..filter.query() });
            }
        })
    };
    (trail, on_load_more)
}

fn fetch(client: Client, trail: UseReducerHandle<AuditTrail>, query: AuditQuery) {
    let request = trail.request;
    spawn_local(async move {
        let result = client.send(audit::audit_events(&query)).await;
        trail.dispatch(Action::Finish { request, result });
    });
}
