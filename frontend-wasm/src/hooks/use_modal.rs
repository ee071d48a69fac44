//! What opens and closes a dialog that makes the rest of the page inert.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use crate::browser::page;

/// Keeps the dialog that the answer refers to open for as long as `is_open`, and gives the focus to the
/// first element that matches `first` when it opens.
#[hook]
pub fn use_modal(is_open: bool, first: String) -> NodeRef {
    let dialog = use_node_ref();
    let node = dialog.clone();
    use_effect_with(is_open, move |&is_open| {
        let dialog = node.cast::<HtmlDialogElement>().filter(|_| is_open);
        if let Some(dialog) = &dialog {
            page::open_modal(dialog);
            page::focus(&first);
        }
        move || {
            if let Some(dialog) = dialog {
                page::close_modal(&dialog);
            }
        }
    });
    dialog
}
