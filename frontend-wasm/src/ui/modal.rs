//! A modal dialog.

use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement};
use yew::prelude::*;

use crate::browser::dom;

/// The elements that can have the focus in a dialog.
const FOCUSABLE: &str = "a[href], button, input:not([hidden]), select";

/// Props of [`Modal`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ModalProps {
    /// The id of the dialog; its title and body have the same with `-title` and `-body` after it.
    pub id: AttrValue,
    pub is_open: bool,
    pub title: AttrValue,
    pub body: AttrValue,
    /// The first element that matches this selector gets the focus when the dialog opens.
    pub initial_focus: AttrValue,
    /// Whether an action is under way that cannot be undone: the dialog stays open then.
    #[prop_or_default]
    pub is_busy: bool,
    /// Called when the person cancels, by whatever means the device has.
    pub on_cancel: Callback<()>,
    pub children: Html,
}

/// Title, body and content. The native dialog makes the rest of the page inert and returns the focus.
#[component]
pub fn Modal(props: &ModalProps) -> Html {
    let dialog = use_node_ref();
    {
        let (dialog, first) = (dialog.clone(), props.initial_focus.clone());
        use_effect_with(props.is_open, move |&is_open| {
            let dialog = dialog.cast::<HtmlDialogElement>().filter(|_| is_open);
            if let Some(dialog) = &dialog {
                dom::open_modal(dialog);
                dom::focus(&first);
            }
            move || {
                if let Some(dialog) = dialog {
                    dom::close_modal(&dialog);
                }
            }
        });
    }
    let on_cancel = {
        let (on_cancel, is_busy) = (props.on_cancel.clone(), props.is_busy);
        Callback::from(move |event: Event| {
            event.prevent_default();
            if !is_busy {
                on_cancel.emit(());
            }
        })
    };
    let onkeydown = {
        let (on_cancel, dialog) = (on_cancel.clone(), dialog.clone());
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Escape" => on_cancel.emit(event.into()),
            "Tab" => keep_inside(&dialog, &event),
            _ => {}
        })
    };
    let oncancel = on_cancel.clone();
    let onclose = {
        let (dialog, is_open, is_busy) = (dialog.clone(), props.is_open, props.is_busy);
        Callback::from(move |event: Event| {
            let dialog = dialog.cast::<HtmlDialogElement>();
            // The browser closes a dialog by itself when a first attempt was prevented.
            let Some(dialog) = dialog.filter(|dialog| is_open && !dialog.open()) else { return };
            on_cancel.emit(event);
            if is_busy {
                dom::open_modal(&dialog);
            }
        })
    };
    let part = |name: &str| format!("{}-{name}", props.id);
    html! {
        <dialog
            ref={dialog} id={props.id.clone()} class="modal" {onkeydown} {oncancel} {onclose}
            aria-labelledby={part("title")} aria-describedby={part("body")}
        >
            <h2 id={part("title")}>{ &props.title }</h2>
            <p id={part("body")}>{ &props.body }</p>
            { props.children.clone() }
        </dialog>
    }
}

/// Moves the focus from the last element to the first and back, past the browser's own controls.
fn keep_inside(dialog: &NodeRef, event: &KeyboardEvent) {
    let Some(dialog) = dialog.cast::<HtmlElement>() else { return };
    let Ok(elements) = dialog.query_selector_all(FOCUSABLE) else { return };
    let element = |at| elements.get(at).and_then(|it| it.dyn_into::<HtmlElement>().ok());
    let (Some(first), Some(last)) = (element(0), element(elements.length().saturating_sub(1))) else {
        return;
    };
    let focused = dialog.owner_document().and_then(|document| document.active_element());
    let (edge, other) = if event.shift_key() { (first, last) } else { (last, first) };
    if focused.as_ref() == Some(&edge) {
        event.prevent_default();
        let _ = other.focus();
    }
}
