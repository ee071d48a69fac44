//! A broadcast channel: every other tab of the origin receives the messages of one. They are never stored.

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{BroadcastChannel, MessageEvent};

/// One end of a channel, open for as long as this lives.
#[derive(Debug)]
pub struct Channel {
    inner: Option<BroadcastChannel>,
}

impl Channel {
    /// Opens the channel called `name`. In a browser without channels nothing is received.
    pub fn open(name: &str) -> Self {
        Self { inner: BroadcastChannel::new(name).ok() }
    }

    /// Sends a message to all other ends.
    pub fn post(&self, text: &str) {
        if let Some(channel) = &self.inner {
            // Fails only once it is closed.
            let _ = channel.post_message(&text.into());
        }
    }

    /// Receives messages until the listener is dropped.
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
