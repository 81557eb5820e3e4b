//! Against models and margins of XGBoost itself (`tests/data/xgboost`, made by `.ci/model/make_vectors.py`), and against
//! files that nobody would write.

use std::collections::BTreeMap;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::GzDecoder;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::model::ensemble::Ensemble;
use crate::model::forest::{CategorySet, Node, Tree};

#[derive(Deserialize)]
struct Vectors {
    xgboost: String,
    rows: Vec<Vec<Option<f32>>>,
    cases: Vec<Case>,
    averaged: Averaged,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    files: BTreeMap<String, String>,
    margins: Vec<f32>,
    best: Option<Vec<f32>>,
}

#[derive(Deserialize)]
struct Averaged {
    files: Vec<String>,
    probabilities: Vec<f32>,
}

impl Vectors {
    fn rows(&self) -> Vec<Vec<f32>> {
        self.rows.iter().map(|row| row.iter().map(|cell| cell.unwrap_or(f32::NAN)).collect()).collect()
    }
}

impl Case {
    fn file(&self, format: &str) -> Vec<u8> {
        let text = &self.files[format];
        if format == "json" { text.as_bytes().to_vec() } else { BASE64.decode(text).unwrap() }
    }
}

macro_rules! stored {
    ($($version:literal),*) => {
        [$(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/xgboost/", $version, ".json.gz")).as_slice()),*]
    };
}

fn vectors() -> Vec<Vectors> {
    stored!["1.7.4", "2.1.4", "3.0.5", "3.2.0"]
        .into_iter()
        .map(|bytes| {
            let mut text = String::new();
            GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
            serde_json::from_str(&text).unwrap()
        })
        .collect()
}

fn case(version: &str, name: &str) -> Case {
    let vectors = vectors().into_iter().find(|vectors| vectors.xgboost == version).unwrap();
    vectors.cases.into_iter().find(|case| case.name == name).unwrap()
}

fn bits(margins: impl IntoIterator<Item = f32>) -> Vec<u32> {
    margins.into_iter().map(f32::to_bits).collect()
}

#[test]
fn margins_are_xgboosts_own_bit_for_bit() {
    let mut files = 0;
    for vectors in vectors() {
        let rows = vectors.rows();
        for case in &vectors.cases {
            for format in case.files.keys() {
                let what = format!("{} {} as {format}", vectors.xgboost, case.name);
                let read = read(&case.file(format), Keep::AllRounds).unwrap_or_else(|e| panic!("{what}: {e}"));
                let margins = rows.iter().map(|row| read.forest.margin(row));
                assert_eq!(bits(margins), bits(case.margins.clone()), "{what}");
                let version = vectors.xgboost.as_str();
                assert!(version.starts_with(&read.origin.version), "{what}: {:?}", read.origin);
                assert_eq!(read.origin.booster, if case.name == "dart" { "dart" } else { "gbtree" });
                files += 1;
            }
        }
    }
    assert!(files >= 50, "{files} files");
}

#[test]
fn a_model_that_was_stopped_early_is_cut_at_its_best_round_unless_asked_otherwise() {
    for vectors in vectors() {
        let rows = vectors.rows();
        let mut cut = 0;
        for case in &vectors.cases {
            for format in case.files.keys() {
                let read = read(&case.file(format), Keep::BestRound).unwrap();
                let expected = case.best.as_ref().unwrap_or(&case.margins);
                let margins = rows.iter().map(|row| read.forest.margin(row));
                assert_eq!(bits(margins), bits(expected.clone()), "{} {}", vectors.xgboost, case.name);
                assert_eq!(read.origin.rounds_kept < read.origin.rounds, case.best.is_some());
                cut += usize::from(case.best.is_some());
            }
        }
        assert!(cut > 0);
    }
}

#[test]
fn several_files_give_the_mean_of_their_probabilities() {
    for vectors in vectors() {
        let files = vectors.averaged.files.iter().map(|file| BASE64.decode(file).unwrap());
        let forests = files.map(|file| read(&file, Keep::BestRound).unwrap().forest).collect();
        let ensemble = Ensemble::new(forests).unwrap();
        for (row, expected) in vectors.rows().iter().zip(&vectors.averaged.probabilities) {
            let p = 1.0 / (1.0 + (-ensemble.margin(row)).exp());
            assert!((p - expected).abs() < 1e-6, "{p} {expected}");
        }
    }
}

/// The JSON of a plain model, to be changed.
fn plain() -> Value {
    let text = case("3.0.5", "numbers").file("json");
    serde_json::from_slice(&text).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    read(bytes, Keep::BestRound).unwrap_err().to_string()
}

fn refused(change: impl FnOnce(&mut Value)) -> String {
    let mut model = plain();
    change(&mut model);
    refusal(&serde_json::to_vec(&model).unwrap())
}

#[test]
fn what_is_no_model_is_refused_by_name_with_the_cure() {
    for (bytes, name, cure) in [
        (b"\x80\x04\x95\x10\x00".as_slice(), "Python pickle", "save_model"),
        (b"PK\x03\x04rest", "zip archive", "unpack it"),
        (b"\x1f\x8b\x08\x00", "gzip archive inside an archive", "unpack it"),
        (b"CONFIG-offset:0000", "memory snapshot", "save_model"),
        (b"tree\nversion=v4\nnum_class=1\n", "LightGBM", "--format matrix"),
        (b"\x08\x09\x12\x0aOnnxMLTools", "ONNX", "--format matrix"),
        (b"CBM1\x00\x00", "CatBoost", "--format matrix"),
        (b"[{\"nodeid\": 0}]", "dump of trees", "save_model"),
        (b"booster[0]:\n0:[f1<2] yes=1", "dump of trees", "save_model"),
        (b"", "empty file", "copy it again"),
        (b"hello", "no format that is known", "model.tar.gz"),
        (b"{\"format\": \"leadboard-features\"}", "feature list", "--features"),
        (b"{\"format\": \"leadboard-model\", \"version\": 1}", "stored model of leadboard", "model export"),
        (b"{}", "JSON of another kind", "save_model"),
    ] {
        let refusal = refusal(bytes);
        assert!(refusal.contains(name) && refusal.contains(cure), "{refusal}");
    }
}

#[test]
fn a_model_of_another_kind_is_refused_by_name() {
    for objective in ["multi:softmax", "rank:pairwise", "survival:cox", "reg:squarederror", "binary:logitraw"] {
        let refusal = refused(|model| model["learner"]["objective"] = json!({"name": objective}));
        assert!(refusal.contains(objective) && refusal.contains("binary:logistic"), "{refusal}");
    }
    let linear = json!({"name": "gblinear", "model": {"boosted_rounds": 1, "weights": [0.1]}});
    let refusal = refused(|model| model["learner"]["gradient_booster"] = linear);
    assert!(refusal.contains("gblinear, which has no trees"), "{refusal}");
    for (param, value, word) in [
        ("num_class", "3", "3 classes"),
        ("num_target", "2", "2 targets"),
        ("base_score", "[1E-1,2E-1]", "several outputs"),
    ] {
        let refusal = refused(|model| model["learner"]["learner_model_param"][param] = value.into());
        assert!(refusal.contains(word), "{refusal}");
    }
}

#[test]
fn a_model_that_contradicts_itself_is_refused() {
    type Change = fn(&mut Value);
    let changes: [(Change, &str); 9] = [
        (|tree| tree["left_children"][1] = 0.into(), "joins two branches"),
        (|tree| tree["right_children"][0] = 10_000.into(), "leads nowhere"),
        (|tree| tree["split_indices"][0] = 4.into(), "tests a column that the model does not have"),
        (|tree| tree["split_conditions"] = json!([0.5]), "different lengths"),
        (|tree| tree["split_type"][0] = 1.into(), "categories that are not there"),
        (|tree| tree["categories_nodes"] = json!([0]), "categories of different lengths"),
        (|tree| tree["tree_param"]["size_leaf_vector"] = "3".into(), "several values in a leaf"),
        (|tree| tree["split_conditions"][0] = Value::Null, "threshold that is no number"),
        (|tree| tree["tree_param"]["num_nodes"] = "3".into(), "different lengths"),
    ];
    for (change, word) in changes {
        let refusal = refused(|model| change(&mut model["learner"]["gradient_booster"]["model"]["trees"][0]));
        assert!(refusal.contains("tree 0") && refusal.contains(word) && refusal.contains("damaged"), "{refusal}");
    }
    for score in ["0", "1E0", "-3", "NaN", "x", "[]"] {
        let refusal = refused(|model| model["learner"]["learner_model_param"]["base_score"] = score.into());
        assert!(refusal.contains("base_score"), "{refusal}");
    }
    let refusal = refused(|model| {
        model["learner"]["gradient_booster"]["model"]["gbtree_model_param"]["num_trees"] = "7".into();
    });
    assert!(refusal.contains("as many trees as it says"), "{refusal}");
}

#[test]
fn a_chain_that_is_too_deep_for_recursion_is_refused() {
    let mut chain = Tree::default();
    for level in 0..300 {
        let left = 2 * level + 1;
        chain.nodes.push(Node { left, feature: 0, value: 0.5, set: None, default_left: false, cover: 1.0, gain: 1.0 });
        if level > 0 {
            let split = chain.nodes.pop().unwrap();
            chain.nodes.extend([Node { left: 0, ..split }]);
            chain.nodes.push(split);
        }
    }
    // Every split's left child is a leaf and its right one the next split; the last two nodes are leaves.
    let last = chain.nodes.len() - 1;
    let leaf = Node { left: 0, ..chain.nodes[last] };
    chain.nodes.extend([leaf, leaf]);
    let forest = Forest { features: 1, base_score: 0.5, trees: vec![chain] };
    assert!(refusal(&write(&forest, Format::Ubjson).unwrap()).contains("256 levels"));
}

#[test]
fn every_form_of_the_base_score_is_read() {
    for (form, score) in [("2.5E-1", 0.25), ("[2.5E-1]", 0.25), ("0.25", 0.25), ("[ 9.5156E-2 ]", 0.095_156)] {
        let mut model = plain();
        model["learner"]["learner_model_param"]["base_score"] = form.into();
        let read = read(&serde_json::to_vec(&model).unwrap(), Keep::BestRound).unwrap();
        assert!((read.forest.base_score - score).abs() < 1e-9, "{form}");
    }
}

#[test]
fn before_one_point_zero_the_binary_format_held_a_margin() {
    let case = case("1.7.4", "base score");
    let mut file = case.file("binf");
    let probability = read(&file, Keep::AllRounds).unwrap().forest.base_score;
    // The major version, in the 136 bytes after the magic word; and a margin in place of the probability.
    file[24..28].fill(0);
    file[4..8].copy_from_slice(&(-1.25f32).to_le_bytes());
    let forest = read(&file, Keep::AllRounds).unwrap().forest;
    assert!((probability - 0.13).abs() < 1e-6 && (forest.base_margin() + 1.25).abs() < 1e-6);
}

#[test]
fn children_may_be_anywhere_and_nodes_that_nothing_leads_to_are_dropped() {
    let (mut model, rows) = (plain(), vectors()[2].rows());
    let before = read(&serde_json::to_vec(&model).unwrap(), Keep::BestRound).unwrap().forest;
    for tree in model["learner"]["gradient_booster"]["model"]["trees"].as_array_mut().unwrap() {
        let n = tree["left_children"].as_array().unwrap().len();
        // Node i moves to place (5 * i) % m; the root stays. One place is left over, for a node that nobody reaches.
        let m = if (n + 1) % 5 == 0 { n + 2 } else { n + 1 };
        let place = |i: usize| (5 * i) % m;
        for list in [
            "left_children",
            "right_children",
            "split_conditions",
            "split_indices",
            "default_left",
            "sum_hessian",
            "loss_changes",
        ] {
            let old = tree[list].as_array().unwrap().clone();
            let mut new = vec![json!(0); m];
            for (i, value) in old.iter().enumerate() {
                let child = value.as_i64().filter(|child| list.ends_with("children") && *child >= 0);
                new[place(i)] = child.map_or_else(|| value.clone(), |child| json!(place(child as usize)));
            }
            tree[list] = new.into();
        }
        tree["split_type"] = json!([]);
        tree["tree_param"]["num_nodes"] = m.to_string().into();
    }
    let after = read(&serde_json::to_vec(&model).unwrap(), Keep::BestRound).unwrap().forest;
    assert_eq!(before, after);
    assert_eq!(bits(rows.iter().map(|row| before.margin(row))), bits(rows.iter().map(|row| after.margin(row))));
    assert!(after.trees.iter().all(|tree| tree.is_sound(after.features)));
}

#[test]
fn no_length_is_believed() {
    let huge = i64::MAX.to_be_bytes();
    let start = case("3.2.0", "numbers").file("ubj");
    let at = start.windows(12).position(|window| window == b"base_weights").unwrap() + 12;
    for head in [b"[$d#L".as_slice(), b"[$Z#L", b"[$N#L", b"[#L", b"SL", b"{#L", b"H", b"[$[#L"] {
        let bytes = [&start[..at], head, &huge].concat();
        assert!(refusal(&bytes).contains("at byte"), "{}", refusal(&bytes));
    }
    let nested = [&start[..at], &[b'['; 1_000]].concat();
    assert!(refusal(&nested).contains("nests too deep"));
    let mut old = case("1.7.4", "numbers").file("binf");
    // The number of trees, behind the two names.
    let trees = 4 + 136 + 8 + "binary:logistic".len() + 8 + "gbtree".len();
    old[trees..trees + 4].copy_from_slice(&i32::MAX.to_le_bytes());
    assert!(refusal(&old).contains("damaged"));
}

#[test]
fn an_archive_holds_the_models_and_nothing_else() {
    let (one, two) = (b"one".to_vec(), b"two".to_vec());
    let member = |name: &str, bytes: &[u8]| Member { name: Some(name.into()), bytes: bytes.to_vec() };
    let packed = pack(std::slice::from_ref(&one)).unwrap();
    assert_eq!(packed, pack(std::slice::from_ref(&one)).unwrap());
    assert_eq!(unpack(packed).unwrap(), [member("xgboost-model", b"one")]);
    let several = unpack(pack(&[one.clone(), two]).unwrap()).unwrap();
    assert_eq!(several, [member("xgboost-model-0", b"one"), member("xgboost-model-1", b"two")]);
    assert_eq!(unpack(one.clone()).unwrap(), [Member { name: None, bytes: one }]);
}

/// An archive of one entry of any kind, with a name that the library would not write.
fn archive(kind: tar::EntryType, name: &str, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    builder.append(&header, b"data".as_slice()).unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

#[test]
fn an_archive_that_plays_tricks_is_refused() {
    use tar::EntryType;
    for name in ["../model", "/etc/model", "a/../../model"] {
        let refusal = unpack(archive(EntryType::Regular, name, 4)).unwrap_err().to_string();
        assert!(refusal.contains("leaves it"), "{refusal}");
    }
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Fifo] {
        let refusal = unpack(archive(kind, "xgboost-model", 0)).unwrap_err().to_string();
        assert!(refusal.contains("link or a device"), "{refusal}");
    }
    assert_eq!(unpack(archive(EntryType::Regular, "model", MAX_BYTES + 1)), Err(XgboostError::TooLarge));
    let short = unpack(archive(EntryType::Regular, "model", 1 << 20)).unwrap_err();
    assert!(matches!(short, XgboostError::Damaged(_)), "{short}");
    for name in ["._xgboost-model", "code/inference.py"] {
        let refusal = unpack(archive(EntryType::Regular, name, 4)).unwrap_err().to_string();
        assert!(refusal.contains("no model file"), "{refusal}");
    }
}

/// A forest of any shape, with sets of categories, missing ways, and leaves of every size.
fn grown(seed: u64) -> Forest {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let features = rng.random_range(1..6);
    let number = |rng: &mut ChaCha8Rng| {
        let value = f32::from_bits(rng.random::<u32>());
        if value.is_finite() { value } else { 0.1 }
    };
    let trees = (0..rng.random_range(0..4))
        .map(|_| {
            let splits = rng.random_range(0..20);
            let mut tree = Tree::default();
            let mut made = 1;
            while tree.nodes.len() < made {
                let is_split = made < 2 * splits && rng.random_bool(0.7);
                let left = if is_split { made as u32 } else { 0 };
                made += if is_split { 2 } else { 0 };
                let set = (is_split && rng.random_bool(0.3)).then(|| {
                    let categories = (0..rng.random_range(0..9)).map(|_| rng.random_range(0..70)).collect();
                    tree.sets.push(CategorySet::new(categories));
                    tree.sets.len() as u32 - 1
                });
                tree.nodes.push(Node {
                    left,
                    feature: rng.random_range(0..features as u32),
                    value: if set.is_some() { 0.0 } else { number(&mut rng) },
                    set,
                    default_left: rng.random(),
                    cover: number(&mut rng),
                    gain: number(&mut rng),
                });
            }
            tree
        })
        .collect();
    Forest { features, base_score: rng.random_range(0.001..0.999), trees }
}

/// A model of each format, large enough that a change can hit anything.
fn samples() -> Vec<Vec<u8>> {
    let json = case("1.7.4", "categories").file("json");
    let packed = pack(std::slice::from_ref(&json)).unwrap();
    let old = ["dart", "stopped early"].map(|name| case("1.7.4", name).file("binf"));
    let new = ["categories", "dart"].map(|name| case("3.2.0", name).file("ubj"));
    [json, packed].into_iter().chain(old).chain(new).collect()
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(seed: u64) {
        let forest = grown(seed);
        for format in [Format::Json, Format::Ubjson] {
            let read = read(&write(&forest, format).unwrap(), Keep::BestRound).unwrap();
            prop_assert_eq!(&read.forest, &forest);
        }
    }

    #[test]
    fn no_change_of_a_file_makes_reading_it_panic(
        which in 0usize..6,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0usize..3), 1..8),
        cut in any::<prop::sample::Index>(),
        shorten: bool,
    ) {
        static SAMPLES: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
        let mut bytes = SAMPLES.get_or_init(samples)[which].clone();
        for (place, byte, kind) in changes {
            let place = place.index(bytes.len());
            match kind {
                0 => bytes[place] = byte,
                1 => { bytes.remove(place); }
                _ => bytes.insert(place, byte),
            }
        }
        if shorten {
            bytes.truncate(cut.index(bytes.len()));
        }
        for member in unpack(bytes).unwrap_or_default() {
            if let Ok(read) = read(&member.bytes, Keep::BestRound) {
                let features = read.forest.features;
                prop_assert!(read.forest.trees.iter().all(|tree| tree.is_sound(features)));
            }
        }
    }
}
