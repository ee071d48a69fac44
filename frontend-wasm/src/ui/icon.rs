//! Icons, as decoration beside a text.

use yew::prelude::*;

/// A path in a square of 24 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icon(&'static str);

impl Icon {
    pub const SHIELD: Self =
        Self("M12 2.5 4.5 5.3v6.2c0 4.6 3.1 8.2 7.5 10 4.4-1.8 7.5-5.4 7.5-10V5.3ZM8.6 11.9l2.4 2.4 4.5-4.6");
    pub const PERSON: Self =
        Self("M12 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 20.5c.7-3.9 3.9-6 8-6s7.3 2.1 8 6");
    pub const SCREEN: Self = Self("M3.5 4.5h17v11.5h-17ZM8.5 20h7M12 16v4");
    pub const PEOPLE: Self = Self(
        "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 19.5c.5-3.4 3.1-5.3 6.5-5.3s6 1.9 6.5 5.3\
         M15.5 4.3a3.4 3.4 0 0 1 0 6.5M17.8 14.7c2 .7 3.3 2.4 3.7 4.8",
    );
    pub const LINES: Self = Self("M4 6h.01M8.5 6H20M4 12h.01M8.5 12H20M4 18h.01M8.5 18H20");
}

/// The icon, hidden from screen readers.
pub fn icon(icon: Icon) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true" focusable="false">
            <path d={icon.0} />
        </svg>
    }
}
