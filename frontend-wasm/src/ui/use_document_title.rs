//! Gives the tab the title of the page, and the page the focus.

use std::cell::Cell;

use yew::prelude::*;

use crate::browser::dom;

thread_local! {
    /// Whether a page has been shown since the document was loaded.
    static HAS_NAVIGATED: Cell<bool> = const { Cell::new(false) };
}

/// The focus of the first page of a document. Later pages give it to their heading, so that a screen reader announces
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// Left to the browser.
    Untouched,
    /// On the first element that matches the selector.
    To(&'static str),
}

/// Sets the document's title and moves the focus.
#[hook]
pub fn use_document_title(title: &'static str, first: Focus) {
    use_effect_with((title, first), |(title, first)| {
        dom::set_title(&format!("{title} · Curfew"));
        match (HAS_NAVIGATED.replace(true), first) {
            (true, _) => dom::focus("h1"),
            (false, Focus::To(selector)) => dom::focus(selector),
            (false, Focus::Untouched) => {}
        }
    });
}
