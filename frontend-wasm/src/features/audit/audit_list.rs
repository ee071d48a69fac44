//! The entries of the audit trail.

use chrono::{DateTime, Utc};
use curfew_shared::audit::AuditEvent;
use yew::prelude::*;

use super::sentence::sentence;
use crate::ui::timestamp::timestamp;

/// Props of [`AuditList`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct AuditListProps {
    /// Newest first.
    pub events: Vec<AuditEvent>,
    /// The server's clock.
    pub now: DateTime<Utc>,
}

/// The entries: what happened, when, and from where.
#[component]
pub fn AuditList(props: &AuditListProps) -> Html {
    html! {
        <ol id="audit-events" class="trail">
            { for props.events.iter().map(|event| html! {
                <li key={event.id.to_string()} data-kind={event.kind.as_str()}>
                    <span class="what">{ sentence(event) }</span>
                    <span class="where">
                        { timestamp(event.at, props.now.max(event.at)) }
                        if let Some(address) = &event.address {
                            <span class="address">{ format!("from {address}") }</span>
                        }
                    </span>
                </li>
            }) }
        </ol>
    }
}
