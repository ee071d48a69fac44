//! Short messages about what has just been done.

use std::{cell::RefCell, rc::Rc};

use curfew_frontend::components::{ToastRegion, ToastRegionProps};
use wasm_bindgen_test::wasm_bindgen_test as test;
use yew::Callback;

use super::screen::Screen;

#[test]
async fn a_message_comes_into_a_region_that_stood_there_with_its_button_outside() {
    let dismissed = Rc::new(RefCell::new(Vec::new()));
    let on_dismiss = {
        let dismissed = Rc::clone(&dismissed);
        Callback::from(move |id| dismissed.borrow_mut().push(id))
    };
    let empty = ToastRegionProps { id: 0, message: None, on_dismiss };
    let mut screen = Screen::<ToastRegion>::show(empty.clone());
    let region = screen.find("#toast[role=status]").await;
    assert_eq!(region.text_content().as_deref(), Some(""));
    assert!(screen.query("button").is_none());
    screen.update(ToastRegionProps { id: 7, message: Some("3 sessions signed out".into()), ..empty.clone() });
    screen.sees("#toast", "3 sessions signed out").await;
    assert!(region.is_connected() && screen.query("[role=status] button").is_none());
    screen.click("#toast-dismiss").await;
    assert_eq!(*dismissed.borrow(), [7]);
    screen.update(empty);
    screen.sees("#toast", "").await;
}
