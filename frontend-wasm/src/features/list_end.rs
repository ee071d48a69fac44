//! The end of a list: its wait and its failure, and the button for more.

use yew::prelude::*;

use super::{
    messages,
    use_cursor_list::{CursorList, CursorPage},
};
use crate::ui::{action_button::ActionButton, loading::Loading};

/// What stands below `list`. The ids of the wait and of its failure begin with `name`; the button has the id
/// `more_id`.
pub fn list_end<P: CursorPage>(name: &'static str, more_id: &'static str, list: &CursorList<P>) -> Html {
    let on_load_more = {
        let list = list.clone();
        Callback::from(move |()| list.load_more())
    };
    let failure = list.failure().map(|failure| messages::not_listed(failure, list.is_stale()));
    html! {
        <>
            <Loading {name} is_busy={list.is_busy()} {failure} on_retry={&on_load_more} />
            if list.has_more() {
                <ActionButton id={more_id} label="Load more" is_busy={list.is_busy()} on_press={on_load_more} />
            }
        </>
    }
}
