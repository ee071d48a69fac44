//! What the tabs of one browser tell each other, so that they stay in step. Memory only.

use std::rc::Rc;

use chrono::{DateTime, Utc};
use curfew_shared::id::SessionId;
use gloo_events::EventListener;
use serde::{Deserialize, Serialize};

use super::auth::{AuthAction, Session, SignOut};
use crate::browser::channel::Channel;

const CHANNEL: &str = "curfew.session";

/// Something that one tab learnt and all should know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum News {
    /// A session began or was refreshed.
    SignedIn(Box<Session>),
    /// A session is over.
    Ended {
        /// Why.
        reason: SignOut,
        /// Which one.
        session: SessionId,
    },
    /// Nobody wants to be warned of this deadline any more.
    Unwarned {
        /// Which.
        deadline: DateTime<Utc>,
    },
}

impl From<News> for AuthAction {
    fn from(news: News) -> Self {
        match news {
            News::SignedIn(session) => Self::SignedIn(session),
            News::Ended { reason, session } => Self::Ended { reason, session: Some(session) },
            News::Unwarned { deadline } => Self::Unwarned { deadline },
        }
    }
}

/// The other tabs.
#[derive(Debug, Clone)]
pub struct Tabs(Rc<Channel>);

impl Tabs {
    /// Joins the other tabs.
    #[must_use]
    pub fn join() -> Self {
        Self(Rc::new(Channel::open(CHANNEL)))
    }

    /// Tells the other tabs.
    pub fn tell(&self, news: &News) {
        if let Ok(text) = serde_json::to_string(news) {
            self.0.post(&text);
        }
    }

    /// Hears the other tabs until the answer is dropped. What a tab of another version says and this
    /// one does not understand is ignored.
    #[must_use]
    pub fn listen(&self, on_news: impl Fn(News) + 'static) -> Option<EventListener> {
        self.0.listen(move |text| {
            if let Ok(news) = serde_json::from_str(text) {
                on_news(news);
            }
        })
    }
}
