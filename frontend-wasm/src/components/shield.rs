//! A shield, for what keeps the account safe.

use yew::prelude::*;

/// A shield, as decoration beside a heading.
pub fn shield() -> Html {
    html! {
        <svg class="icon" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true" focusable="false">
            <path d="M12 2.5 4.5 5.3v6.2c0 4.6 3.1 8.2 7.5 10 4.4-1.8 7.5-5.4 7.5-10V5.3L12 2.5Z" />
            <path d="m8.6 11.9 2.4 2.4 4.5-4.6" />
        </svg>
    }
}
