//! A button for something that takes the server a while.

use yew::prelude::*;

/// Props of [`ActionButton`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ActionButtonProps {
    pub id: AttrValue,
    #[prop_or("button".into())]
    pub class: AttrValue,
    pub label: AttrValue,
    /// Shows a spinner. The button still reports presses; whoever handles them ignores a second one.
    #[prop_or_default]
    pub is_busy: bool,
    pub on_press: Callback<()>,
}

/// The button. It keeps the focus while it is busy.
#[component]
pub fn ActionButton(props: &ActionButtonProps) -> Html {
    html! {
        <button
            id={&props.id} type="button" class={&props.class}
            onclick={props.on_press.reform(|_: MouseEvent| ())}
            aria-disabled={props.is_busy.then_some("true")}
        >
            if props.is_busy {
                <span class="spinner" aria-hidden="true"></span>
            }
            { &props.label }
        </button>
    }
}
