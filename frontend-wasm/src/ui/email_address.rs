//! An email address within a text.

use yew::prelude::*;

/// An address that breaks only before its `@` or after a full stop.
pub fn email_address(address: &str) -> Html {
    let part = |part: &str| match part.split_once('@') {
        Some((local, domain)) => html! { <>{ local }<wbr />{ "@" }{ domain }<wbr /></> },
        None => html! { <>{ part }<wbr /></> },
    };
    html! { <>{ for address.split_inclusive('.').map(part) }</> }
}
