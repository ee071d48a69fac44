//! The links to the main pages, in the header.

use yew::prelude::*;
use yew_router::prelude::*;

use crate::route::Route;

/// Props of [`Nav`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct NavProps {
    /// The current route.
    pub route: Route,
}

/// Home and account, with the current one marked.
#[component]
pub fn Nav(props: &NavProps) -> Html {
    let navigator = use_navigator();
    let link = |id: &'static str, to: Route, label: &'static str| {
        let current = match (to, props.route) {
            (to, route) if to == route => Some("page"),
            (
                Route::Account,
                Route::Security | Route::Audit | Route::Profile | Route::Sessions | Route::Members,
            ) => Some("true"),
            _ => None,
        };
        let navigator = navigator.clone();
        let onclick = move |event: MouseEvent| {
            // With a modifier key the browser handles the click, for example by opening a new tab.
            let is_plain = !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
            if let Some(navigator) = navigator.as_ref().filter(|_| is_plain) {
                event.prevent_default();
                navigator.push(&to);
            }
        };
        html! { <a {id} href={to.to_path()} aria-current={current} {onclick}>{ label }</a> }
    };
    html! {
        <nav class="nav" aria-label="Main">
            { link("nav-home", Route::Home, "Home") }
            { link("nav-account", Route::Account, "Account") }
        </nav>
    }
}
