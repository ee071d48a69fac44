//! Props in, Html out. Components know neither the store nor the API.

mod banner;
mod field;
mod layout;
mod logo;
mod moment;
mod sign_in_form;
mod start_screen;

pub use banner::{Banner, BannerProps};
pub use field::{Field, FieldProps};
pub use layout::{Layout, LayoutProps, SignOutState};
pub use logo::Logo;
pub use moment::{Moment, MomentProps};
pub use sign_in_form::{Credentials, SignInForm, SignInFormProps};
pub use start_screen::{StartScreen, StartScreenProps};
