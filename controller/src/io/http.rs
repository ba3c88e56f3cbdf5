//! HTTP: REST under `/api/v1`, pages for people, assets. It asks the [`Controller`] and decides nothing itself.
//!
//! [`routes`] is the one table of what there is; [`gate`] is what every request passes on its way: host, setup,
//! sign-in, origin, form token, size, idempotency. [`api`] answers programs, [`page`] answers people.

use crate::{
    controller::Controller,
    io::{
        random::RandomError,
        store::{
            StoreError, idempotency,
            sign_in::{self, SignInError},
        },
    },
};
use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{net::TcpListener, sync::watch};

mod answer;
pub mod api;
mod assets;
mod codes;
mod gate;
mod listen;
mod page;
mod read;
mod routes;

pub use codes::CODES;

/// How the web server is set up.
pub struct HttpOptions {
    /// Names by which it may be addressed, beside loopback, the machine's own name and the address that a connection
    /// came in on. Without port.
    pub allowed_hosts: Vec<String>,
    /// Whether browsers reach it by HTTPS: with our own TLS, or with that of a proxy in front.
    pub https: bool,
    /// Is given the setup token when nobody can sign in yet; it is said to nobody else.
    pub announce: Box<dyn Fn(&str) + Send + Sync>,
}

/// Why the web server did not start.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Accounts and tokens.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No setup token could be made.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// What every request can see.
#[derive(Clone)]
struct App {
    inner: Arc<Inner>,
}

struct Inner {
    controller: Controller,
    allowed_hosts: Vec<String>,
    https: bool,
    /// Whether anybody can sign in; once true it stays so.
    set_up: AtomicBool,
    /// SHA-256 in hexadecimal of the setup token of this run.
    setup_token: String,
    attempts: Mutex<gate::rate::Attempts>,
    /// True when the server is about to stop: streams end.
    closing: watch::Receiver<bool>,
}

impl App {
    async fn new(
        controller: Controller,
        options: HttpOptions,
        closing: watch::Receiver<bool>,
    ) -> Result<Self, HttpError> {
        idempotency::release_cut_off(controller.store()).await?;
        let set_up = sign_in::is_set_up(controller.store()).await?;
        let token = crate::io::random::secret()?;
        if !set_up {
            (options.announce)(&token);
        }
        let mut allowed_hosts = options.allowed_hosts;
        allowed_hosts.extend(gate::host::machine_names());
        Ok(Self {
            inner: Arc::new(Inner {
                controller,
                allowed_hosts,
                https: options.https,
                set_up: AtomicBool::new(set_up),
                setup_token: sign_in::sha256(&token),
                attempts: Mutex::default(),
                closing,
            }),
        })
    }

    fn controller(&self) -> &Controller {
        &self.inner.controller
    }

    fn store(&self) -> &crate::io::store::Store {
        self.inner.controller.store()
    }

    fn now(&self) -> i64 {
        self.inner.controller.clock().unix_millis()
    }

    async fn is_set_up(&self) -> Result<bool, SignInError> {
        if self.inner.set_up.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let now = sign_in::is_set_up(self.store()).await?;
        self.inner.set_up.store(now, Ordering::Relaxed);
        Ok(now)
    }
}

/// Serves until `shutdown` is ready, then lets requests under way come to their end.
///
/// # Errors
/// [`HttpError`] where it could not start.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    controller: Controller,
    options: HttpOptions,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), HttpError> {
    let (close, closing) = watch::channel(false);
    let app = App::new(controller, options, closing).await?;
    listen::run(listener, tls, routes::router(&app), shutdown, close).await;
    Ok(())
}

#[cfg(test)]
mod tests;
