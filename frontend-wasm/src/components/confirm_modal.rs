//! A question before something is done that is not easily undone.

use yew::prelude::*;

use super::Modal;

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
    /// Whether it takes nothing from anybody, so that its button need not warn.
    #[prop_or_default]
    pub is_harmless: bool,
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

/// Asks, and shows the work and its errors. It begins on the button that does no harm.
#[component]
pub fn ConfirmModal(props: &ConfirmModalProps) -> Html {
    // What the server is doing cannot be taken back, nor need it be asked for twice.
    let unless_busy = |deed: &Callback<()>| {
        let deed = if props.is_busy { Callback::noop() } else { deed.clone() };
        deed.reform(|_: MouseEvent| ())
    };
    let part = |name: &str| format!("{}-{name}", props.id);
    let is_busy = props.is_busy.then_some("true");
    let children = html! {
        <>
            <p id={part("alert")} role="alert" class={classes!(props.error.is_some().then_some("alert"))}>
                { props.error.clone().unwrap_or_default() }
            </p>
            <div class="actions" aria-busy={is_busy}>
                <button
                    id={part("cancel")} type="button" class="button" onclick={unless_busy(&props.on_cancel)}
                    aria-disabled={is_busy}
                >
                    { "Cancel" }
                </button>
                <button
                    id={part("confirm")} type="button"
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
        </>
    };
    html! {
        <Modal
            id={props.id.clone()} is_open={props.is_open} title={props.title.clone()}
            body={props.body.clone()} first={format!("#{}-cancel", props.id)} is_busy={props.is_busy}
            on_cancel={props.on_cancel.clone()} {children}
        />
    }
}
