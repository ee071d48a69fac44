//! Holds a message of a live region back until the region has been painted empty.

use std::{cell::Cell, rc::Rc};

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::browser::dom;

/// A message and its number: two messages with the same text are two messages all the same.
pub(super) type Message = (u32, AttrValue);

/// Returns `message` once its region has been painted without it. A screen reader announces a change of a region, not
/// the text that a region is created, moved or shown with (WCAG 4.1.3).
#[hook]
pub(super) fn use_live_announcement(message: Option<Message>) -> Option<AttrValue> {
    let announced = use_state(|| None::<Message>);
    let setter = announced.setter();
    use_effect_with(message.clone(), move |message| {
        let is_current = Rc::new(Cell::new(true));
        let (message, is_wanted) = (message.clone(), Rc::clone(&is_current));
        spawn_local(async move {
            dom::next_paint().await;
            if is_wanted.get() {
                setter.set(message);
            }
        });
        move || is_current.set(false)
    });
    message.filter(|message| announced.as_ref() == Some(message)).map(|(_, text)| text)
}
