//! A wait and what came of it.

use std::{cell::Cell, rc::Rc};

use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::HtmlElement;
use yew::Callback;

use super::screen::{Screen, has_focus};
use curfew_frontend::ui::loading::{Loading, LoadingProps};

#[test]
async fn a_failure_comes_into_a_region_that_stood_there_and_its_button_stays_until_there_is_an_answer() {
    let tries = Rc::new(Cell::new(0));
    let on_retry = {
        let tries = Rc::clone(&tries);
        Callback::from(move |()| tries.set(tries.get() + 1))
    };
    let busy = LoadingProps { name: "thing".into(), is_busy: true, failure: None, on_retry };
    let failed = LoadingProps { is_busy: false, failure: Some("No answer.".into()), ..busy.clone() };
    let done = LoadingProps { is_busy: false, ..busy.clone() };
    let mut screen = Screen::<Loading>::show(busy.clone());
    let region = screen.find("#thing-alert[role=alert]").await;
    assert!(region.text_content().as_deref() == Some("") && screen.query("button").is_none());
    screen.sees("#thing-loading[role=status]", "Loading…").await;
    screen.update(failed.clone());
    screen.sees("#thing-alert", "No answer.").await;
    assert!(region.is_connected(), "the same region, not a new one");
    let button: HtmlElement = screen.find("#thing-retry").await.unchecked_into();
    button.focus().unwrap();
    button.click();
    screen.update(busy);
    screen.find("#thing-retry[aria-disabled=true]").await;
    button.click();
    assert_eq!(tries.get(), 1, "not twice at once");
    screen.update(failed);
    screen.sees("#thing-alert", "No answer.").await;
    has_focus("#thing-retry").await;
    screen.update(done);
    has_focus("#thing-loading").await;
    screen.lacks("button").await;
}
