//! An input for one of the two limits, in minutes.

use curfew_shared::policy::Range;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::draft::parse;
use crate::ui::duration_text::minutes_in_words;

/// Props of [`MinutesField`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct MinutesFieldProps {
    /// The id of the input and its name in the request.
    pub field: &'static str,
    pub label: &'static str,
    pub range: Range,
    /// The limit if the input is empty.
    pub default: u32,
    pub value: AttrValue,
    pub is_disabled: bool,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    /// Called with what is typed.
    pub on_input: Callback<String>,
    /// Called when the input is left.
    pub on_change: Callback<()>,
}

/// The input, its value as a duration, its bounds and its error.
#[component]
pub fn MinutesField(props: &MinutesFieldProps) -> Html {
    let MinutesFieldProps { field, label, range, default, .. } = *props;
    let oninput = {
        let on_input = props.on_input.clone();
        move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                on_input.emit(input.value());
            }
        }
    };
    let reading = match parse(&props.value) {
        Ok(Some(minutes)) => format!("minutes = {}", minutes_in_words(minutes)),
        Ok(None) => format!("minutes; empty for the default, {}", minutes_in_words(default)),
        Err(()) => "minutes".into(),
    };
    let limits = format!("{} to {}.", minutes_in_words(range.min), minutes_in_words(range.max));
    let described_by = format!(
        "{field}-reading {field}-limits{}",
        if props.error.is_some() { format!(" {field}-error") } else { String::new() }
    );
    html! {
        <div class="field">
            <label for={field}>{ label }</label>
            <div class="number">
                <div class="input">
                    <input
                        id={field} name={field} type="text" inputmode="numeric" autocomplete="off" maxlength="9"
                        value={&props.value} disabled={props.is_disabled} {oninput}
                        onchange={props.on_change.reform(|_: Event| ())}
                        aria-invalid={props.error.is_some().then_some("true")} aria-describedby={described_by}
                    />
                </div>
                <span id={format!("{field}-reading")} class="reading">{ reading }</span>
            </div>
            <p id={format!("{field}-limits")} class="hint">{ limits }</p>
            if let Some(error) = &props.error {
                <p id={format!("{field}-error")} class="error">{ error }</p>
            }
        </div>
    }
}
