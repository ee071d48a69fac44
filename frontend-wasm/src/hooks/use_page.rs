//! What a page does when it appears: it gives the tab its title and takes the focus.

use std::cell::Cell;

use yew::prelude::*;

use crate::browser::page;

thread_local! {
    /// Whether a page has been shown since the document was loaded.
    static NAVIGATED: Cell<bool> = const { Cell::new(false) };
}

/// Where the focus goes when a page is the first that the document shows. Later pages give it to
/// their heading, so that a screen reader says where one has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// Where the browser puts it.
    Untouched,
    /// To the first element that matches the selector.
    To(&'static str),
}

/// Names the page `title` and moves the focus. For the one component that is the page.
#[hook]
pub fn use_page(title: &'static str, first: Focus) {
    use_effect_with((title, first), |(title, first)| {
        page::set_title(&format!("{title} · Curfew"));
        match (NAVIGATED.replace(true), first) {
            (true, _) => page::focus("h1"),
            (false, Focus::To(selector)) => page::focus(selector),
            (false, Focus::Untouched) => {}
        }
    });
}
