//! What a select shows.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// A select that shows `value` among so many options. A person's choice stays with the element: which option is
/// marked says nothing after it.
#[hook]
pub(super) fn use_chosen(value: AttrValue, options: usize) -> NodeRef {
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
