//! What the page knows: pure reducers, and the handles by which the rest reads and changes it.

pub mod auth;
mod handle;
pub mod tabs;
pub mod toasts;
pub mod trace;

pub use handle::AuthStore;
