//! Live events as server-sent events (WHATWG HTML, section 9.2).

use crate::{
    io::http::{
        App,
        gate::{self, Caller},
        read::{self, Params},
    },
    problem::Problem,
    view::Live,
};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use shared::ids::RouterId;
use std::{convert::Infallible, pin::Pin, time::Duration};
use tokio::{sync::watch, time::Interval};
use utoipa::IntoParams;

/// How often a silent stream shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often the sign-in is checked again and the agent is told that somebody still looks (its own limit is 30 s).
const TICK: Duration = Duration::from_secs(20);

/// What is followed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Following {
    /// Only what is about this router.
    router: Option<String>,
    /// Somebody looks at the router: its agent samples traffic each second while the stream lives.
    #[serde(default)]
    watch: bool,
}

/// What happens from now on, or after `Last-Event-ID`: `event: <noun>` with the data that the noun's GET gives. A
/// `resync` says that the ids asked for are gone. The stream ends when its sign-in does.
#[utoipa::path(get, path = "/api/v1/events", tag = "events",
    params(Following, ("Last-Event-ID" = Option<u64>, Header, description = "The last id seen")),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub(in crate::io::http) async fn follow(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Params(following): Params<Following>,
) -> Result<Response, Problem> {
    let router = following.router.as_deref().map(read::router).transpose()?;
    if let Some(router) = &router {
        app.controller().router(router).await?;
    }
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.trim().parse().ok());
    let sse =
        Sse::new(events(app, caller, router, following.watch, after)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    let mut response = sse.into_response();
    // Proxies that buffer would hold events back.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

struct Reader {
    app: App,
    caller: Caller,
    router: Option<RouterId>,
    watch: bool,
    live: Pin<Box<dyn Stream<Item = Live> + Send>>,
    tick: Interval,
    closing: watch::Receiver<bool>,
}

fn events(
    app: App,
    caller: Caller,
    router: Option<RouterId>,
    watch: bool,
    after: Option<u64>,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let live = Box::pin(app.controller().live(after));
    let closing = app.inner.closing.clone();
    let reader = Reader { app, caller, router, watch, live, tick: tokio::time::interval(TICK), closing };
    stream::unfold(reader, |mut reader| async move { reader.next().await.map(|event| (Ok(event), reader)) })
}

impl Reader {
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                item = self.live.next() => {
                    let item = item?;
                    if self.concerns(&item) {
                        return written(&item);
                    }
                }
                _ = self.tick.tick() => self.tick().await?,
                () = closed(&mut self.closing) => return None,
            }
        }
    }

    fn concerns(&self, item: &Live) -> bool {
        let about = |router: &RouterId| item.router.is_empty() || item.router == router.as_str();
        self.router.as_ref().is_none_or(about)
    }

    /// Nothing when the sign-in has ended.
    async fn tick(&mut self) -> Option<()> {
        gate::is_still(&self.app, &self.caller).await.then_some(())?;
        if let Some(router) = self.router.as_ref().filter(|_| self.watch)
            && let Err(problem) = self.app.controller().watch(router).await
        {
            tracing::debug!(%router, %problem, "the agent could not be told that somebody is watching");
        }
        Some(())
    }
}

/// Ready when the server is about to stop.
async fn closed(closing: &mut watch::Receiver<bool>) {
    drop(closing.wait_for(|closing| *closing).await);
}

fn written(item: &Live) -> Option<Event> {
    Event::default().event(item.noun).id(item.id.to_string()).json_data(&item.data).ok()
}
