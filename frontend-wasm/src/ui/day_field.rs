//! An input for a day. It reports the day when that is complete, not at every digit.

use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Props of [`DayField`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct DayFieldProps {
    pub id: &'static str,
    pub label: &'static str,
    /// The day as `2026-11-23`; empty for none.
    pub day: String,
    #[prop_or_default]
    pub error: Option<&'static str>,
    /// Called with another day, or with an empty text if the day was removed.
    pub on_day: Callback<String>,
}

/// A labelled input for a day, with its error.
#[component]
pub fn DayField(props: &DayFieldProps) -> Html {
    let input = use_node_ref();
    let is_incomplete = use_state(|| false);
    // While a year is typed, the browser reports 2, 20 and 202 before 2026.
    let is_typing = use_mut_ref(|| false);
    {
        // Not bound as an attribute: a render would overwrite a half-typed day.
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
            if !*is_typing.borrow() {
                report.emit(());
            }
        })
    };
    let onkeydown = {
        let report = report.clone();
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Enter" => report.emit(()),
            // These open the calendar, where a day is chosen as a whole.
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
