//! The entries of the audit trail, as sentences.

mod sentence;

use chrono::{DateTime, Utc};
use curfew_shared::{audit::AuditEvent, id::UserId};
use yew::prelude::*;

pub use self::sentence::{kind_name, sentence};
use super::{KnownPerson, Moment};

/// Props of [`AuditList`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct AuditListProps {
    /// The entries, newest first.
    pub events: Vec<AuditEvent>,
    /// Who is known by name.
    #[prop_or_default]
    pub people: Vec<KnownPerson>,
    /// Now, by the server's clock.
    pub now: DateTime<Utc>,
}

/// The entries: what happened, when, and from where.
#[component]
pub fn AuditList(props: &AuditListProps) -> Html {
    let name_of =
        |id: UserId| props.people.iter().find(|person| person.id == id).map(|person| person.name.clone());
    html! {
        <ol id="audit-events" class="trail">
            { for props.events.iter().map(|event| html! {
                <li key={event.id.to_string()} data-kind={event.kind.as_str()}>
                    <span class="what">{ sentence(event, name_of) }</span>
                    <span class="where">
                        <Moment at={event.at} now={props.now} />
                        if let Some(address) = &event.address {
                            <span class="address">{ format!("from {address}") }</span>
                        }
                    </span>
                </li>
            }) }
        </ol>
    }
}
