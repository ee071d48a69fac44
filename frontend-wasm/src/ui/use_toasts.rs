//! The toasts in context, so that every component can show one.

use yew::prelude::*;

use crate::ui::toasts::{Toast, ToastAction, Toasts};

/// How long the last toast before the page is cleared can be read, in milliseconds.
pub const FAREWELL_MS: u32 = 1_500;

/// Shows toasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Toaster(UseReducerHandle<Toasts>);

impl Toaster {
    pub fn show(&self, text: impl Into<AttrValue>) {
        self.0.dispatch(ToastAction::Show(text.into()));
    }

    /// Shows `text` now, in place of every other toast.
    pub fn show_now(&self, text: impl Into<AttrValue>) {
        self.0.dispatch(ToastAction::ShowNow(text.into()));
    }

    pub fn dismiss(&self, id: u32) {
        self.0.dispatch(ToastAction::Dismiss(id));
    }

    /// The toast to show.
    pub fn current(&self) -> Option<&Toast> {
        self.0.current()
    }
}

/// Props of [`ToastProvider`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ToastProviderProps {
    pub children: Html,
}

/// Lets every component below it show toasts.
#[component]
pub fn ToastProvider(props: &ToastProviderProps) -> Html {
    let toaster = Toaster(use_reducer_eq(Toasts::default));
    html! {
        <ContextProvider<Toaster> context={toaster}>{ props.children.clone() }</ContextProvider<Toaster>>
    }
}

/// Shows toasts.
///
/// # Panics
/// Outside a [`ToastProvider`], which would be a mistake in the page's own tree.
#[hook]
pub fn use_toasts() -> Toaster {
    match use_context::<Toaster>() {
        Some(toaster) => toaster,
        None => unreachable!("the page is wrapped in a ToastProvider"),
    }
}
