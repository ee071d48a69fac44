//! An e-mail address among words.

use yew::prelude::*;

/// An address that breaks before its `@` or after a full stop, if it must break at all.
pub fn email_address(address: &str) -> Html {
    let part = |part: &str| match part.split_once('@') {
        Some((local, domain)) => html! { <>{ local }<wbr />{ "@" }{ domain }<wbr /></> },
        None => html! { <>{ part }<wbr /></> },
    };
    html! { <>{ for address.split_inclusive('.').map(part) }</> }
}
