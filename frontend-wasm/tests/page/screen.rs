//! A component on the screen, and what a person does to it.

use std::time::Duration;

use curfew_frontend::{App, browser::page::replace_address};
use gloo_timers::future::sleep;
use wasm_bindgen::JsCast;
use web_sys::{
    Element, Event, EventInit, HtmlElement, HtmlFormElement, HtmlInputElement, HtmlOptionElement,
    HtmlSelectElement, InputEvent, KeyboardEvent, KeyboardEventInit,
};
use yew::{AppHandle, BaseComponent, Renderer};

/// A component, shown until this is dropped.
pub struct Screen<C: BaseComponent> {
    handle: Option<AppHandle<C>>,
    root: Element,
}

/// The whole page, at `address`.
pub fn open(address: &str) -> Screen<App> {
    replace_address(address);
    Screen::<App>::show(())
}

impl<C: BaseComponent> Screen<C>
where
    C::Properties: Clone,
{
    /// Shows it with `props`.
    pub fn show(props: C::Properties) -> Self {
        let document = web_sys::window().unwrap().document().unwrap();
        let root = document.create_element("div").unwrap();
        document.body().unwrap().append_child(&root).unwrap();
        let handle = Some(Renderer::<C>::with_root_and_props(root.clone(), props).render());
        Self { handle, root }
    }

    /// Shows it with other props.
    pub fn update(&mut self, props: C::Properties) {
        self.handle.as_mut().unwrap().update(props);
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
        if let Some(handle) = self.handle.take() {
            handle.destroy();
        }
        self.root.remove();
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

/// The title of the document.
pub fn title() -> String {
    web_sys::window().unwrap().document().unwrap().title()
}
