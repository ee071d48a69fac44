//! One a route: they join hooks and components.

mod home;
mod login;
mod not_found;
mod words;

pub use home::Home;
pub use login::Login;
pub use not_found::NotFound;
pub use words::connection_notice;
