//! What a file is, from its first bytes.

use super::{Format, XgboostError};

/// Save it from Python; works in every version.
const SAVE: &str = "load it in Python and save the model with bst.save_model(\"model.json\")";
const RETRAIN: &str = "train the same rows with XGBoost (`leadboard model export --format matrix` writes them)";

/// How other files that people take for a model begin: the bytes, what it is, what to do.
const FOREIGN: [(&[u8], &str, &str); 13] = [
    (b"\x80\x02", "a Python pickle, which could run any code when loaded", SAVE),
    (b"\x80\x03", "a Python pickle, which could run any code when loaded", SAVE),
    (b"\x80\x04", "a Python pickle, which could run any code when loaded", SAVE),
    (b"\x80\x05", "a Python pickle, which could run any code when loaded", SAVE),
    (b"c__", "a Python pickle, which could run any code when loaded", SAVE),
    (b"ccopy_reg", "a Python pickle, which could run any code when loaded", SAVE),
    (b"PK\x03\x04", "a zip archive", "unpack it, and import the model file inside"),
    (b"\x1f\x8b", "a gzip archive inside an archive", "unpack it, and import the model file inside"),
    (b"CONFIG-offset:", "a memory snapshot of XGBoost, which only the version that wrote it reads", SAVE),
    (b"bs64", "a binary model as Base64 text", SAVE),
    (b"tree\n", "a LightGBM model", RETRAIN),
    (b"CBM1", "a CatBoost model", RETRAIN),
    (b"\x89HDF", "an HDF5 file", RETRAIN),
];

const DUMP: (&str, &str) = ("a dump of trees, which lacks the base score", SAVE);

/// The format of a model file.
pub(super) fn format(bytes: &[u8]) -> Result<Format, XgboostError> {
    let foreign = |(what, cure)| Err(XgboostError::Foreign { what, cure });
    if bytes.starts_with(b"binf") {
        return Ok(Format::Binary);
    }
    if let Some((_, what, cure)) = FOREIGN.iter().find(|(start, ..)| bytes.starts_with(start)) {
        return foreign((*what, *cure));
    }
    // XGBoost tells JSON from UBJSON by what follows the brace: a quote, or the type of a length.
    let mut visible = bytes.iter().copied().filter(|b| !b.is_ascii_whitespace());
    match (visible.next(), visible.next()) {
        (Some(b'{'), Some(b'"' | b'}')) => Ok(Format::Json),
        (Some(b'{'), Some(_)) if bytes.get(1).is_some_and(u8::is_ascii_alphabetic) || bytes.starts_with(b"{#") => {
            Ok(Format::Ubjson)
        }
        (Some(b'['), _) => foreign(DUMP),
        (None, _) => foreign(("an empty file", "copy it again")),
        _ if bytes.starts_with(b"booster[") || bytes.starts_with(b"0:[") => foreign(DUMP),
        // A protobuf whose first field is a small number: ONNX's `ir_version`; it names its producer or its operators.
        (Some(0x08), _) if bytes.len() > 2 && mentions(bytes, b"onnx") => foreign(("an ONNX model", RETRAIN)),
        _ => foreign((
            "of no format that is known here",
            "save the model with bst.save_model(\"model.json\"), or give the model.tar.gz of SageMaker",
        )),
    }
}

fn mentions(bytes: &[u8], word: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(1 << 20)];
    start.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}
