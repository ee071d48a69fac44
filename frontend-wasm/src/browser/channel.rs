//! A broadcast channel: what one tab posts, every other tab of the origin hears. Memory only.

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{BroadcastChannel, MessageEvent};

/// One end of a channel, open for as long as this lives.
#[derive(Debug)]
pub struct Channel {
    inner: Option<BroadcastChannel>,
}

impl Channel {
    /// Joins the channel called `name`. In a browser without channels nothing is heard.
    #[must_use]
    pub fn open(name: &str) -> Self {
        Self { inner: BroadcastChannel::new(name).ok() }
    }

    /// Tells all other ends.
    pub fn post(&self, text: &str) {
        if let Some(channel) = &self.inner {
            // Fails only once closed.
            let _ = channel.post_message(&text.into());
        }
    }

    /// Hears all other ends until the answer is dropped.
    #[must_use]
    pub fn listen(&self, on_message: impl Fn(&str) + 'static) -> Option<EventListener> {
        let channel = self.inner.as_ref()?;
        Some(EventListener::new(channel, "message", move |event| {
            let text = event.dyn_ref::<MessageEvent>().and_then(|message| message.data().as_string());
            if let Some(text) = text {
                on_message(&text);
            }
        }))
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if let Some(channel) = &self.inner {
            channel.close();
        }
    }
}
