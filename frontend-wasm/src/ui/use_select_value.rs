//! The value of a select.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// A reference for a select that shows `value` among so many options. Marking an option as selected has no effect once
/// the person has chosen one, so the value is set on the element.
#[hook]
pub(crate) fn use_select_value(value: AttrValue, options: usize) -> NodeRef {
    let select = use_node_ref();
    {
        let select = select.clone();
        use_effect_with((value, options), move |(value, _)| {
            if let Some(select) = select.cast::<HtmlSelectElement>() {
                select.set_value(value);
            }
        });
    }
    select
}
