//! The place of the database file: made for its owner alone, and on a disk of this machine.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::app::ports::StoreError;

/// File systems on which the shared memory of write-ahead logging does not work between machines.
const NETWORK_FILE_SYSTEMS: [&str; 8] = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "ceph"];

/// A file that was opened, so that it is noticed when another or none stands in its place: SQLite goes on reading and
/// writing a file that was removed, and nobody would ever find what it stored there.
#[derive(Clone, Debug)]
pub(super) struct Place {
    path: PathBuf,
    #[cfg(unix)]
    file: Option<(u64, u64)>,
}

impl Place {
    /// The file that is there now.
    pub(super) fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            #[cfg(unix)]
            file: file_at(path),
        }
    }

    /// Whether that file is still there.
    pub(super) fn is_kept(&self) -> bool {
        #[cfg(unix)]
        return self.file.is_some() && self.file == file_at(&self.path);
        // An open file can be neither removed nor replaced there.
        #[cfg(not(unix))]
        return self.path.exists();
    }
}

/// What tells one file from all others.
#[cfg(unix)]
fn file_at(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Makes the directory and the empty file if they are missing, and keeps the file to its owner. The path, absolute.
pub(super) fn prepare(path: &Path) -> Result<PathBuf, StoreError> {
    let failed = |what: &str, place: &Path, e: std::io::Error| {
        StoreError::Database(format!(
            "{what} {} failed: {e}; choose another --data-dir or mend its rights",
            place.display()
        ))
    };
    let path = std::path::absolute(path).map_err(|e| failed("naming", path, e))?;
    if let Some(dir) = path.parent() {
        make_dir(dir).map_err(|e| failed("making the directory", dir, e))?;
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        if let Some(kind) = file_system(&mounts, dir).filter(|kind| NETWORK_FILE_SYSTEMS.contains(kind)) {
            return Err(StoreError::Database(format!(
                "{} is on a network file system ({kind}), where SQLite can lose data; choose a --data-dir on a local disk",
                dir.display()
            )));
        }
    }
    make_file(&path).map_err(|e| failed("making the file", &path, e))?;
    Ok(path)
}

#[cfg(unix)]
fn make_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn make_dir(dir: &Path) -> std::io::Result<()> {
    fs::create_dir_all(dir)
}

/// Never opens a file that is there: closing it again would drop the locks that another connection of this process
/// holds on it (<https://www.sqlite.org/howtocorrupt.html>, section 2.2). SQLite gives its log the rights of the file.
fn make_file(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => keep_to_owner(path),
        Err(e) => Err(e),
    }
}

#[cfg(unix)]
fn keep_to_owner(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)?.permissions().mode();
    let open_to_others = mode & 0o077;
    if open_to_others != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_to_owner(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// The type of the file system that holds `dir`, by a mount table in the form of `/proc/self/mounts`.
fn file_system<'m>(mounts: &'m str, dir: &Path) -> Option<&'m str> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let (mount, kind) = (Path::new(fields.next()?), fields.next()?);
            dir.starts_with(mount).then(|| (mount.components().count(), kind))
        })
        // The deepest mount wins, and of two on one place the later.
        .max_by_key(|(depth, _)| *depth)
        .map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_names_the_file_system() {
        let mounts = "/dev/sda1 / ext4 rw 0 0\nserver:/home /home nfs4 rw 0 0\ntmpfs /home/me/tmp tmpfs rw 0 0\n";
        assert_eq!(file_system(mounts, Path::new("/var/lib")), Some("ext4"));
        assert_eq!(file_system(mounts, Path::new("/home/me")), Some("nfs4"));
        assert_eq!(file_system(mounts, Path::new("/home/me/tmp/x")), Some("tmpfs"));
        assert_eq!(file_system("", Path::new("/")), None);
    }
}
