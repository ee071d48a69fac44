//! What pages share: the client in context, the session's upkeep, titles, the clock.

mod use_auth_session_expiry;
mod use_client;
mod use_link;
mod use_now;
mod use_page;
mod use_pages;
mod use_return;
pub mod use_session_keeper;
mod use_toasts;
mod use_work;

pub use use_auth_session_expiry::use_auth_session_expiry;
pub use use_client::{ClientProvider, use_client};
pub use use_link::{Link, use_link};
pub use use_now::use_server_now;
pub use use_page::{Focus, use_page};
pub use use_pages::{Page, Pages, use_pages};
pub use use_return::use_return;
pub use use_session_keeper::use_session_keeper;
pub use use_toasts::{ToastProvider, Toaster, use_toasts};
pub use use_work::{Work, use_work};
