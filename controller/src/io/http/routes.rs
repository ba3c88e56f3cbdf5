//! The one table of what there is. The router, the gate's rules, the test that every write is guarded and the test
//! that the OpenAPI document is whole are all made from it.

use super::{
    App, answer, api, assets,
    gate::{self, Gate},
    page,
};
use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{MethodRouter, delete, get, patch, post},
};

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody, even before the setup.
    Always,
    /// Everybody after the setup.
    Open,
    /// Who is signed in.
    SignedIn,
}

/// Who is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surface {
    /// Programs: JSON and problem details.
    Api,
    /// People: HTML.
    Page,
}

/// What is kept of an answer for a repeated `Idempotency-Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    /// The whole.
    Answer,
    /// That it was given: it holds a secret.
    Fact,
}

/// The methods that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Patch,
    Delete,
}

impl Verb {
    /// Whether it changes something.
    pub(super) fn writes(self) -> bool {
        self != Self::Get
    }
}

/// One line of the table.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) method: Verb,
    /// With its parameters in braces.
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) surface: Surface,
    pub(super) keeps: Keeps,
    make: fn() -> MethodRouter<App>,
}

impl Route {
    const fn api(method: Verb, path: &'static str, make: fn() -> MethodRouter<App>) -> Self {
        Self { method, path, access: Access::SignedIn, surface: Surface::Api, keeps: Keeps::Answer, make }
    }

    const fn page(method: Verb, path: &'static str, make: fn() -> MethodRouter<App>) -> Self {
        Self { surface: Surface::Page, ..Self::api(method, path, make) }
    }

    const fn open_to(self, access: Access) -> Self {
        Self { access, ..self }
    }

    const fn with_secret(self) -> Self {
        Self { keeps: Keeps::Fact, ..self }
    }
}

const GET: Verb = Verb::Get;
const POST: Verb = Verb::Post;
const PATCH: Verb = Verb::Patch;
const DELETE: Verb = Verb::Delete;

/// Everything.
pub(super) static ROUTES: &[Route] = &[
    Route::api(GET, "/api/v1/health", || get(api::health::show)).open_to(Access::Always),
    Route::api(GET, "/api/v1/openapi.json", || get(api::openapi::show)),
    Route::api(GET, "/api/v1/routers", || get(api::routers::list)),
    Route::api(POST, "/api/v1/routers", || post(api::routers::add)).with_secret(),
    Route::api(GET, "/api/v1/routers/{router}", || get(api::routers::show)),
    Route::api(DELETE, "/api/v1/routers/{router}", || delete(api::routers::remove)),
    Route::api(POST, "/api/v1/routers/{router}/rekey", || post(api::routers::rekey)).with_secret(),
    Route::api(GET, "/api/v1/routers/{router}/interfaces", || get(api::routers::interfaces)),
    Route::api(GET, "/api/v1/routers/{router}/export", || get(api::routers::export)),
    Route::api(POST, "/api/v1/routers/{router}/trace", || post(api::trace::trace)),
    Route::api(GET, "/api/v1/routers/{router}/vifs", || get(api::vifs::list)),
    Route::api(POST, "/api/v1/routers/{router}/vifs", || post(api::vifs::create)),
    Route::api(GET, "/api/v1/routers/{router}/vifs/{vif}", || get(api::vifs::show)),
    Route::api(PATCH, "/api/v1/routers/{router}/vifs/{vif}", || patch(api::vifs::update)),
    Route::api(DELETE, "/api/v1/routers/{router}/vifs/{vif}", || delete(api::vifs::remove)),
    Route::api(POST, "/api/v1/routers/{router}/vifs/{vif}/engage", || post(api::vifs::engage)),
    Route::api(POST, "/api/v1/routers/{router}/vifs/{vif}/release", || post(api::vifs::release)),
    Route::api(POST, "/api/v1/routers/{router}/vifs/{vif}/verify", || post(api::vifs::verify)),
    Route::api(GET, "/api/v1/routers/{router}/vifs/{vif}/traffic", || get(api::vifs::traffic)),
    Route::api(GET, "/api/v1/routers/{router}/change-sets", || get(api::change_sets::list)),
    Route::api(POST, "/api/v1/routers/{router}/change-sets", || post(api::change_sets::create)),
    Route::api(GET, "/api/v1/change-sets/{change_set}", || get(api::change_sets::show)),
    Route::api(PATCH, "/api/v1/change-sets/{change_set}", || patch(api::change_sets::edit)),
    Route::api(DELETE, "/api/v1/change-sets/{change_set}", || delete(api::change_sets::discard)),
    Route::api(POST, "/api/v1/change-sets/{change_set}/{event}", || post(api::change_sets::happen)),
    Route::api(GET, "/api/v1/routers/{router}/drift", || get(api::drift::list)),
    Route::api(POST, "/api/v1/routers/{router}/drift/{drift}/reconcile", || post(api::drift::reconcile)),
    Route::api(POST, "/api/v1/routers/{router}/drift/{drift}/accept", || post(api::drift::accept)),
    Route::api(GET, "/api/v1/routers/{router}/events", || get(api::events::list)),
    Route::api(GET, "/api/v1/routers/{router}/traffic", || get(api::events::traffic)),
    Route::api(GET, "/api/v1/events", || get(api::live::follow)),
    Route::api(GET, "/api/v1/tokens", || get(api::tokens::list)),
    Route::api(POST, "/api/v1/tokens", || post(api::tokens::create)).with_secret(),
    Route::api(DELETE, "/api/v1/tokens/{token}", || delete(api::tokens::revoke)),
    Route::page(GET, "/assets/{file}", || get(assets::serve)).open_to(Access::Always),
    Route::page(GET, "/setup", || get(page::door::setup)).open_to(Access::Always),
    Route::page(POST, "/setup", || post(page::door::set_up)).open_to(Access::Always),
    Route::page(GET, "/sign-in", || get(page::door::sign_in)).open_to(Access::Open),
    Route::page(POST, "/sign-in", || post(page::door::let_in)).open_to(Access::Open),
    Route::page(POST, "/sign-out", || post(page::door::sign_out)),
    Route::page(POST, "/sign-out-everywhere", || post(page::door::sign_out_everywhere)),
    Route::page(POST, "/theme", || post(page::door::theme)),
    Route::page(GET, "/", || get(page::routers::list)),
    Route::page(GET, "/add-router", || get(page::routers::ask)),
    Route::page(POST, "/add-router", || post(page::routers::add)),
    Route::page(GET, "/routers/{router}", || get(page::router::show)),
    Route::page(GET, "/routers/{router}/settings", || get(page::routers::settings)),
    Route::page(POST, "/routers/{router}/rekey", || post(page::routers::rekey)),
    Route::page(POST, "/routers/{router}/forget", || post(page::routers::forget)),
    Route::page(GET, "/routers/{router}/add-vif", || get(page::vif_form::ask)),
    Route::page(POST, "/routers/{router}/add-vif", || post(page::vif_form::add)),
    Route::page(GET, "/routers/{router}/vifs/{vif}", || get(page::vif::show)),
    Route::page(GET, "/routers/{router}/vifs/{vif}/history", || get(page::history::show)),
    Route::page(POST, "/routers/{router}/vifs/{vif}/do", || post(page::vif::happen)),
    Route::page(GET, "/routers/{router}/vifs/{vif}/edit", || get(page::vif_form::edit)),
    Route::page(POST, "/routers/{router}/vifs/{vif}/edit", || post(page::vif_form::alter)),
    Route::page(GET, "/routers/{router}/vifs/{vif}/remove", || get(page::vif_remove::confirm)),
    Route::page(POST, "/routers/{router}/vifs/{vif}/remove", || post(page::vif_remove::remove)),
    Route::page(POST, "/routers/{router}/drift/{drift}/reconcile", || post(page::drift::reconcile)),
    Route::page(POST, "/routers/{router}/drift/{drift}/accept", || post(page::drift::accept)),
    Route::page(GET, "/routers/{router}/changes", || get(page::change_set::list)),
    Route::page(GET, "/routers/{router}/write-change", || get(page::draft::blank)),
    Route::page(POST, "/routers/{router}/write-change", || post(page::draft::create)),
    Route::page(GET, "/routers/{router}/trace", || get(page::trace::show)),
    Route::page(GET, "/routers/{router}/events", || get(page::events::list)),
    Route::page(GET, "/change-sets/{change_set}", || get(page::change_set::show)),
    Route::page(POST, "/change-sets/{change_set}", || post(page::change_set::happen)),
    Route::page(GET, "/change-sets/{change_set}/write", || get(page::draft::show)),
    Route::page(POST, "/change-sets/{change_set}/write", || post(page::draft::edit)),
    Route::page(GET, "/access", || get(page::access::show)),
    Route::page(POST, "/access/tokens", || post(page::access::create)),
    Route::page(POST, "/access/tokens/{token}/revoke", || post(page::access::revoke)),
    Route::page(POST, "/access/password", || post(page::access::password)),
];

/// The whole service: each route behind its gate, everything within the frame.
pub(super) fn router(app: &App) -> Router {
    let router = ROUTES.iter().fold(Router::new(), |router, route| {
        let gate = Gate { app: app.clone(), route };
        router.route(route.path, (route.make)().route_layer(from_fn_with_state(gate, gate::admit)))
    });
    router
        .fallback(|| async { answer::not_found() })
        .method_not_allowed_fallback(|| async { answer::method_not_allowed() })
        .layer(from_fn_with_state(app.clone(), gate::frame::surround))
        .with_state(app.clone())
}
