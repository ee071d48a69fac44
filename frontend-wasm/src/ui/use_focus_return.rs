//! Returns the focus when the element that has it goes away.

use wasm_bindgen::JsCast;
use web_sys::{FocusEvent, HtmlElement, Node};
use yew::prelude::*;

use crate::browser::dom;

/// The node whose focus is tracked, and its event handlers.
pub(crate) struct FocusReturn {
    pub node: NodeRef,
    pub on_focus_in: Callback<FocusEvent>,
    pub on_focus_out: Callback<FocusEvent>,
}

/// When the content of a node is hidden while it has the focus, returns the focus to the element that had it before.
#[hook]
pub(crate) fn use_focus_return(is_shown: bool) -> FocusReturn {
    let node = use_node_ref();
    let is_inside = use_mut_ref(|| false);
    let origin = use_mut_ref(|| None::<HtmlElement>);
    {
        let (is_inside, origin) = (is_inside.clone(), origin.clone());
        use_effect_with(is_shown, move |is_shown| {
            if !is_shown && is_inside.replace(false) {
                dom::restore_focus(origin.take().as_ref());
            }
        });
    }
    let on_focus_in = {
        let is_inside = is_inside.clone();
        Callback::from(move |event: FocusEvent| {
            if !is_inside.replace(true) {
                origin.replace(event.related_target().and_then(|from| from.dyn_into().ok()));
            }
        })
    };
    let on_focus_out = {
        let node = node.clone();
        Callback::from(move |event: FocusEvent| {
            let target = event.related_target().and_then(|to| to.dyn_into::<Node>().ok());
            // Without a target the button is going away, or the window loses the focus.
            if let Some(target) = target {
                is_inside.replace(node.get().is_some_and(|node| node.contains(Some(&target))));
            }
        })
    };
    FocusReturn { node, on_focus_in, on_focus_out }
}
