//! `/file`: what lies on the router's flash and disks, and what is read from it.
//!
//! A file's row shows its contents where they are short; whatever their size, they are kept beside the rows.

use std::sync::Arc;

use super::{
    Device, Reply,
    caller::Caller,
    request::Request,
    row::{Origin, Row},
    system::date_time,
    trap::Trap,
};
use crate::{
    script::{self, code::Code},
    text,
};

/// Where contents are kept: no menu of the console.
const CONTENTS: &str = "/.contents";

/// The largest file that `contents` shows and takes, in bytes.
const SHOWN: usize = 61_440;

/// The largest piece that `/file/read` gives, in bytes (manual, "File").
const CHUNK: usize = 32_768;

impl Device {
    /// A file's contents.
    pub fn file(&self, name: &str) -> Option<&str> {
        self.store("/file").named(name)?;
        Some(self.store(CONTENTS).named(name).map_or("", |row| row.text("contents")))
    }

    /// Writes a file, over one of the same name.
    pub fn write_file(&mut self, name: &str, contents: &str) {
        let kind = match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "rsc" => "script",
            "backup" => "backup",
            "npk" => "package",
            "txt" => ".txt file",
            _ => "file",
        };
        self.write(name, kind, contents);
    }

    fn write(&mut self, name: &str, kind: &str, contents: &str) {
        let size = text::to_wire(contents).len();
        let (count, modified) = (size.to_string(), date_time(self.epoch + self.now));
        let id = self.store("/file").named(name).map(|row| row.id);
        let id = id.unwrap_or_else(|| self.put("/file", Origin::Static, &[("name", name)]));
        if let Some(row) = self.store_mut("/file").row_mut(id) {
            let mut put = |key: &str, value: &str| drop(row.attributes.insert(key.to_owned(), value.to_owned()));
            put("type", kind);
            put("size", &count);
            put("last-modified", &modified);
            if size <= SHOWN && kind != "directory" {
                put("contents", contents);
            } else {
                row.attributes.remove("contents");
            }
        }
        self.forget_contents(name);
        self.put(CONTENTS, Origin::Static, &[("name", name), ("contents", contents)]);
    }

    fn forget_contents(&mut self, name: &str) {
        let kept = self.store_mut(CONTENTS);
        kept.rows.retain(|row| row.name() != name);
        kept.changes += 1;
    }

    /// `add`, `set`, `remove` and `read` of `/file`.
    pub(super) fn file_command(&mut self, caller: &Caller, request: &Request) -> Result<Reply, Trap> {
        if request.verb == "read" {
            return self.read_file(caller, request);
        }
        // What changes files needs `ftp` beside `write` (manual, "User").
        if !caller.may("ftp") {
            return Err(Trap::NotPermitted);
        }
        let contents = request.get("contents");
        if contents.is_some_and(|contents| text::to_wire(contents).len() > SHOWN) {
            return Err(Trap::InvalidValue("contents".to_owned()));
        }
        match request.verb.as_str() {
            "add" => {
                let name = request.get("name").filter(|name| !name.is_empty());
                let name = name.ok_or_else(|| Trap::Missing("name".to_owned()))?.trim_start_matches('/').to_owned();
                if self.store("/file").named(&name).is_some() {
                    return Err(Trap::failure("file with such name already exists"));
                }
                match request.get("type") {
                    Some("directory") => self.write(&name, "directory", ""),
                    _ => self.write_file(&name, contents.unwrap_or_default()),
                }
                Ok(Reply::Done(self.store("/file").named(&name).map(|row| row.id.to_string())))
            }
            "set" => {
                for name in self.file_names(request)? {
                    if let Some(contents) = contents {
                        self.write_file(&name, contents);
                    }
                    if let Some(new) = request.get("name") {
                        let contents = self.file(&name).unwrap_or_default().to_owned();
                        self.delete_file(&name);
                        self.write_file(new, &contents);
                    }
                }
                Ok(Reply::Done(None))
            }
            _ => {
                for name in self.file_names(request)? {
                    self.delete_file(&name);
                }
                Ok(Reply::Done(None))
            }
        }
    }

    fn file_names(&self, request: &Request) -> Result<Vec<String>, Trap> {
        let rows = request.rows().ok_or_else(|| Trap::Missing("numbers".to_owned()))?;
        let spec = self.spec("/file").ok_or(Trap::NoSuchCommand)?;
        let ids = self.resolve(spec, rows)?;
        let names = ids.iter().filter_map(|id| self.store("/file").row(*id)).map(|row| row.name().to_owned());
        Ok(names.collect())
    }

    /// Takes a file away, and with a folder all that is in it.
    fn delete_file(&mut self, name: &str) {
        let inside = format!("{name}/");
        let gone = |found: &str| found == name || found.starts_with(&inside);
        for menu in ["/file", CONTENTS] {
            let store = self.store_mut(menu);
            store.rows.retain(|row| !gone(row.name()));
            store.changes += 1;
        }
    }

    /// A piece of a file, as bytes.
    fn read_file(&self, caller: &Caller, request: &Request) -> Result<Reply, Trap> {
        if !caller.may("read") || !caller.may("ftp") {
            return Err(Trap::NotPermitted);
        }
        let name = request.get("file").ok_or_else(|| Trap::Missing("file".to_owned()))?;
        let number = |key: &str, otherwise: usize| match request.get(key) {
            Some(text) => text.parse().map_err(|_| Trap::InvalidValue(key.to_owned())),
            None => Ok(otherwise),
        };
        let (offset, size) = (number("offset", 0)?, number("chunk-size", CHUNK)?);
        if !(1..=CHUNK).contains(&size) {
            let (least, most) = ("1".to_owned(), CHUNK.to_string());
            return Err(Trap::OutOfRange { name: "chunk-size".to_owned(), least, most });
        }
        let bytes = text::to_wire(self.file(name).ok_or(Trap::NoSuchItem)?);
        let from = offset.min(bytes.len());
        let piece = &bytes[from..from.saturating_add(size).min(bytes.len())];
        Ok(Reply::Rows(vec![vec![("data".to_owned(), text::from_wire(piece))]]))
    }

    /// The steps of a file that `/import` names.
    ///
    /// # Errors
    /// A file that is not there, arguments that do not go together, or a script that cannot be read.
    pub fn file_to_import(&mut self, _caller: &Caller, request: &Request) -> Result<Arc<Code>, Trap> {
        let name = request.get("file-name").ok_or_else(|| Trap::Missing("file-name".to_owned()))?;
        let source = self
            .file(name)
            .map(str::to_owned)
            .ok_or_else(|| Trap::Failure("Cannot open import file, file does not exist".to_owned()))?;
        let verbose = request.switch("verbose");
        // Both are only for a verbose import (manual, "Configuration Management").
        if let Some(only) = ["from-line", "dry-run"].into_iter().find(|only| !verbose && request.switch(only)) {
            return Err(Trap::Failure(format!("{only} is available only in verbose mode")));
        }
        let from: usize = match request.get("from-line") {
            Some(text) => text.parse().map_err(|_| Trap::InvalidValue("from-line".to_owned()))?,
            None => 1,
        };
        let rest: String = source.split_inclusive('\n').skip(from.saturating_sub(1)).collect();
        let read = if verbose {
            script::read_as_far_as_it_goes(self.tree(), &rest, from.max(1))
        } else {
            script::read_from(self.tree(), &rest, from.max(1))
        };
        let code = read.map_err(|error| Trap::Failure(error.to_string()))?;
        if request.switch("dry-run") {
            return script::read_from(self.tree(), &rest, from.max(1))
                .map(|_| Arc::default())
                .map_err(|error| Trap::Failure(error.to_string()));
        }
        Ok(code)
    }

    /// Whether a file is in memory alone: on a disk of type tmpfs or ramdisk.
    pub(super) fn in_memory(&self, name: &str) -> bool {
        let slot = name.split('/').next().unwrap_or_default();
        let disks = &self.store("/disk").rows;
        disks.iter().any(|disk| disk.text("slot") == slot && matches!(disk.text("type"), "tmpfs" | "ramdisk"))
    }

    /// What a reboot leaves of the files.
    pub(super) fn forget_files_in_memory(&mut self) {
        let names = self.store("/file").rows.iter().map(Row::name);
        let gone: Vec<String> = names.filter(|name| self.in_memory(name)).map(str::to_owned).collect();
        for name in gone {
            self.delete_file(&name);
        }
    }
}
