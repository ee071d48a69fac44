//! The logo: a crescent moon.

use yew::prelude::*;

/// The logo, as decoration beside the name.
pub fn logo() -> Html {
    html! {
        <svg class="logo" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
            <rect class="logo-ground" width="24" height="24" rx="7" />
            <path class="logo-moon" d="M16.9 14.6A6.3 6.3 0 0 1 9.4 7.1a6.3 6.3 0 1 0 7.5 7.5Z" />
        </svg>
    }
}
