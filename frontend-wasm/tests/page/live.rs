//! Live regions, such as the banner above the sign-in form.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, prelude::Closure};
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::{Element, MutationObserver, MutationObserverInit};

use super::screen::{Screen, until};
use curfew_frontend::ui::live_region::{LiveRegion, LiveRegionProps};

fn props(words: Option<&'static str>) -> LiveRegionProps {
    LiveRegionProps { id: "banner".into(), is_alert: false, text: words.map(Into::into) }
}

#[test]
async fn a_message_comes_into_a_region_that_stood_there_empty() {
    // The elements whose children changed: the message counts only if it came after its region.
    let changed: Rc<RefCell<Vec<String>>> = Rc::default();
    let on_change = {
        let changed = Rc::clone(&changed);
        Closure::<dyn FnMut(Array)>::new(move |records: Array| {
            for record in records.iter() {
                let target: Element = Reflect::get(&record, &"target".into()).unwrap().unchecked_into();
                changed.borrow_mut().push(target.id());
            }
        })
    };
    let observer = MutationObserver::new(on_change.as_ref().unchecked_ref()).unwrap();
    let init = MutationObserverInit::new();
    init.set_child_list(true);
    init.set_subtree(true);
    let body = web_sys::window().unwrap().document().unwrap().body().unwrap();
    observer.observe_with_options(&body, &init).unwrap();
    let screen = Screen::<LiveRegion>::show(props(Some("Your session has expired.")));
    let region = screen.find("#banner[role=status]").await;
    screen.sees("#banner", "Your session has expired.").await;
    until("the message to come into the region", || {
        changed.borrow().contains(&"banner".to_owned()).then_some(())
    })
    .await;
    assert!(region.is_connected(), "the same region, not a new one");
    observer.disconnect();
}

#[test]
async fn a_message_that_no_longer_holds_is_taken_away() {
    let mut screen = Screen::<LiveRegion>::show(props(Some("Your session has expired.")));
    screen.sees("#banner", "Your session has expired.").await;
    screen.update(props(None));
    screen.sees("#banner", "").await;
    screen.lacks("#banner p").await;
}
