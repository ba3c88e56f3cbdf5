//! `/export`: the configuration as a script that `/import` takes (manual, "Configuration Management"; the form is that
//! of public exports of 7.20 to 7.24).
//!
//! Left out are what is not configuration (files, certificates, users) and, without `show-sensitive`, secrets.

mod lines;

use std::collections::BTreeMap;

use self::lines::Line;
use super::{
    Device, Reply,
    caller::Caller,
    form::normalise,
    request::Request,
    row::{Origin, Row},
    spec::{Shape, Spec, Target},
    system::date_time,
    trap::Trap,
};
use crate::script::quote;

/// Menus in the order in which an import can carry them out: what is named before what names it. Others stand between
/// the two halves, by name.
const FIRST: [&str; 14] = [
    "/disk",
    "/interface/bridge",
    "/interface/ethernet",
    "/interface/veth",
    "/interface/wireguard",
    "/interface/vlan",
    "/interface/list",
    "/ip/pool",
    "/ip/dhcp-server",
    "/queue/simple",
    "/routing/table",
    "/user/group",
    "/interface/bridge/port",
    "/interface/bridge/vlan",
];
const LAST: [&str; 22] = [
    "/interface/list/member",
    "/interface/wireguard/peers",
    "/ip/address",
    "/ip/dhcp-client",
    "/ip/dhcp-server/lease",
    "/ip/dhcp-server/network",
    "/ip/dns",
    "/ip/dns/static",
    "/ip/firewall/address-list",
    "/ip/firewall/filter",
    "/ip/firewall/mangle",
    "/ip/firewall/nat",
    "/ip/firewall/raw",
    "/ip/route",
    "/ip/service",
    "/ipv6/address",
    "/container",
    "/routing/rule",
    "/system/identity",
    "/system/scheduler",
    "/system/script",
    "/tool/netwatch",
];

/// Menus that only their own `export` shows, if any does.
const APART: [&str; 4] = ["/user", "/certificate", "/file", "/interface"];

/// How an export is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// A whole command a line, never broken.
    pub terse: bool,
    /// Defaults too.
    pub verbose: bool,
    /// Secrets too.
    pub sensitive: bool,
}

impl Device {
    /// `export` of the root or of a menu: into a file where one is named.
    ///
    /// # Errors
    /// Rights that the caller does not have.
    pub(super) fn export_command(&mut self, caller: &Caller, request: &Request) -> Result<Reply, Trap> {
        let text = self.export_for(caller, request)?;
        let Some(file) = request.get("file") else { return Ok(Reply::Done(None)) };
        if !caller.may("write") || !caller.may("ftp") {
            return Err(Trap::NotPermitted);
        }
        self.write_file(&format!("{}.rsc", file.strip_suffix(".rsc").unwrap_or(file)), &text);
        Ok(Reply::Done(None))
    }

    /// The text that a caller's `export` gives.
    ///
    /// # Errors
    /// Rights that the caller does not have.
    pub fn export_for(&self, caller: &Caller, request: &Request) -> Result<String, Trap> {
        let look = Look {
            terse: request.switch("terse"),
            verbose: request.switch("verbose"),
            sensitive: request.switch("show-sensitive"),
        };
        if !caller.may("read") || (look.sensitive && !caller.may("sensitive")) {
            return Err(Trap::NotPermitted);
        }
        Ok(self.export_text(&request.menu, look))
    }

    /// The configuration of a menu and of all that lie in it, or of everything, as a script.
    pub fn export_text(&self, menu: &str, look: Look) -> String {
        let mut text = self.head();
        let inside = format!("{menu}/");
        let wanted = |path: &str| path == menu || (path.starts_with(&inside) && (path.len() > menu.len()));
        let mut specs: Vec<&Spec> = self
            .specs
            .values()
            .filter(|spec| !spec.read_only && wanted(&spec.path))
            .filter(|spec| spec.path == menu || !APART.contains(&spec.path.as_str()))
            .filter(|spec| spec.path != "/interface")
            .collect();
        specs.sort_by_key(|spec| rank(&spec.path));
        for spec in specs {
            let lines = self.lines_of(spec, look);
            let path = spec.path.replace('/', " ");
            let path = format!("/{}", path.trim_start());
            if look.terse {
                for line in lines {
                    text.push_str(&[&path, " ", &line.whole(), "\n"].concat());
                }
            } else if !lines.is_empty() {
                text.push_str(&path);
                text.push('\n');
                for line in lines {
                    text.push_str(&line.wrapped());
                }
            }
        }
        text
    }

    fn head(&self) -> String {
        let now = date_time(self.epoch + self.now);
        format!(
            "# {now} by RouterOS {}\n# software id = TWIN-0001\n#\n# model = RB5009UG+S+\n# serial number = BULKHEADTWIN\n",
            self.version()
        )
    }

    fn lines_of(&self, spec: &Spec, look: Look) -> Vec<Line> {
        if spec.shape == Shape::Single {
            let mut rows = self.export_single(spec);
            if look.verbose {
                let settable = |name: &String| self.schema.has(&format!("{}/set", spec.path), name);
                // Defaults, and over them what was set.
                let mut every: BTreeMap<String, String> =
                    spec.defaults.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
                every.extend(self.single(&spec.path));
                rows = vec![every.into_iter().filter(|(name, _)| settable(name)).collect()];
            }
            let rows = rows.into_iter().filter(|row: &BTreeMap<String, String>| !row.is_empty());
            return rows.map(|values| self.line(spec, Line::new("set"), values, look)).collect();
        }
        let store = self.store(&spec.store);
        let rows = store.rows.iter().filter(|row| spec.kind.is_empty() || row.kind == spec.kind);
        let rows: Vec<(&Row, BTreeMap<String, String>)> =
            rows.filter_map(|row| Some((row, self.configured(spec, row, look.verbose)?))).collect();
        named_first(spec, rows).into_iter().map(|(row, values)| self.row_line(spec, row, values, look)).collect()
    }

    fn row_line(&self, spec: &Spec, row: &Row, mut values: BTreeMap<String, String>, look: Look) -> Line {
        if row.origin != Origin::BuiltIn {
            if spec.path == "/ip/address" {
                values.extend(row.get("network").map(|network| ("network".to_owned(), network.to_owned())));
            }
            return self.line(spec, Line::new("add"), values, look);
        }
        let born = row.built.get("name").map_or("", String::as_str);
        if values.get("name").is_some_and(|name| name == born) {
            values.remove("name");
        }
        let head = match row.built.get("default-name") {
            Some(name) => format!("set [ find default-name={} ]", quote::value(name)),
            None => format!("set {}", quote::value(born)),
        };
        self.line(spec, Line::new(&head), values, look)
    }

    fn line(&self, spec: &Spec, mut line: Line, values: BTreeMap<String, String>, look: Look) -> Line {
        for (name, value) in values {
            let secret = spec.secret.contains(&name.as_str()) || spec.hidden.contains(&name.as_str());
            if secret && !look.sensitive {
                continue;
            }
            if value.is_empty() && self.tree().is_switch("add", &name) {
                line.switch(&name);
            } else {
                line.argument(&name, self.console_word(spec, &name, &value));
            }
        }
        line
    }

    /// Booleans are written `yes` and `no`.
    fn console_word<'a>(&self, spec: &Spec, name: &str, value: &'a str) -> &'a str {
        let word = match value {
            "true" => "yes",
            "false" => "no",
            other => return other,
        };
        let arguments = ["add", "set"].iter().find_map(|verb| self.schema.command(&format!("{}/{verb}", spec.path)));
        let kind = arguments.and_then(|arguments| arguments.get(name)).copied().unwrap_or_default();
        let same = normalise(&spec.path, name, kind, word).is_ok_and(|taken| taken.as_deref() == Some(value));
        if same { word } else { value }
    }
}

/// Where a menu stands among the others.
fn rank(path: &str) -> (usize, &str) {
    let place = |menus: &[&str]| menus.iter().position(|menu| *menu == path);
    match (place(&FIRST), place(&LAST)) {
        (Some(at), _) => (at, path),
        (None, Some(at)) => (FIRST.len() + 1 + at, path),
        (None, None) => (FIRST.len(), path),
    }
}

/// Rows of a menu whose rows may name one another: what is named stands before what names it.
fn named_first<'a>(
    spec: &Spec,
    rows: Vec<(&'a Row, BTreeMap<String, String>)>,
) -> Vec<(&'a Row, BTreeMap<String, String>)> {
    let own = |target: &Target| matches!(target, Target::Named(store, _) if *store == spec.store);
    let names: Vec<&str> = spec.references.iter().filter(|(_, target)| own(target)).map(|(name, _)| *name).collect();
    if names.is_empty() || spec.shape == Shape::Ordered {
        return rows;
    }
    let mut sorted = Vec::new();
    let mut waiting = rows;
    while !waiting.is_empty() {
        let missing: Vec<String> = waiting.iter().map(|(row, _)| row.name().to_owned()).collect();
        let ready = |row: &Row| {
            let mut parts = names.iter().flat_map(|name| row.text(name).split(','));
            !parts.any(|part| part != row.name() && missing.iter().any(|name| name == part))
        };
        let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(row, _)| ready(row));
        if now.is_empty() {
            // They name one another in a circle.
            sorted.extend(later);
            break;
        }
        sorted.extend(now);
        waiting = later;
    }
    sorted
}
