//! An e-mail address among words.

use yew::prelude::*;

/// An address that breaks before its `@`, if it must break at all.
pub fn email_address(address: &str) -> Html {
    match address.rsplit_once('@') {
        Some((local, domain)) => html! { <>{ local }<wbr />{ "@" }{ domain }</> },
        None => html! { address },
    }
}
