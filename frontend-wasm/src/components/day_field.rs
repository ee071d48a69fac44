//! An input for a day that reports the day when it is complete, not at every digit.

use std::cell::Cell;

use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Props of [`DayField`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct DayFieldProps {
    /// The id of the input.
    pub id: &'static str,
    /// The label.
    pub label: &'static str,
    /// The day as `2026-11-23`; empty for none.
    pub day: String,
    /// What is wrong with the day, if anything is.
    pub error: Option<&'static str>,
    /// Called with another day, or with nothing where the day was taken out.
    pub on_day: Callback<String>,
}

/// A labelled input for a day, with what is wrong beside it.
#[component]
pub fn DayField(props: &DayFieldProps) -> Html {
    let input = use_node_ref();
    let is_incomplete = use_state(|| false);
    // While somebody types, the browser reports the years 2, 20 and 202 before 2026.
    let is_typing = use_state(|| Cell::new(false));
    {
        // Not bound as an attribute: a render would overwrite what is half typed.
        let input = input.clone();
        use_effect_with(props.day.clone(), move |day| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                input.set_value(day);
            }
        });
    }
    let report = {
        let (input, day, on_day) = (input.clone(), props.day.clone(), props.on_day.clone());
        let (is_typing, is_incomplete) = (is_typing.clone(), is_incomplete.clone());
        Callback::from(move |()| {
            is_typing.replace(false);
            let Some(input) = input.cast::<HtmlInputElement>() else { return };
            let is_valid = input.check_validity();
            if *is_incomplete == is_valid {
                is_incomplete.set(!is_valid);
            }
            if is_valid && input.value() != day {
                on_day.emit(input.value());
            }
        })
    };
    let onchange = {
        let (report, is_typing) = (report.clone(), is_typing.clone());
        Callback::from(move |_: Event| {
            if !is_typing.get() {
                report.emit(());
            }
        })
    };
    let onkeydown = {
        let report = report.clone();
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Enter" => report.emit(()),
            // These open the calendar, in which a day is chosen as a whole.
            " " | "F4" => {}
            _ if event.alt_key() => {}
            _ => {
                is_typing.replace(true);
            }
        })
    };
    let onblur = report.reform(|_: FocusEvent| ());
    let error = if *is_incomplete { Some("Enter a whole date.") } else { props.error };
    let error_id = [props.id, "-error"].concat();
    html! {
        <div class="field">
            <label for={props.id}>{ props.label }</label>
            <input
                ref={input} id={props.id} type="date" min="1970-01-01" max="9999-12-31" {onchange} {onkeydown} {onblur}
                aria-invalid={error.map(|_| "true")}
                aria-describedby={error.map(|_| error_id.clone())}
            />
            if let Some(error) = error {
                <p id={error_id} class="error">{ error }</p>
            }
        </div>
    }
}
