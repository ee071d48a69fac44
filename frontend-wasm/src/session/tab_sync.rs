//! Messages between the tabs of one browser, so that all show the same session. They are never stored.

use std::rc::Rc;

use chrono::{DateTime, Utc};
use curfew_shared::id::SessionId;
use gloo_events::EventListener;
use serde::{Deserialize, Serialize};

use super::auth_state::{AuthAction, Session, SignOutReason};
use crate::browser::channel::Channel;

const CHANNEL: &str = "curfew.session";

/// Something that one tab learnt and all others need to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum TabMessage {
    /// A session began or was refreshed.
    SignedIn(Box<Session>),
    /// A session ended.
    Ended { reason: SignOutReason, session: SessionId },
    /// The warning of this deadline was dismissed.
    WarningDismissed { deadline: DateTime<Utc> },
}

impl From<TabMessage> for AuthAction {
    fn from(message: TabMessage) -> Self {
        match message {
            TabMessage::SignedIn(session) => Self::SignedIn(session),
            TabMessage::Ended { reason, session } => Self::Ended { reason, session: Some(session) },
            TabMessage::WarningDismissed { deadline } => Self::WarningDismissed { deadline },
        }
    }
}

/// The connection to the other tabs.
#[derive(Debug, Clone)]
pub struct TabSync(Rc<Channel>);

impl TabSync {
    pub fn open() -> Self {
        Self(Rc::new(Channel::open(CHANNEL)))
    }

    /// Sends a message to the other tabs.
    pub fn broadcast(&self, message: &TabMessage) {
        if let Ok(text) = serde_json::to_string(message) {
            self.0.post(&text);
        }
    }

    /// Receives messages until the listener is dropped. A message that cannot be read, from a tab with another
    /// version of the page, is ignored.
    #[must_use]
    pub fn subscribe(&self, on_message: impl Fn(TabMessage) + 'static) -> Option<EventListener> {
        self.0.listen(move |text| {
            if let Ok(message) = serde_json::from_str(text) {
                on_message(message);
            }
        })
    }
}
