//! Style sheet and scripts, embedded, compressed once at the start. A file's name carries its content's hash, so a
//! browser may keep it for ever.

use super::answer;
use crate::{io::store::sign_in::sha256, problem::Problem};
use axum::{
    body::{Body, Bytes},
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use flate2::{Compression, write::GzEncoder};
use std::{io::Write as _, sync::LazyLock};

struct Asset {
    /// By what templates ask for it.
    name: &'static str,
    /// By what browsers ask for it.
    file: String,
    kind: &'static str,
    plain: Bytes,
    gzip: Option<Bytes>,
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    let text = "text/javascript; charset=utf-8";
    [
        asset(
            "app.css",
            "text/css; charset=utf-8",
            &[include_str!("../../../page/assets/vendor/uPlot.min.css"), include_str!("../../../page/assets/app.css")],
        ),
        asset(
            "app.js",
            text,
            &[include_str!("../../../page/assets/vendor/htmx.min.js"), include_str!("../../../page/assets/app.js")],
        ),
        asset("plot.js", text, &[include_str!("../../../page/assets/vendor/uPlot.iife.min.js")]),
    ]
});

fn asset(name: &'static str, kind: &'static str, parts: &[&str]) -> Asset {
    let plain = parts.join("\n");
    let hash = sha256(&plain);
    let (stem, end) = name.split_once('.').unwrap_or((name, ""));
    let gzip = gzip(plain.as_bytes(), Compression::best()).map(Bytes::from);
    Asset { name, file: format!("{stem}.{}.{end}", &hash[..16]), kind, plain: plain.into(), gzip }
}

/// Where a browser finds an asset.
pub(super) fn url(name: &str) -> String {
    let file = ASSETS.iter().find(|asset| asset.name == name).map_or(name, |asset| &asset.file);
    format!("/assets/{file}")
}

/// `GET /assets/{file}`
pub(super) async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let asset = ASSETS.iter().find(|asset| asset.file == file).ok_or_else(answer::not_found)?;
    let packed = asset.gzip.as_ref().filter(|_| takes_gzip(&headers));
    let tag = format!("\"{}{}\"", asset.file, if packed.is_some() { "-gz" } else { "" });
    let mut response = Response::new(Body::empty());
    let answer = response.headers_mut();
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.insert(header::ETAG, tag);
    }
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    if packed.is_some() {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    *response.body_mut() = Body::from(packed.unwrap_or(&asset.plain).clone());
    Ok(response)
}

/// Whether a client takes gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("gzip") && parts.next().is_none_or(|quality| quality != "q=0")
    })
}

/// Packs; nothing where that fails.
pub(super) fn gzip(plain: &[u8], level: Compression) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_page_loads_its_assets_within_its_budget() {
        let packed: usize = ASSETS.iter().filter_map(|asset| asset.gzip.as_ref()).map(Bytes::len).sum();
        assert!(packed <= 48 * 1024, "{packed} bytes: with the page itself it must stay below 60 KB");
    }

    #[test]
    fn no_asset_reaches_for_another_host() {
        for asset in ASSETS.iter() {
            let text = String::from_utf8_lossy(&asset.plain);
            for reach in ["url(http", "@import", "sourceMappingURL", "fetch(\"http", "import(\"http"] {
                assert!(!text.contains(reach), "{}: {reach}", asset.name);
            }
        }
    }
}
