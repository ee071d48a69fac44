//! A clean page for every test, whatever the one before left: a panic does not unwind in wasm, so nothing of a
//! failed test is dropped.

use std::cell::{Cell, RefCell};

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement};

use curfew_frontend::browser::{dom::replace_address, storage};

thread_local! {
    static CLEANUPS: RefCell<Vec<Box<dyn FnOnce()>>> = RefCell::default();
    static FINISHED: Cell<Option<usize>> = const { Cell::new(None) };
    static OF_RUNNER: RefCell<Vec<Element>> = RefCell::default();
    static ADDRESS: RefCell<String> = RefCell::default();
}

/// Does `cleanup` before the next test. It must bear that a `Drop` has done the same already.
pub fn after_test(cleanup: impl FnOnce() + 'static) {
    CLEANUPS.with_borrow_mut(|cleanups| cleanups.push(Box::new(cleanup)));
}

/// Clears away what former tests left, the first time that a test calls this.
pub fn begin() {
    let window = web_sys::window().unwrap();
    let document = window.document().unwrap();
    // The runner writes a line here when a test has ended, and nothing else meanwhile.
    let output = document.get_element_by_id("output").unwrap();
    let finished =
        output.text_content().unwrap_or_default().lines().filter(|line| line.starts_with("test ")).count();
    let before = FINISHED.replace(Some(finished));
    if before == Some(finished) {
        return;
    }
    if before.is_none() {
        ADDRESS.set(window.location().href().unwrap());
        OF_RUNNER.set(children(&document));
    }
    // The newest first, as they would have been dropped.
    while let Some(cleanup) = CLEANUPS.with_borrow_mut(Vec::pop) {
        cleanup();
    }
    for child in children(&document) {
        if !OF_RUNNER.with_borrow(|kept| kept.contains(&child)) {
            child.remove();
        }
    }
    if let Some(element) = document.active_element() {
        element.unchecked_into::<HtmlElement>().blur().unwrap();
    }
    storage::clear();
    ADDRESS.with_borrow(|address| replace_address(address));
    document.set_title("");
}

fn children(document: &Document) -> Vec<Element> {
    let children = document.body().unwrap().children();
    (0..children.length()).filter_map(|at| children.item(at)).collect()
}
