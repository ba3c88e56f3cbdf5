//! Enrolments on the disk: a folder that only its owner can read.

use super::keys::{self, KeyError};
use crate::{flow::enrolment::MOUNT, view::Enrolment};
use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Component, Path, PathBuf},
};

/// Why an enrolment was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder is there already or cannot be made.
    #[error("{}: {source}: choose a folder that is not there yet (-o)", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file.
    #[error(transparent)]
    File(#[from] KeyError),
    /// A name that leads out of the folder.
    #[error("the controller names a file `{0}`, which is no plain name: is it the controller that you mean?")]
    Name(String),
}

/// Makes the folder; one that is there is refused, so that no secret overwrites another.
///
/// # Errors
/// [`WriteError::Folder`]
pub fn new_folder(folder: &Path) -> Result<(), WriteError> {
    let failed = |source| WriteError::Folder { path: folder.to_owned(), source };
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::DirBuilder::new().mode(0o700).create(folder).map_err(failed)
}

/// Takes a folder away that nothing was written to.
pub fn remove_empty(folder: &Path) {
    if let Err(error) = fs::remove_dir(folder) {
        tracing::debug!(%error, folder = %folder.display(), "a folder stays");
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The folder that becomes the agent's mount.
    pub mount: PathBuf,
    /// The script of user, way in and bridge.
    pub script: PathBuf,
    /// The scripts of the container.
    pub containers: Vec<PathBuf>,
}

/// Writes the files of an enrolment into the folder [`MOUNT`] and the router's scripts beside it.
///
/// # Errors
/// [`WriteError`]
pub fn write(folder: &Path, enrolment: &Enrolment) -> Result<Written, WriteError> {
    let mount = folder.join(MOUNT);
    keys::private_folder(&mount)?;
    for file in &enrolment.files {
        keys::write_private(&mount.join(plain(&file.path)?), &file.content)?;
    }
    let script = folder.join(plain(&format!("{}.rsc", enrolment.router))?);
    keys::write_private(&script, &enrolment.rsc)?;
    let mut containers = Vec::new();
    for container in &enrolment.container {
        let path = folder.join(plain(&container.path)?);
        keys::write_private(&path, &container.content)?;
        containers.push(path);
    }
    Ok(Written { mount, script, containers })
}

/// A name that leads nowhere else.
fn plain(name: &str) -> Result<PathBuf, WriteError> {
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(part)), None) => Ok(part.into()),
        _ => Err(WriteError::Name(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{ContainerScript, EnrolmentFile};
    use std::os::unix::fs::PermissionsExt as _;

    fn enrolment(path: &str) -> Enrolment {
        let file = EnrolmentFile { path: path.into(), mode: "0600".into(), content: "secret".into() };
        let container = ContainerScript {
            from: "7.16".into(),
            before: None,
            path: "r1-container-7.16.rsc".into(),
            content: "/container/add".into(),
        };
        Enrolment { router: "r1".into(), files: vec![file], rsc: "/user/add".into(), container: vec![container] }
    }

    #[test]
    fn what_is_written_is_for_its_owner_alone() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a/b");
        new_folder(&folder).unwrap();
        let written = write(&folder, &enrolment("agent.key")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        for path in [&written.script, &written.containers[0], &written.mount.join("agent.key")] {
            assert_eq!(mode(path), 0o600, "{path:?}");
        }
        assert_eq!((mode(&folder), mode(&written.mount)), (0o700, 0o700));
    }

    #[test]
    fn a_folder_that_is_there_is_not_written_to() {
        let place = tempfile::tempdir().unwrap();
        assert!(matches!(new_folder(place.path()), Err(WriteError::Folder { .. })));
    }

    #[test]
    fn a_file_cannot_leave_its_folder() {
        let place = tempfile::tempdir().unwrap();
        for path in ["../x", "/etc/x", "a/b", "..", ""] {
            assert!(matches!(write(place.path(), &enrolment(path)), Err(WriteError::Name(_))), "{path}");
            let mut wrong = enrolment("agent.key");
            path.clone_into(&mut wrong.container[0].path);
            assert!(matches!(write(place.path(), &wrong), Err(WriteError::Name(_))), "{path}");
        }
    }
}
