//! The question before sessions are ended in bulk.

use std::{cell::RefCell, rc::Rc};

use curfew_shared::security::RevokeScope;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::{HtmlDialogElement, HtmlElement, KeyboardEvent, KeyboardEventInit};
use yew::Callback;

use super::{
    fresh,
    screen::{Screen, has_focus, until},
};
use curfew_frontend::features::security::revoke_sessions_modal::{
    RevokeSessionsModal, RevokeSessionsModalProps,
};

type Clicks = Rc<RefCell<Vec<&'static str>>>;
type Modal = Screen<RevokeSessionsModal>;

fn props(scope: Option<RevokeScope>, others: u64) -> (RevokeSessionsModalProps, Clicks) {
    let clicks = Clicks::default();
    let remember = |what: &'static str| {
        let clicks = Rc::clone(&clicks);
        Callback::from(move |()| clicks.borrow_mut().push(what))
    };
    let props = RevokeSessionsModalProps {
        scope,
        others,
        is_busy: false,
        error: None,
        on_confirm: remember("confirm"),
        on_cancel: remember("cancel"),
    };
    (props, clicks)
}

/// Presses a key where the focus is. True unless the page kept the browser from reacting to it.
fn press(key: &str, shift: bool) -> bool {
    let init = KeyboardEventInit::new();
    init.set_key(key);
    init.set_shift_key(shift);
    init.set_bubbles(true);
    init.set_cancelable(true);
    let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).unwrap();
    let focused = web_sys::window().unwrap().document().unwrap().active_element().unwrap();
    focused.dispatch_event(&event).unwrap()
}

#[test]
async fn each_scope_says_what_will_happen_and_to_how_many() {
    for (scope, others, title, to_whom, confirm) in [
        (RevokeScope::Others, 1, "Sign out everyone except you?", "1 person will", "Sign out 1 person"),
        (RevokeScope::Others, 12, "Sign out everyone except you?", "12 people will", "Sign out 12 people"),
        (
            RevokeScope::All,
            3,
            "Sign out everyone, yourself included?",
            "You and 3 other people",
            "Sign out all 4 people",
        ),
        (RevokeScope::All, 0, "Sign out everywhere?", "Nobody but you", "Sign me out everywhere"),
    ] {
        let (shown, clicks) = props(Some(scope), others);
        let screen = Modal::show(shown);
        let dialog = screen.find("dialog[open]").await;
        assert_eq!(dialog.get_attribute("aria-labelledby").as_deref(), Some("revoke-sessions-title"));
        assert_eq!(dialog.get_attribute("aria-describedby").as_deref(), Some("revoke-sessions-body"));
        screen.sees("#revoke-sessions-title", title).await;
        let body = screen.find("#revoke-sessions-body").await.text_content().unwrap();
        assert!(body.contains(to_whom), "{body}");
        screen.sees("#revoke-sessions-confirm.danger", confirm).await;
        screen.click("#revoke-sessions-confirm").await;
        assert_eq!(*clicks.borrow(), ["confirm"]);
    }
}

#[test]
async fn the_focus_begins_on_cancel_stays_inside_and_goes_back() {
    fresh::begin();
    let document = web_sys::window().unwrap().document().unwrap();
    let opener: HtmlElement = document.create_element("button").unwrap().unchecked_into();
    opener.set_id("opener");
    document.body().unwrap().append_child(&opener).unwrap();
    opener.focus().unwrap();
    let (closed, _) = props(None, 3);
    let mut screen = Modal::show(closed.clone());
    screen.find("dialog:not([open])").await;
    has_focus("#opener").await;
    screen.update(RevokeSessionsModalProps { scope: Some(RevokeScope::Others), ..closed.clone() });
    has_focus("#revoke-sessions-cancel").await;
    assert!(!press("Tab", true), "backwards from the first");
    has_focus("#revoke-sessions-confirm").await;
    assert!(!press("Tab", false), "forwards from the last");
    has_focus("#revoke-sessions-cancel").await;
    screen.update(closed);
    has_focus("#opener").await;
    opener.remove();
}

#[test]
async fn escape_and_cancel_cancel() {
    let (shown, clicks) = props(Some(RevokeScope::All), 3);
    let screen = Modal::show(shown);
    has_focus("#revoke-sessions-cancel").await;
    press("Escape", false);
    screen.click("#revoke-sessions-cancel").await;
    assert_eq!(*clicks.borrow(), ["cancel", "cancel"]);
}

#[test]
async fn work_under_way_is_shown_and_neither_repeated_nor_left() {
    let (shown, clicks) = props(Some(RevokeScope::All), 3);
    let mut screen = Modal::show(RevokeSessionsModalProps { is_busy: true, ..shown.clone() });
    screen.sees("#revoke-sessions-confirm[aria-disabled=true]", "Signing out…").await;
    screen.click("#revoke-sessions-confirm").await;
    screen.click("#revoke-sessions-cancel").await;
    has_focus("#revoke-sessions-cancel").await;
    press("Escape", false);
    assert!(clicks.borrow().is_empty());
    let region = screen.find("#revoke-sessions-alert[role=alert]").await;
    assert_eq!(region.text_content().as_deref(), Some(""));
    screen.update(RevokeSessionsModalProps { error: Some("You're offline.".into()), ..shown });
    screen.sees("#revoke-sessions-alert", "You're offline.").await;
    assert!(region.is_connected(), "the same region, not a new one");
}

/// As browsers do at the second wish, whatever came of the first.
async fn close(screen: &Modal) {
    screen.find("dialog[open]").await.unchecked_into::<HtmlDialogElement>().close();
}

#[test]
async fn a_dialog_that_the_browser_closes_is_left_as_by_cancel() {
    let (shown, clicks) = props(Some(RevokeScope::Others), 3);
    let mut screen = Modal::show(shown.clone());
    close(&screen).await;
    until("the end", || (*clicks.borrow() == ["cancel"]).then_some(())).await;
    // Whoever asked learns of it, and can ask again.
    screen.update(RevokeSessionsModalProps { scope: None, ..shown.clone() });
    screen.sees("#revoke-sessions-title", "Sign out everyone, yourself included?").await;
    screen.update(shown);
    screen.find("dialog[open]").await;
    assert_eq!(*clicks.borrow(), ["cancel"]);
}

#[test]
async fn a_dialog_that_the_browser_closes_while_it_works_comes_back() {
    let (shown, clicks) = props(Some(RevokeScope::All), 3);
    let screen = Modal::show(RevokeSessionsModalProps { is_busy: true, ..shown });
    close(&screen).await;
    screen.lacks("dialog[open]").await;
    screen.find("dialog[open]").await;
    assert!(clicks.borrow().is_empty());
}
