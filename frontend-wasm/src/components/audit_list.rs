//! The entries of the audit trail, as sentences.

mod sentence;

use chrono::{DateTime, Utc};
use curfew_shared::audit::AuditEvent;
use yew::prelude::*;

pub use self::sentence::{kind_name, sentence};
use super::moment;

/// The entries, newest first: what happened, when, and from where. `now` is by the server's clock.
pub fn audit_list(events: &[AuditEvent], now: DateTime<Utc>) -> Html {
    html! {
        <ol id="audit-events" class="trail">
            { for events.iter().map(|event| html! {
                <li key={event.id.to_string()} data-kind={event.kind.as_str()}>
                    <span class="what">{ sentence(event) }</span>
                    <span class="where">
                        { moment(event.at, now.max(event.at)) }
                        if let Some(address) = &event.address {
                            <span class="address">{ format!("from {address}") }</span>
                        }
                    </span>
                </li>
            }) }
        </ol>
    }
}
