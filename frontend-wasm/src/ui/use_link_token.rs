//! The secret in the link that opened the page.

use gloo_events::EventListener;
use yew::prelude::*;

use crate::browser::dom;

/// The link that opened the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkToken {
    /// Counts the links that were followed in this tab.
    pub number: u32,
    /// The fragment; empty if there was none.
    pub token: AttrValue,
}

/// Takes the token out of the address, now and whenever another link is followed. Without a fragment, `fallback` may
/// find it elsewhere.
#[hook]
pub fn use_link_token(fallback: fn() -> Option<String>) -> UseStateHandle<LinkToken> {
    let link = use_state(move || {
        let token = dom::take_fragment().or_else(fallback).unwrap_or_default();
        LinkToken { number: 0, token: token.into() }
    });
    {
        let link = link.clone();
        use_effect_with((), move |()| {
            let listener = web_sys::window().map(|window| {
                EventListener::new(&window, "hashchange", move |_| {
                    // The link that skips to the content is not one from an email.
                    if dom::fragment().is_none_or(|it| it == "main") {
                        return;
                    }
                    let token = dom::take_fragment().unwrap_or_default().into();
                    link.set(LinkToken { number: link.number + 1, token });
                })
            });
            move || drop(listener)
        });
    }
    link
}
