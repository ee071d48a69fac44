//! A question before something that is not easily undone.

use yew::prelude::*;

use super::modal::Modal;

/// Props of [`ConfirmModal`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ConfirmModalProps {
    /// The id of the dialog; its parts have the same with `-title`, `-body`, `-alert`, `-cancel`, `-confirm` after it.
    pub id: AttrValue,
    pub is_open: bool,
    /// The question.
    pub title: AttrValue,
    /// The consequences.
    pub body: AttrValue,
    /// The label of the button that confirms.
    pub confirm: AttrValue,
    /// Whether nobody loses anything, so that the button need not warn.
    #[prop_or_default]
    pub is_harmless: bool,
    /// The label of the button while the action is under way.
    pub busy: AttrValue,
    #[prop_or_default]
    pub is_busy: bool,
    /// Why the action failed.
    #[prop_or_default]
    pub error: Option<AttrValue>,
    pub on_confirm: Callback<()>,
    pub on_cancel: Callback<()>,
}

/// Asks, and shows progress and errors. The focus begins on the button that does no harm.
#[component]
pub fn ConfirmModal(props: &ConfirmModalProps) -> Html {
    // An action that is under way cannot be cancelled, and need not be confirmed twice.
    let unless_busy = |callback: &Callback<()>| {
        let callback = if props.is_busy { Callback::noop() } else { callback.clone() };
        callback.reform(|_: MouseEvent| ())
    };
    let id = |suffix: &str| format!("{}-{suffix}", props.id);
    let is_busy = props.is_busy.then_some("true");
    html! {
        <Modal
            id={&props.id} is_open={props.is_open} title={&props.title} body={&props.body}
            initial_focus={format!("#{}", id("cancel"))} is_busy={props.is_busy} on_cancel={&props.on_cancel}
        >
            <p id={id("alert")} role="alert" class={classes!(props.error.is_some().then_some("alert"))}>
                { props.error.clone().unwrap_or_default() }
            </p>
            <div class="actions" aria-busy={is_busy}>
                <button
                    id={id("cancel")} type="button" class="button" onclick={unless_busy(&props.on_cancel)}
                    aria-disabled={is_busy}
                >
                    { "Cancel" }
                </button>
                <button
                    id={id("confirm")} type="button"
                    class={if props.is_harmless { "button primary" } else { "button danger" }}
                    onclick={unless_busy(&props.on_confirm)} aria-disabled={is_busy}
                >
                    if props.is_busy {
                        <span class="spinner" aria-hidden="true"></span>{ &props.busy }
                    } else {
                        { &props.confirm }
                    }
                </button>
            </div>
        </Modal>
    }
}
