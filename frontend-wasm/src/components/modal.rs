//! A dialog above the page, which cannot be reached meanwhile.

use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement};
use yew::prelude::*;

use crate::browser::page;

/// What can have the focus in a dialog.
const STOPS: &str = "a[href], button, input:not([hidden]), select";

/// Props of [`Modal`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ModalProps {
    /// The id of the dialog; its title and body have the same with `-title` and `-body` after it.
    pub id: AttrValue,
    /// Whether it is open.
    pub is_open: bool,
    /// What it asks.
    pub title: AttrValue,
    /// What there is to know.
    pub body: AttrValue,
    /// What takes the focus when it opens: the first element that matches.
    pub first: AttrValue,
    /// Whether something is being done that cannot be taken back; then nobody leaves it.
    #[prop_or_default]
    pub is_busy: bool,
    /// Called when somebody wants to leave it, by whatever means the device has.
    pub on_cancel: Callback<()>,
    /// What stands below title and body.
    pub children: Html,
}

/// Title, body and the rest. The native dialog makes the rest of the page inert and gives the focus back.
#[component]
pub fn Modal(props: &ModalProps) -> Html {
    let dialog = use_node_ref();
    {
        let (dialog, first) = (dialog.clone(), props.first.clone());
        use_effect_with(props.is_open, move |&is_open| {
            let dialog = dialog.cast::<HtmlDialogElement>().filter(|_| is_open);
            if let Some(dialog) = &dialog {
                page::open_modal(dialog);
                page::focus(&first);
            }
            move || {
                if let Some(dialog) = dialog {
                    page::close_modal(&dialog);
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
            // By itself, as browsers do when it was not closed at the first wish.
            let Some(dialog) = dialog.filter(|dialog| is_open && !dialog.open()) else { return };
            on_cancel.emit(event);
            if is_busy {
                page::open_modal(&dialog);
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

/// Leads the focus from the last stop to the first and back, past the browser's own controls.
fn keep_inside(dialog: &NodeRef, event: &KeyboardEvent) {
    let Some(dialog) = dialog.cast::<HtmlElement>() else { return };
    let Ok(stops) = dialog.query_selector_all(STOPS) else { return };
    let stop = |at| stops.get(at).and_then(|it| it.dyn_into::<HtmlElement>().ok());
    let (Some(first), Some(last)) = (stop(0), stop(stops.length().saturating_sub(1))) else { return };
    let focused = dialog.owner_document().and_then(|document| document.active_element());
    let (edge, other) = if event.shift_key() { (first, last) } else { (last, first) };
    if focused.as_ref() == Some(&edge) {
        event.prevent_default();
        let _ = other.focus();
    }
}
