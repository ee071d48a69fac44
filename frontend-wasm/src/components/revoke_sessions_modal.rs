//! The question before sessions are ended in bulk.

use curfew_shared::security::RevokeScope;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement};
use yew::prelude::*;

use crate::length::people;

/// Props of [`RevokeSessionsModal`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct RevokeSessionsModalProps {
    /// Whose sessions are to end; `None` while nothing is asked.
    pub scope: Option<RevokeScope>,
    /// How many people other than the one who is asked have live sessions.
    pub others: u64,
    /// Whether the sessions are being ended.
    #[prop_or_default]
    pub is_busy: bool,
    /// Why that did not come about.
    #[prop_or_default]
    pub error: Option<AttrValue>,
    /// Called once it is confirmed.
    pub on_confirm: Callback<()>,
    /// Called when somebody thinks better of it.
    pub on_cancel: Callback<()>,
}

struct Words {
    title: &'static str,
    body: String,
    confirm: String,
}

/// Asks, says to how many it will happen, and shows the work and its errors. The native dialog makes
/// the rest of the page inert and gives the focus back; it begins on the button that does no harm.
#[component]
pub fn RevokeSessionsModal(props: &RevokeSessionsModalProps) -> Html {
    let dialog = use_node_ref();
    let cancel = use_node_ref();
    // What was asked last stays while the dialog closes.
    let asked = use_mut_ref(RevokeScope::default);
    if let Some(scope) = props.scope {
        *asked.borrow_mut() = scope;
    }
    {
        let (dialog, cancel) = (dialog.clone(), cancel.clone());
        use_effect_with(props.scope.is_some(), move |is_open| {
            let Some(dialog) = dialog.cast::<HtmlDialogElement>() else { return };
            if *is_open && !dialog.open() {
                // Fails only where the dialog is not on the page.
                let _ = dialog.show_modal();
                if let Some(cancel) = cancel.cast::<HtmlElement>() {
                    let _ = cancel.focus();
                }
            } else if !*is_open {
                dialog.close();
            }
        });
    }

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
    let words = words(*asked.borrow(), props.others);
    let is_busy = props.is_busy.then_some("true");

    html! {
        <dialog
            ref={dialog} id="revoke-sessions" class="modal" {onkeydown} {oncancel}
            aria-labelledby="revoke-sessions-title" aria-describedby="revoke-sessions-body"
        >
            <h2 id="revoke-sessions-title">{ words.title }</h2>
            <p id="revoke-sessions-body">{ words.body }</p>
            <p id="revoke-sessions-alert" role="alert" class={classes!(props.error.is_some().then_some("alert"))}>
                { props.error.clone().unwrap_or_default() }
            </p>
            <div class="actions" aria-busy={is_busy}>
                <button
                    ref={cancel} id="revoke-sessions-cancel" type="button" class="button"
                    onclick={on_cancel.reform(|_| ())} aria-disabled={is_busy}
                >
                    { "Cancel" }
                </button>
                <button
                    id="revoke-sessions-confirm" type="button" class="button danger" {onclick} aria-disabled={is_busy}
                >
                    if props.is_busy {
                        <span class="spinner" aria-hidden="true"></span>{ "Signing out…" }
                    } else {
                        { words.confirm }
                    }
                </button>
            </div>
        </dialog>
    }
}

fn words(scope: RevokeScope, others: u64) -> Words {
    match (scope, others) {
        (RevokeScope::Others, _) => Words {
            title: "Sign out everyone except you?",
            body: format!(
                "{} will be signed out at once, on every device, and may lose what they have not saved. You stay \
                 signed in, here and on your other devices.",
                people(others)
            ),
            confirm: format!("Sign out {}", people(others)),
        },
        (RevokeScope::All, 0) => Words {
            title: "Sign out everywhere?",
            body: "Nobody but you is signed in. You will be signed out at once, on this and every other device, and \
                   have to sign in again."
                .into(),
            confirm: "Sign me out everywhere".into(),
        },
        (RevokeScope::All, _) => Words {
            title: "Sign out everyone, yourself included?",
            body: format!(
                "You and {} will be signed out at once, on every device, and may lose what is not saved. Everybody, \
                 you too, has to sign in again.",
                if others == 1 { "1 other person".into() } else { format!("{others} other people") }
            ),
            confirm: format!("Sign out all {}", people(others + 1)),
        },
    }
}

/// Leads the focus from the last button to the first and back, past the browser's own controls.
fn keep_inside(dialog: &NodeRef, event: &KeyboardEvent) {
    let Some(dialog) = dialog.cast::<HtmlElement>() else { return };
    let button = |selector| {
        dialog.query_selector(selector).ok().flatten().and_then(|it| it.dyn_into::<HtmlElement>().ok())
    };
    let (Some(first), Some(last)) = (button("button:first-of-type"), button("button:last-of-type")) else {
        return;
    };
    let focused = dialog.owner_document().and_then(|document| document.active_element());
    let (edge, other) = if event.shift_key() { (first, last) } else { (last, first) };
    if focused.as_ref() == Some(&edge) {
        event.prevent_default();
        let _ = other.focus();
    }
}
