//! Short messages, in context: whoever has done something says so here.

use yew::prelude::*;

use crate::store::toasts::{Toast, ToastAction, Toasts};

/// Says things in short messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Toaster(UseReducerHandle<Toasts>);

impl Toaster {
    /// Says `text`.
    pub fn say(&self, text: impl Into<AttrValue>) {
        self.0.dispatch(ToastAction::Say(text.into()));
    }

    /// Says `text` now, in place of whatever is being said or waits.
    pub fn say_at_once(&self, text: impl Into<AttrValue>) {
        self.0.dispatch(ToastAction::SayAtOnce(text.into()));
    }

    /// Takes the message away.
    pub fn dismiss(&self, id: u32) {
        self.0.dispatch(ToastAction::Dismiss(id));
    }

    /// The message to show.
    #[must_use]
    pub fn current(&self) -> Option<&Toast> {
        self.0.current()
    }
}

/// Props of [`ToastProvider`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ToastProviderProps {
    /// What may say something.
    pub children: Html,
}

/// Lets everything below it say things in short messages.
#[component]
pub fn ToastProvider(props: &ToastProviderProps) -> Html {
    let toaster = Toaster(use_reducer_eq(Toasts::default));
    html! {
        <ContextProvider<Toaster> context={toaster}>{ props.children.clone() }</ContextProvider<Toaster>>
    }
}

/// Says things in short messages.
///
/// # Panics
/// Outside a [`ToastProvider`], which is a mistake in the page's own tree.
#[hook]
pub fn use_toasts() -> Toaster {
    match use_context::<Toaster>() {
        Some(toaster) => toaster,
        None => unreachable!("the page is wrapped in a ToastProvider"),
    }
}
