//! The project's files as the rules see them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A text file of the project.
pub(crate) struct File {
    /// Its path below the project's folder, with `/`.
    pub(crate) path: String,
    /// Its text; what is not UTF-8 is no text and not listed.
    pub(crate) text: String,
    /// Whether it is a module that its parent declares under `#[cfg(test)]`.
    pub(crate) for_tests: bool,
}

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Every text file that is or could be committed, in the order of the paths.
pub(crate) fn files() -> Vec<File> {
    let mut found = Vec::new();
    walk(&root(), "", &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    let for_tests: Vec<String> = found.iter().flat_map(test_modules).collect();
    for file in &mut found {
        file.for_tests = for_tests.iter().any(|module| file.path.starts_with(module.as_str()));
    }
    assert!(found.len() > 20, "only {} files: the project's folder was not found", found.len());
    found
}

/// Every Rust file.
pub(crate) fn rust() -> Vec<File> {
    files().into_iter().filter(|file| has_extension(&file.path, &["rs"])).collect()
}

/// Whether a path ends in one of some extensions.
pub(crate) fn has_extension(path: &str, extensions: &[&str]) -> bool {
    Path::new(path).extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e))
}

// What `.gitignore` names, and git's own.
const NOT_OURS: [&str; 4] = [".git", "target", "node_modules", "__pycache__"];

fn walk(folder: &Path, prefix: &str, found: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let Ok(kind) = entry.file_type() else { continue };
        // In a further worktree, `.git` is a file that says where the repository is.
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
        } else if kind.is_file()
            && !has_extension(&path, &["log", "pyc"])
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            found.push(File { path, text, for_tests: false });
        }
    }
}

/// Where the modules are that a file declares under `#[cfg(test)]`: the beginnings of their paths.
fn test_modules(file: &File) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let own = match name {
        "main.rs" | "lib.rs" => folder.to_owned(),
        _ => file.path.trim_end_matches(".rs").to_owned(),
    };
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]").filter_map(|pair| {
        let module = pair[1].trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
        module.strip_prefix("mod ")?.strip_suffix(';')
    });
    declared.flat_map(|module| [format!("{own}/{module}.rs"), format!("{own}/{module}/")]).collect()
}

/// A line of code without its comment, numbered from 1.
pub(crate) struct Line<'a> {
    /// Its number in the file.
    pub(crate) number: usize,
    /// What is left of it.
    pub(crate) code: &'a str,
}

impl File {
    /// The lines that are compiled into the product: no comments, nothing under `#[cfg(test)]`.
    pub(crate) fn product_lines(&self) -> Vec<Line<'_>> {
        let mut found = Vec::new();
        let mut lines = self.text.lines().enumerate().filter(|_| !self.for_tests);
        while let Some((index, line)) = lines.next() {
            let indent = &line[..line.len() - line.trim_start().len()];
            if line.trim() == "#[cfg(test)]" {
                // One item, as rustfmt lays it out: it ends with its first line, or with a brace below its first letter.
                let end = format!("{indent}}}");
                let first = lines.find(|(_, line)| !line.trim_start().starts_with("#["));
                if first.is_some_and(|(_, line)| !line.ends_with(';')) {
                    let _closing_brace = lines.find(|(_, line)| *line == end);
                }
            } else {
                found.push(Line { number: index + 1, code: without_comment(line) });
            }
        }
        found
    }

    /// `path:line` of each product line that holds one of some texts, with the text.
    pub(crate) fn holding(&self, texts: &[&str]) -> Vec<String> {
        let hits = |line: Line<'_>| {
            let text = texts.iter().find(|text| line.code.contains(**text))?;
            Some(format!("{}:{}: `{text}`", self.path, line.number))
        };
        self.product_lines().into_iter().filter_map(hits).collect()
    }
}

/// A line up to its `//`, unless that stands in a text (an odd number of quotes before it).
fn without_comment(line: &str) -> &str {
    let mut from = 0;
    while let Some(at) = line[from..].find("//").map(|at| at + from) {
        if line[..at].matches('"').count().is_multiple_of(2) {
            return &line[..at];
        }
        from = at + 2;
    }
    line
}

#[test]
fn a_comment_is_cut_and_a_text_with_slashes_is_not() {
    assert_eq!(without_comment("let a = 1; // now()"), "let a = 1; ");
    assert_eq!(without_comment(r#"let a = "http://x"; // b"#), r#"let a = "http://x"; "#);
    assert_eq!(without_comment("/// doc"), "");
}

#[test]
fn what_is_compiled_for_tests_alone_is_no_product() {
    let text = "a\n#[cfg(test)]\nmod x;\nb\n#[cfg(test)]\nmod tests {\n    c;\n}\nd // e\n";
    let file = File { path: "agent/src/a.rs".to_owned(), text: text.to_owned(), for_tests: false };
    let code: Vec<&str> = file.product_lines().iter().map(|line| line.code.trim()).collect();
    assert_eq!(code, ["a", "b", "d"]);
    assert_eq!(test_modules(&file), ["agent/src/a/x.rs", "agent/src/a/x/"]);
}
