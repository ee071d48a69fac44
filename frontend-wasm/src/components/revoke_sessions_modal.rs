//! The question before sessions are ended in bulk.

use curfew_shared::security::RevokeScope;
use yew::prelude::*;

use super::ConfirmModal;
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

/// Asks, says to how many it will happen, and shows the work and its errors.
#[component]
pub fn RevokeSessionsModal(props: &RevokeSessionsModalProps) -> Html {
    // While nothing is asked the dialog is closed, and nobody reads what it says.
    let words = words(props.scope.unwrap_or_default(), props.others);
    html! {
        <ConfirmModal
            id="revoke-sessions" is_open={props.scope.is_some()} title={words.title} body={words.body}
            confirm={words.confirm} busy="Signing out…" is_busy={props.is_busy} error={props.error.clone()}
            on_confirm={props.on_confirm.clone()} on_cancel={props.on_cancel.clone()}
        />
    }
}

fn words(scope: RevokeScope, others: u64) -> Words {
    match (scope, others) {
        (RevokeScope::Others, 0) => Words {
            title: "Sign out everyone except you?",
            body: "Nobody but you is signed in any more.".into(),
            confirm: "Sign out everyone else".into(),
        },
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
