//! Short messages about what has just been done.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Function, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::{Event, HtmlElement};
use yew::Callback;

use super::{
    fresh,
    screen::{Screen, has_focus, until},
};
use curfew_frontend::ui::toast_region::{ToastRegion, ToastRegionProps};

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
    screen.lacks("button").await;
    screen.update(ToastRegionProps { id: 7, message: Some("3 sessions signed out".into()), ..empty.clone() });
    screen.sees("#toast", "3 sessions signed out").await;
    assert!(region.is_connected() && screen.query("[role=status] button").is_none());
    screen.click("#toast-dismiss").await;
    assert_eq!(*dismissed.borrow(), [7]);
    screen.update(empty);
    screen.sees("#toast", "").await;
}

fn shown() -> ToastRegionProps {
    ToastRegionProps { id: 7, message: Some("3 sessions signed out".into()), on_dismiss: Callback::noop() }
}

/// Counts the timers that run for as long as a message lives.
struct Timers {
    undo: Function,
}

impl Timers {
    fn watch() -> Self {
        let script = "
            const {setTimeout: set, clearTimeout: clear} = window;
            window.lives = new Set();
            window.setTimeout = (call, time, ...rest) => {
                const id = set(call, time, ...rest);
                if (time === 10000) lives.add(id);
                return id;
            };
            window.clearTimeout = id => { lives.delete(id); clear(id); };
            () => Object.assign(window, {setTimeout: set, clearTimeout: clear})";
        let undo = js_sys::eval(&format!(
            "(() => {{ {} }})()",
            script.replace("() => Object", "return () => Object")
        ));
        Self { undo: undo.unwrap().unchecked_into() }
    }

    async fn run(&self, count: u32) {
        until(&format!("{count} timers"), || {
            let lives = Reflect::get(&web_sys::window().unwrap(), &"lives".into()).unwrap();
            (lives.unchecked_into::<js_sys::Set<wasm_bindgen::JsValue>>().size() == count).then_some(())
        })
        .await;
    }
}

impl Drop for Timers {
    fn drop(&mut self) {
        self.undo.call0(&wasm_bindgen::JsValue::UNDEFINED).unwrap();
    }
}

#[test]
async fn a_message_waits_for_whoever_is_at_it() {
    let timers = Timers::watch();
    let screen = Screen::<ToastRegion>::show(shown());
    let button: HtmlElement = screen.find("#toast-dismiss").await.unchecked_into();
    timers.run(1).await;
    let toast = screen.find(".toast").await;
    toast.dispatch_event(&Event::new("mouseenter").unwrap()).unwrap();
    timers.run(0).await;
    toast.dispatch_event(&Event::new("mouseleave").unwrap()).unwrap();
    timers.run(1).await;
    button.focus().unwrap();
    timers.run(0).await;
    button.blur().unwrap();
    timers.run(1).await;
}

#[test]
async fn a_message_gives_back_the_focus_that_it_had() {
    fresh::begin();
    let document = web_sys::window().unwrap().document().unwrap();
    let elsewhere: HtmlElement = document.create_element("button").unwrap().unchecked_into();
    elsewhere.set_id("elsewhere");
    document.body().unwrap().append_child(&elsewhere).unwrap();
    elsewhere.focus().unwrap();
    let mut screen = Screen::<ToastRegion>::show(shown());
    screen.find("#toast-dismiss").await.unchecked_into::<HtmlElement>().focus().unwrap();
    screen.update(ToastRegionProps { message: None, ..shown() });
    has_focus("#elsewhere").await;
    elsewhere.remove();
}
