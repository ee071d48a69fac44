//! The question before sessions are ended in bulk.

use curfew_shared::security::RevokeScope;
use yew::prelude::*;

use crate::ui::{confirm_modal::ConfirmModal, duration_text::people};

/// Props of [`RevokeSessionsModal`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct RevokeSessionsModalProps {
    /// The sessions to end; `None` while the dialog is closed.
    pub scope: Option<RevokeScope>,
    /// How many other people are signed in.
    pub others: u64,
    #[prop_or_default]
    pub is_busy: bool,
    /// Why the sessions could not be ended.
    #[prop_or_default]
    pub error: Option<AttrValue>,
    pub on_confirm: Callback<()>,
    pub on_cancel: Callback<()>,
}

struct Texts {
    title: &'static str,
    body: String,
    confirm: String,
}

/// Asks, says how many people are affected, and shows progress and errors.
#[component]
pub fn RevokeSessionsModal(props: &RevokeSessionsModalProps) -> Html {
    // While the dialog is closed, nobody reads its text.
    let texts = texts(props.scope.unwrap_or_default(), props.others);
    html! {
        <ConfirmModal
            id="revoke-sessions" is_open={props.scope.is_some()} title={texts.title} body={texts.body}
            confirm={texts.confirm} busy="Signing out…" is_busy={props.is_busy} error={props.error.clone()}
            on_confirm={props.on_confirm.clone()} on_cancel={props.on_cancel.clone()}
        />
    }
}

fn texts(scope: RevokeScope, others: u64) -> Texts {
    match (scope, others) {
        (RevokeScope::Others, 0) => Texts {
            title: "Sign out everyone except you?",
            body: "Nobody else is signed in.".into(),
            confirm: "Sign out everyone else".into(),
        },
        (RevokeScope::Others, _) => Texts {
            title: "Sign out everyone except you?",
            body: format!(
                "{} will be signed out at once, on every device, and may lose what they have not saved. You stay \
                 signed in, here and on your other devices.",
                people(others)
            ),
            confirm: format!("Sign out {}", people(others)),
        },
        (RevokeScope::All, 0) => Texts {
            title: "Sign out everywhere?",
            body: "Nobody but you is signed in. You will be signed out at once, on this and every other device, and \
                   have to sign in again."
                .into(),
            confirm: "Sign me out everywhere".into(),
        },
        (RevokeScope::All, _) => Texts {
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
