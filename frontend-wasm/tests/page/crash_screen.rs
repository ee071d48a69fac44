//! The screen after a panic.

use curfew_frontend::app::crash_screen;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::HtmlElement;

use super::{
    fresh,
    screen::{focused, has_focus},
};

#[test]
async fn a_page_that_has_failed_says_so_and_can_be_reloaded() {
    fresh::begin();
    let document = web_sys::window().unwrap().document().unwrap();
    let root = document.create_element("div").unwrap();
    root.set_inner_html("<main id='main'><input id='dead'></main>");
    document.body().unwrap().append_child(&root).unwrap();
    crash_screen::show(&root);
    has_focus("#crash h1").await;
    assert_eq!(focused(), "", "the title, for a screen reader to begin with");
    assert!(root.query_selector("#dead").unwrap().is_none());
    let screen = root.query_selector("#crash[role=alert]").unwrap().unwrap();
    assert!(screen.text_content().unwrap().starts_with("Something went wrong"));
    let button: HtmlElement = screen.query_selector("#reload").unwrap().unwrap().unchecked_into();
    assert!(button.onclick().is_some(), "the browser's own function, which works without the page");
    root.remove();
}
