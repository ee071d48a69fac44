//! The frame around every page.

use std::{cell::RefCell, rc::Rc};

use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::HtmlElement;
use yew::{Callback, Html, html};

use super::screen::{Screen, has_focus};
use curfew_frontend::ui::layout::{Layout, LayoutProps, SignOutState};

type Clicks = Rc<RefCell<Vec<&'static str>>>;

fn props(person: Option<&'static str>, sign_out: SignOutState) -> (LayoutProps, Clicks) {
    let clicks = Clicks::default();
    let remember = |what: &'static str| {
        let clicks = Rc::clone(&clicks);
        Callback::from(move |()| clicks.borrow_mut().push(what))
    };
    let props = LayoutProps {
        person: person.map(Into::into),
        nav: Html::default(),
        dock: Html::default(),
        sign_out,
        on_sign_out: remember("sign out"),
        on_sign_out_here: remember("sign out here"),
        notice: None,
        on_retry: remember("retry"),
        children: html! { <h1>{ "A page" }</h1> },
    };
    (props, clicks)
}

#[test]
async fn whoever_is_signed_in_can_sign_out_and_nobody_else() {
    let (signed_in, clicks) = props(Some("Ada"), SignOutState::Idle);
    let mut screen = Screen::<Layout>::show(signed_in);
    screen.sees("#person", "Ada").await;
    screen.click("#sign-out").await;
    assert_eq!(*clicks.borrow(), ["sign out"]);
    screen.update(props(None, SignOutState::Idle).0);
    screen.lacks("#person").await;
    screen.lacks("#sign-out").await;
    screen.sees("main h1", "A page").await;
}

#[test]
async fn trouble_is_announced_in_a_region_that_stood_there_with_its_button_outside() {
    let (signed_in, clicks) = props(Some("Ada"), SignOutState::Idle);
    let mut screen = Screen::<Layout>::show(signed_in.clone());
    let region = screen.find("#connection[role=status]").await;
    assert_eq!(region.text_content().as_deref(), Some(""));
    screen.update(LayoutProps { notice: Some("You're offline.".into()), ..signed_in.clone() });
    screen.sees("#connection", "You're offline.").await;
    assert!(region.is_connected(), "the same region, not a new one");
    screen.lacks("[role=status] button").await;
    screen.click("#reconnect").await;
    assert_eq!(*clicks.borrow(), ["retry"]);
    screen.update(signed_in);
    screen.sees("#connection", "").await;
}

#[test]
async fn a_notice_that_goes_gives_the_focus_to_the_content() {
    let (signed_in, _) = props(Some("Ada"), SignOutState::Idle);
    let offline = LayoutProps { notice: Some("You're offline.".into()), ..signed_in.clone() };
    let mut screen = Screen::<Layout>::show(offline);
    screen.find("#reconnect").await.unchecked_into::<HtmlElement>().focus().unwrap();
    screen.update(signed_in);
    has_focus("#main").await;
}

#[test]
async fn a_sign_out_that_the_server_was_not_told_of_leaves_the_choice() {
    let (mut idle, _) = props(Some("Ada"), SignOutState::Idle);
    let (failed, clicks) = props(Some("Ada"), SignOutState::Failed);
    idle.children = failed.children.clone();
    let mut screen = Screen::<Layout>::show(idle);
    let region = screen.find("#sign-out-alert[role=alert]").await;
    assert_eq!(region.text_content().as_deref(), Some(""));
    screen.update(failed);
    screen.find("#sign-out-again").await;
    assert!(region.is_connected() && region.text_content().unwrap().contains("not signed out yet"));
    screen.lacks("[role=alert] button").await;
    screen.click("#sign-out-again").await;
    screen.click("#sign-out-here").await;
    assert_eq!(*clicks.borrow(), ["sign out", "sign out here"]);
}
