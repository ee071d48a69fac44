//! A question before something is done that cannot be taken back.

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

use crate::hooks::use_modal;

/// Props of [`ConfirmModal`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ConfirmModalProps {
    /// The id of the dialog; its parts have the same with `-title`, `-body`, `-alert`, `-cancel`, `-confirm` after it.
    pub id: AttrValue,
    /// Whether it asks.
    pub is_open: bool,
    /// The question.
    pub title: AttrValue,
    /// What will happen.
    pub body: AttrValue,
    /// What the button does.
    pub confirm: AttrValue,
    /// The same while it is being done.
    pub busy: AttrValue,
    /// Whether it is being done.
    #[prop_or_default]
    pub is_busy: bool,
    /// Why it did not come about.
    #[prop_or_default]
    pub error: Option<AttrValue>,
    /// Called once it is confirmed.
    pub on_confirm: Callback<()>,
    /// Called when somebody thinks better of it.
    pub on_cancel: Callback<()>,
}

/// Asks, and shows the work and its errors. The native dialog makes the rest of the page inert and
/// gives the focus back; it begins on the button that does no harm.
#[component]
pub fn ConfirmModal(props: &ConfirmModalProps) -> Html {
    let dialog = use_modal(props.is_open, format!("#{}-cancel", props.id));

    let on_cancel = {
        let (on_cancel, is_busy) = (props.on_cancel.clone(), props.is_busy);
        // What the server is doing cannot be taken back.
        Callback::from(move |()| {
            if !is_busy {
                on_cancel.emit(());
            }
        })
    };
    let onkeydown = {
        let (on_cancel, dialog) = (on_cancel.clone(), dialog.clone());
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Escape" => {
                event.prevent_default();
                on_cancel.emit(());
            }
            "Tab" => keep_inside(&dialog, &event),
            _ => {}
        })
    };
    // Escape, by whatever means the device has.
    let oncancel = {
        let on_cancel = on_cancel.clone();
        Callback::from(move |event: Event| {
            event.prevent_default();
            on_cancel.emit(());
        })
    };
    let onclick = {
        let (on_confirm, is_busy) = (props.on_confirm.clone(), props.is_busy);
        Callback::from(move |_: MouseEvent| {
            if !is_busy {
                on_confirm.emit(());
            }
        })
    };
    let part = |name: &str| format!("{}-{name}", props.id);
    let is_busy = props.is_busy.then_some("true");

    html! {
        <dialog
            ref={dialog} id={props.id.clone()} class="modal" {onkeydown} {oncancel}
            aria-labelledby={part("title")} aria-describedby={part("body")}
        >
            <h2 id={part("title")}>{ &props.title }</h2>
            <p id={part("body")}>{ &props.body }</p>
            <p id={part("alert")} role="alert" class={classes!(props.error.is_some().then_some("alert"))}>
                { props.error.clone().unwrap_or_default() }
            </p>
            <div class="actions" aria-busy={is_busy}>
                <button
                    id={part("cancel")} type="button" class="button"
                    onclick={on_cancel.reform(|_| ())} aria-disabled={is_busy}
                >
                    { "Cancel" }
                </button>
                <button
                    id={part("confirm")} type="button" class="button danger" {onclick} aria-disabled={is_busy}
                >
                    if props.is_busy {
                        <span class="spinner" aria-hidden="true"></span>{ &props.busy }
                    } else {
                        { &props.confirm }
                    }
                </button>
            </div>
        </dialog>
    }
}

/// Leads the focus from the last button to the first and back, past the browser's own controls.
fn keep_inside(dialog: &NodeRef, event: &KeyboardEvent) {
    let Some(dialog) = dialog.cast::<HtmlElement>() else { return };
    let Ok(buttons) = dialog.query_selector_all("button") else { return };
    let button = |at| buttons.get(at).and_then(|it| it.dyn_into::<HtmlElement>().ok());
    let (Some(first), Some(last)) = (button(0), button(buttons.length().saturating_sub(1))) else { return };
    let focused = dialog.owner_document().and_then(|document| document.active_element());
    let (edge, other) = if event.shift_key() { (first, last) } else { (last, first) };
    if focused.as_ref() == Some(&edge) {
        event.prevent_default();
        let _ = other.focus();
    }
}
