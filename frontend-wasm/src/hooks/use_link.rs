//! The secret of a link in a message.

use gloo_events::EventListener;
use yew::prelude::*;

use crate::browser::page;

/// The link that has led here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its number: another link may be followed in the same tab.
    pub number: u32,
    /// What stood behind `#`; empty where nothing did.
    pub secret: AttrValue,
}

/// Takes the secret out of the address, now and whenever another link is followed. Without one, `other`
/// may know it.
#[hook]
pub fn use_link(other: fn() -> Option<String>) -> UseStateHandle<Link> {
    let link = use_state(move || {
        let secret = page::take_fragment().or_else(other).unwrap_or_default();
        Link { number: 0, secret: secret.into() }
    });
    {
        let link = link.clone();
        use_effect_with((), move |()| {
            let listener = web_sys::window().map(|window| {
                EventListener::new(&window, "hashchange", move |_| {
                    // The link that skips to the content is none from a message.
                    if page::fragment().is_none_or(|it| it == "main") {
                        return;
                    }
                    let secret = page::take_fragment().unwrap_or_default().into();
                    link.set(Link { number: link.number + 1, secret });
                })
            });
            move || drop(listener)
        });
    }
    link
}
