//! `model.tar.gz` as Amazon SageMaker writes and hosts it. Its container loads every file at the top level whose name
//! does not begin with a dot, and averages the predictions where there are several; folders are left alone.

use std::io::{self, Read, Write};
use std::path::{Component, Path};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Archive, EntryType, Header};

use super::{MAX_BYTES, XgboostError};

/// The name of the model inside. Several have a number behind it.
pub const MEMBER: &str = "xgboost-model";
const GZIP: &[u8] = &[0x1f, 0x8b];
/// Most models in one archive.
const MAX_MODELS: usize = 64;
/// Most entries of any kind.
const MAX_ENTRIES: usize = 10_000;

/// One model file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name in the archive; `None` for a file that is no archive.
    pub name: Option<String>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The model files in an archive, in the order of their names; a file that is no archive is returned as it is.
///
/// # Errors
/// Links, paths that leave the archive, and whatever is larger than [`MAX_BYTES`] unpacked, are refused.
pub fn unpack(bytes: Vec<u8>) -> Result<Vec<Member>, XgboostError> {
    if !bytes.starts_with(GZIP) {
        return Ok(vec![Member { name: None, bytes }]);
    }
    let damaged = |e: io::Error| XgboostError::Damaged(format!("the archive cannot be unpacked: {e}"));
    let mut archive = Archive::new(GzDecoder::new(bytes.as_slice()).take(MAX_BYTES));
    let mut models = Vec::new();
    for (number, entry) in archive.entries().map_err(damaged)?.enumerate() {
        let mut entry = entry.map_err(damaged)?;
        if number >= MAX_ENTRIES || entry.size() > MAX_BYTES {
            return Err(XgboostError::TooLarge);
        }
        let path = entry.path().map_err(damaged)?.into_owned();
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            continue;
        }
        let name = top_level(&path)?;
        if !matches!(kind, EntryType::Regular | EntryType::Continuous | EntryType::Directory) {
            return Err(XgboostError::Unsupported {
                what: format!("the archive holds {}, which is a link or a device", path.display()),
                cure: "pack the model file itself",
            });
        }
        let Some(name) = name.filter(|name| !name.starts_with('.') && kind != EntryType::Directory) else { continue };
        if models.len() >= MAX_MODELS {
            return Err(XgboostError::Unsupported {
                what: format!("the archive holds more than {MAX_MODELS} files"),
                cure: "pack only the model files",
            });
        }
        let mut file = Vec::new();
        let size = entry.size();
        if entry.read_to_end(&mut file).map_err(damaged)? as u64 != size {
            return Err(XgboostError::Damaged("the archive ends too early".into()));
        }
        models.push(Member { name: Some(name), bytes: file });
    }
    if models.is_empty() {
        return Err(XgboostError::Unsupported {
            what: "the archive holds no model file".into(),
            cure: "SageMaker puts it at the top level, as xgboost-model",
        });
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(models)
}

/// The name of a file at the top level; `None` for what lies in a folder.
fn top_level(path: &Path) -> Result<Option<String>, XgboostError> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(XgboostError::Unsupported {
                    what: format!("the archive holds {}, a path that leaves it", path.display()),
                    cure: "pack the model file alone, without a path",
                });
            }
        }
    }
    Ok(if names.len() == 1 { names.pop() } else { None })
}

/// An archive of these models and nothing else: one is `xgboost-model`, several are `xgboost-model-0` and so on. The
/// same models give the same bytes.
///
/// # Errors
/// If compression fails, which it does not in memory.
pub fn pack(models: &[Vec<u8>]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (number, model) in models.iter().enumerate() {
        let mut header = Header::new_ustar();
        header.set_size(model.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(EntryType::Regular);
        let name = if models.len() == 1 { MEMBER.to_owned() } else { format!("{MEMBER}-{number}") };
        archive.append_data(&mut header, name, model.as_slice())?;
    }
    let mut gzip = archive.into_inner()?;
    gzip.flush()?;
    gzip.finish()
}
