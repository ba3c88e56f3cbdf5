//! Which router it is.

use bulkhead_agent::io::routeros::{Client, Sentence};
use serde::Serialize;
use shared::routeros::{model::Row, schema::Version};

use crate::check::Stop;

/// What a router says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// As printed: `7.24 (stable)`.
    pub version: String,
    /// `arm64`
    pub architecture: String,
    /// `RB5009UG+S+`, `CHR …`
    pub board: String,
    /// Packages that are installed and not disabled, in alphabetical order.
    pub packages: Vec<String>,
    /// Whether it is our twin.
    pub twin: bool,
    #[serde(skip)]
    number: Version,
}

impl Facts {
    /// Reads them.
    ///
    /// # Errors
    /// [`Stop`] when the router does not say its version.
    pub async fn read(client: &Client) -> Result<Self, Stop> {
        let resource = rows(client, "/system/resource/print").await?;
        let text = |rows: &[Row], name: &str| {
            rows.first().and_then(|row| row.find(name)).map(str::to_owned).unwrap_or_default()
        };
        let version = text(&resource, "version");
        let number = version
            .parse()
            .map_err(|_| Stop::Lost(format!("`{version}` of /system/resource is not a RouterOS version")))?;
        let board = rows(client, "/system/routerboard/print").await.unwrap_or_default();
        let packages = rows(client, "/system/package/print").await.unwrap_or_default();
        let mut packages: Vec<String> = packages
            .iter()
            .filter(|row| row.find("disabled") != Some("true"))
            .filter(|row| row.find("available") != Some("true"))
            .filter_map(|row| row.find("name").map(str::to_owned))
            .collect();
        packages.sort_unstable();
        Ok(Self {
            version,
            architecture: text(&resource, "architecture-name"),
            board: text(&resource, "board-name"),
            packages,
            twin: text(&board, "serial-number") == "BULKHEADTWIN",
            number,
        })
    }

    /// The version as numbers.
    pub fn number(&self) -> Version {
        self.number
    }
}

async fn rows(client: &Client, command: &str) -> Result<Vec<Row>, Stop> {
    let answer = client.run(Sentence::new(command)).await.map_err(|error| Stop::of(command.to_owned(), error))?;
    Ok(answer.rows)
}
