//! The screen after a panic: a message and a button to reload, in place of a page that no longer reacts.

use std::panic;

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, console};

use crate::browser::dom;

/// Logs every panic and shows the screen. Without it a panic would leave a dead page.
pub fn install() {
    panic::set_hook(Box::new(|panic| {
        console::error_1(&panic.to_string().into());
        if let Some(root) = dom::find("#app") {
            show(&root);
        }
    }));
}

/// Replaces the content of `root` with the screen. It is built without Yew, whose state is unknown by now. Does nothing
/// outside a document.
pub fn show(root: &Element) {
    // A failure here cannot be reported any more.
    let _ = render(root);
}

fn render(root: &Element) -> Result<(), JsValue> {
    let document = root.owner_document().ok_or(JsValue::UNDEFINED)?;
    let element = |name: &str, text: &str| -> Result<HtmlElement, JsValue> {
        let element = document.create_element(name)?;
        element.set_text_content(Some(text));
        Ok(element.dyn_into()?)
    };
    let title = element("h1", "Something went wrong")?;
    title.set_tab_index(-1);
    let text = element("p", "This is a fault of Curfew, not yours. Reload the page to continue.")?;
    text.set_class_name("lead");
    let button = element("button", "Reload")?;
    button.set_id("reload");
    button.set_class_name("button primary");
    button.set_onclick(Some(&reload()?));
    let screen = element("main", "")?;
    screen.set_id("crash");
    screen.set_attribute("role", "alert")?;
    screen.append_with_node_3(&title, &text, &button)?;
    screen.set_class_name("start");
    root.replace_children_with_node_1(&screen);
    title.focus()
}

/// The browser's own `location.reload`, since no code of the page can be trusted to run any more.
fn reload() -> Result<Function, JsValue> {
    let location = web_sys::window().ok_or(JsValue::UNDEFINED)?.location();
    let reload: Function = Reflect::get(&location, &"reload".into())?.dyn_into()?;
    Ok(reload.bind0(&location))
}
