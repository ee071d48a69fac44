//! Holds back what goes into a live region until that has been seen empty.

use std::{cell::Cell, rc::Rc};

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::browser::page;

/// A message, and its number: one that says the same as another is another all the same.
pub(super) type Message = (u32, AttrValue);

/// `message` once the region that it goes into has been painted without it. A screen reader announces
/// what comes into a region, not what a region comes with, be it new, moved, or shown again (WCAG 4.1.3).
#[hook]
pub(super) fn use_said(message: Option<Message>) -> Option<AttrValue> {
    let said: UseStateHandle<Option<Message>> = use_state(|| None);
    let setter = said.setter();
    use_effect_with(message.clone(), move |message| {
        let is_current = Rc::new(Cell::new(true));
        let (message, is_wanted) = (message.clone(), Rc::clone(&is_current));
        spawn_local(async move {
            page::painted().await;
            if is_wanted.get() {
                setter.set(message);
            }
        });
        move || is_current.set(false)
    });
    message.filter(|message| said.as_ref() == Some(message)).map(|(_, text)| text)
}
