//! A component on the screen, and what a person does to it.

use std::{cell::RefCell, rc::Rc, time::Duration};

use gloo_timers::future::sleep;
use wasm_bindgen::JsCast;
use web_sys::{
    Element, Event, EventInit, HtmlElement, HtmlFormElement, HtmlInputElement, HtmlOptionElement,
    HtmlSelectElement, InputEvent, KeyboardEvent, KeyboardEventInit,
};
use yew::{AppHandle, BaseComponent, Renderer};

use super::fresh;
use curfew_frontend::{
    App,
    browser::dom::{path_and_query, replace_address},
};

/// A component, shown until this is dropped, or until the next test begins.
pub struct Screen<C: BaseComponent> {
    handle: Rc<RefCell<Option<AppHandle<C>>>>,
    root: Element,
}

/// The whole page, at `address`.
pub fn open(address: &str) -> Screen<App> {
    fresh::begin();
    replace_address(address);
    Screen::<App>::show(())
}

impl<C: BaseComponent> Screen<C>
where
    C::Properties: Clone,
{
    /// Shows it with `props`.
    pub fn show(props: C::Properties) -> Self {
        fresh::begin();
        let document = web_sys::window().unwrap().document().unwrap();
        let root = document.create_element("div").unwrap();
        document.body().unwrap().append_child(&root).unwrap();
        let handle = Renderer::<C>::with_root_and_props(root.clone(), props).render();
        let handle = Rc::new(RefCell::new(Some(handle)));
        let left = Rc::clone(&handle);
        fresh::after_test(move || destroy(&left));
        Self { handle, root }
    }

    /// Shows it with other props.
    pub fn update(&mut self, props: C::Properties) {
        self.handle.borrow_mut().as_mut().unwrap().update(props);
    }

    /// The element, once it is there.
    pub async fn find(&self, selector: &str) -> Element {
        until(selector, || self.query(selector)).await
    }

    /// The element, if it is there now.
    pub fn query(&self, selector: &str) -> Option<Element> {
        self.root.query_selector(selector).unwrap()
    }

    /// Waits until the text of the element is `text`.
    pub async fn sees(&self, selector: &str, text: &str) {
        until(&format!("{selector} saying {text:?}"), || {
            self.query(selector).filter(|element| element.text_content().as_deref() == Some(text))
        })
        .await;
    }

    /// Waits until the text of the element has `text` in it.
    pub async fn reads(&self, selector: &str, text: &str) {
        until(&format!("{selector} with {text:?}"), || {
            self.query(selector)
                .filter(|element| element.text_content().is_some_and(|whole| whole.contains(text)))
        })
        .await;
    }

    /// Waits until the input or select holds `value`.
    pub async fn holds(&self, selector: &str, value: &str) {
        until(&format!("{value:?} in {selector}"), || {
            let element = self.query(selector)?;
            let held = match element.dyn_ref::<HtmlSelectElement>() {
                Some(select) => select.value(),
                None => element.unchecked_into::<HtmlInputElement>().value(),
            };
            (held == value).then_some(())
        })
        .await;
    }

    /// Waits until there is no such element.
    pub async fn lacks(&self, selector: &str) {
        until(&format!("no {selector}"), || self.query(selector).is_none().then_some(())).await;
    }

    /// Types into the input.
    pub async fn type_into(&self, selector: &str, text: &str) {
        self.input(selector).await.set_value(text);
    }

    /// The input.
    pub async fn input(&self, selector: &str) -> HtmlInputElement {
        self.find(selector).await.unchecked_into()
    }

    /// Clicks.
    pub async fn click(&self, selector: &str) {
        self.find(selector).await.unchecked_into::<HtmlElement>().click();
    }

    /// Types into the input as a person does, which the page notices.
    pub async fn enter(&self, selector: &str, text: &str) {
        self.type_into(selector, text).await;
        let event = InputEvent::new("input").unwrap();
        event.init_event_with_bubbles("input", true);
        self.find(selector).await.dispatch_event(&event).unwrap();
    }

    /// Clicks as somebody does who has the focus on it.
    pub async fn press(&self, selector: &str) {
        let element: HtmlElement = self.find(selector).await.unchecked_into();
        element.focus().unwrap();
        element.click();
    }

    /// Chooses another option of the select, as a person does.
    pub async fn choose(&self, selector: &str, value: &str) -> HtmlSelectElement {
        let select: HtmlSelectElement = self.find(selector).await.unchecked_into();
        // A person's choice marks the option for good, as setting this does.
        for at in 0..select.length() {
            let option: HtmlOptionElement = select.item(at).unwrap().unchecked_into();
            option.set_selected(option.value() == value);
        }
        let init = EventInit::new();
        init.set_bubbles(true);
        select.dispatch_event(&Event::new_with_event_init_dict("change", &init).unwrap()).unwrap();
        select
    }

    /// Submits the form, as the Enter key does.
    pub async fn submit(&self) {
        self.find("form").await.unchecked_into::<HtmlFormElement>().request_submit().unwrap();
    }
}

impl<C: BaseComponent> Drop for Screen<C> {
    fn drop(&mut self) {
        destroy(&self.handle);
        self.root.remove();
    }
}

fn destroy<C: BaseComponent>(handle: &RefCell<Option<AppHandle<C>>>) {
    if let Some(handle) = handle.take() {
        handle.destroy();
    }
}

/// The id of the element that has the focus.
pub fn focused() -> String {
    web_sys::window().unwrap().document().unwrap().active_element().unwrap().id()
}

/// Waits until an element that matches `selector` has the focus.
pub async fn has_focus(selector: &str) {
    until(&format!("the focus on {selector}"), || {
        let focused = web_sys::window().unwrap().document().unwrap().active_element().unwrap();
        focused.matches(selector).unwrap().then_some(())
    })
    .await;
}

/// Presses a key where `element` is, and answers what became of it.
pub fn press(element: &Element, key: &str) -> KeyboardEvent {
    let init = KeyboardEventInit::new();
    init.set_key(key);
    init.set_bubbles(true);
    init.set_cancelable(true);
    let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).unwrap();
    element.dispatch_event(&event).unwrap();
    event
}

/// Polls until there is something; fails after twenty seconds or so. The page renders when it gets to it.
pub async fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    for _ in 0..2_000 {
        if let Some(found) = look() {
            return found;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain for {what}");
}

/// Waits until the document has this title.
pub async fn has_title(title: &str) {
    let document = web_sys::window().unwrap().document().unwrap();
    until(&format!("the title {title:?}"), || (document.title() == title).then_some(())).await;
}

/// Waits until the page is at this path and query.
pub async fn is_at(path: &str) {
    until(&format!("the address {path}"), || (path_and_query().as_deref() == Some(path)).then_some(())).await;
}
