//! `bulkhead demo`: the whole on loopback. Twins of routers, agents, broker, controller and page; nothing is left
//! behind.

mod router;

use super::{access, output, serve};
use crate::{
    config::{Config, Tls},
    controller::Controller,
    io::{keys, process, random, store::sign_in},
    service::Service,
};
use anyhow::Context as _;
use router::{DemoRouter, Programs};
use serde_json::json;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};
use tokio::sync::oneshot;

/// The token and the broker's user of the demo.
const DEMO: &str = "demo";

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Where the page and REST listen; port 0 is a free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Folder that keeps the state; without it everything is gone at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How many routers
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=20))]
    routers: u8,
    /// RouterOS version that the twins play
    #[arg(long, default_value = "7.24", value_name = "VERSION")]
    routeros_version: String,
    /// Schema of a RouterOS version that the project does not ship
    #[arg(long, value_name = "FILE")]
    routeros_schema: Option<PathBuf>,
    /// Written, whole, once everything is up: addresses, token, passwords
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Folder that gets each router's received sentences, one JSON list of words a line
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    serve::begin(&std::env::var("BULKHEAD_LOG").unwrap_or_else(|_| "warn,bulkhead_controller=info".to_owned()));
    let (data, kept) = match &arguments.data {
        Some(data) => (data.clone(), true),
        None => (std::env::temp_dir().join(format!("bulkhead-demo-{}", random::suffix()?)), false),
    };
    keys::private_folder(&data)?;
    let data = data.canonicalize()?;
    // Children are started by this thread and no other: when it is gone, they are told.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(demo(arguments, &data));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    if !kept {
        std::fs::remove_dir_all(&data).with_context(|| format!("{} could not be removed", data.display()))?;
    }
    ended?;
    Ok(ExitCode::SUCCESS)
}

async fn demo(arguments: &Arguments, data: &Path) -> anyhow::Result<()> {
    let stop = serve::stop_signal()?;
    let programs = Programs { twin: process::find("bulkhead-twin")?, agent: process::find("bulkhead-agent")? };
    let service = Service::start(&config(arguments, data)?).await?;
    let (controller, url) = (service.controller.clone(), service.url.clone());
    let token = token(&controller).await?;
    let (agents, broker) = {
        let broker = service.broker.as_ref().context("the demo has its own broker")?;
        (broker.agents, broker.plain)
    };
    let mqtt_password = access::add_mqtt_user(controller.store(), DEMO, false).await?;
    let (end, ending) = oneshot::channel::<()>();
    let mut serving = tokio::spawn(service.run(async move {
        // Dropping the sender ends it, too.
        let _ = ending.await;
    }));

    let mut routers = Vec::new();
    let ran = tokio::select! {
        ran = async {
            for number in 1..=arguments.routers {
                routers.push(DemoRouter::start(number, arguments, data, &programs, &controller, agents).await?);
            }
            for router in &mut routers {
                router.online(&controller, &programs).await?;
            }
            let ready = json!({
                "url": url,
                "token": token.as_str(),
                "mqtt": {"url": format!("mqtt://{broker}"), "username": DEMO, "password": mqtt_password},
                "routers": routers.iter().map(DemoRouter::ready).collect::<Vec<_>>(),
            });
            announce(arguments, &url, &token, &ready)?;
            router::supervise(&mut routers, &programs).await
        } => ran,
        served = &mut serving => Err(match served {
            Ok(Ok(())) => anyhow::anyhow!("the web server ended by itself"),
            Ok(Err(error)) => error.into(),
            Err(error) => error.into(),
        }),
        () = stop => Ok(()),
    };
    for router in routers {
        router.stop().await;
    }
    drop(end);
    if !serving.is_finished() {
        serving.await??;
    }
    ran
}

fn config(arguments: &Arguments, data: &Path) -> anyhow::Result<Config> {
    let mut config = Config::load(None, [])?;
    config.data = data.join("controller").display().to_string();
    config.http.listen = arguments.listen;
    config.http.tls = Tls::Off;
    config.mqtt.agents_listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.home_automation.commands = crate::flow::home::COMMANDS.map(str::to_owned).into();
    Ok(config)
}

/// A fresh token; one of an earlier demo on the same data is revoked.
async fn token(controller: &Controller) -> anyhow::Result<String> {
    let (store, now) = (controller.store(), controller.clock().unix_millis());
    let old = sign_in::tokens(store).await?.into_iter().find(|token| token.name == DEMO);
    let made = match old {
        None => sign_in::create_token(store, DEMO, &[], now).await?,
        Some(old) => {
            // Made under another name first: the last way in cannot be revoked.
            let made = sign_in::create_token(store, &format!("{DEMO} {now}"), &[], now).await?;
            sign_in::revoke_token(store, &old.id).await?;
            made
        }
    };
    Ok(made.reveal().to_owned())
}

fn announce(arguments: &Arguments, url: &str, token: &str, ready: &serde_json::Value) -> anyhow::Result<()> {
    if let Some(file) = &arguments.ready_file {
        keys::write_private(file, &format!("{ready:#}\n"))?;
    }
    output::text(&format!("\n  Page   {url}\n  Token  {token}\n\nCtrl-C ends everything.\n"))?;
    Ok(())
}
