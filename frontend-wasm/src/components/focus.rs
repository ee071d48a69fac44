//! Where the focus goes when what has it goes away.

use std::cell::{Cell, RefCell};

use wasm_bindgen::JsCast;
use web_sys::{FocusEvent, HtmlElement, Node};
use yew::prelude::*;

use crate::browser::page;

/// The part of the page, which is to tell where the focus is.
pub(super) struct Focus {
    pub part: NodeRef,
    pub on_in: Callback<FocusEvent>,
    pub on_out: Callback<FocusEvent>,
}

/// Gives the focus back to where it came from when what had it in this part of the page is there no more.
#[hook]
pub(super) fn use_focus_given_back(is_shown: bool) -> Focus {
    let part = use_node_ref();
    let is_inside = use_state(|| Cell::new(false));
    let origin = use_state(|| RefCell::new(None::<HtmlElement>));
    {
        let (is_inside, origin) = (is_inside.clone(), origin.clone());
        use_effect_with(is_shown, move |is_shown| {
            if !is_shown && is_inside.replace(false) {
                page::give_lost_focus_to(origin.take().as_ref());
            }
        });
    }
    let on_in = {
        let is_inside = is_inside.clone();
        Callback::from(move |event: FocusEvent| {
            if !is_inside.replace(true) {
                origin.replace(event.related_target().and_then(|from| from.dyn_into().ok()));
            }
        })
    };
    let on_out = {
        let part = part.clone();
        Callback::from(move |event: FocusEvent| {
            let target = event.related_target().and_then(|to| to.dyn_into::<Node>().ok());
            // To nowhere: the button is going away, or the window is.
            if let Some(target) = target {
                is_inside.replace(part.get().is_some_and(|part| part.contains(Some(&target))));
            }
        })
    };
    Focus { part, on_in, on_out }
}
