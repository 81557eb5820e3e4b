//! A model as UBJSON, with the array types that XGBoost's readers insist on. Written by hand and not through serde,
//! because an empty array must have the right type too.

use super::document::{TreesModel, XgbModel, XgbTree};

/// The bytes of a `gbtree` model.
pub(super) fn write(model: &XgbModel) -> Vec<u8> {
    let mut out = Writer(Vec::new());
    let learner = &model.learner;
    let (booster, param) = (&learner.gradient_booster, &learner.learner_model_param);
    out.object(|out| {
        out.key("learner").object(|out| {
            out.key("attributes").object(|_| {});
            out.key("feature_names").list(0);
            out.key("feature_types").list(0);
            out.key("gradient_booster").object(|out| {
                if let Some(trees) = &booster.model {
                    out.key("model").trees(trees);
                }
                out.field("name", &booster.name);
            });
            out.key("learner_model_param").object(|out| {
                out.field("base_score", &format!("{:E}", param.base_score.0));
                out.field("boost_from_average", &param.boost_from_average.0.to_string());
                out.field("num_class", &param.num_class.0.to_string());
                out.field("num_feature", &param.num_feature.0.to_string());
                out.field("num_target", &param.num_target.0.to_string());
            });
            out.key("objective").object(|out| {
                out.field("name", &learner.objective.name);
                out.key("reg_loss_param").object(|out| {
                    out.field("scale_pos_weight", &learner.objective.reg_loss_param.scale_pos_weight.0.to_string());
                });
            });
        });
        out.key("version").list(model.version.len());
        for number in &model.version {
            out.int((*number).into());
        }
    });
    out.0
}

struct Writer(Vec<u8>);

impl Writer {
    fn object(&mut self, fields: impl FnOnce(&mut Self)) {
        self.0.push(b'{');
        fields(self);
        self.0.push(b'}');
    }

    fn length(&mut self, length: usize) {
        self.int(length as i64);
    }

    fn int(&mut self, value: i64) {
        self.0.push(b'L');
        self.0.extend(value.to_be_bytes());
    }

    fn key(&mut self, name: &str) -> &mut Self {
        self.length(name.len());
        self.0.extend(name.as_bytes());
        self
    }

    fn field(&mut self, name: &str, value: &str) {
        self.key(name).0.push(b'S');
        self.length(value.len());
        self.0.extend(value.as_bytes());
    }

    /// The head of a list of so many values.
    fn list(&mut self, length: usize) {
        self.0.extend(b"[#");
        self.length(length);
    }

    /// A strongly typed array.
    fn array<T: Copy, const N: usize>(&mut self, name: &str, kind: u8, values: &[T], bytes: impl Fn(T) -> [u8; N]) {
        self.key(name).0.extend([b'[', b'$', kind, b'#']);
        self.length(values.len());
        for value in values {
            self.0.extend(bytes(*value));
        }
    }

    fn i32s(&mut self, name: &str, values: &[i32]) {
        self.array(name, b'l', values, i32::to_be_bytes);
    }

    fn f32s(&mut self, name: &str, values: &[f32]) {
        self.array(name, b'd', values, f32::to_be_bytes);
    }

    fn trees(&mut self, model: &TreesModel) {
        self.object(|out| {
            out.key("gbtree_model_param").object(|out| {
                out.field("num_parallel_tree", &model.gbtree_model_param.num_parallel_tree.0.to_string());
                out.field("num_trees", &model.gbtree_model_param.num_trees.0.to_string());
            });
            for (name, list) in [("iteration_indptr", &model.iteration_indptr), ("tree_info", &model.tree_info)] {
                out.key(name).list(list.len());
                for value in list {
                    out.int((*value).into());
                }
            }
            out.key("trees").list(model.trees.len());
            for tree in &model.trees {
                out.tree(tree);
            }
        });
    }

    fn tree(&mut self, tree: &XgbTree) {
        self.object(|out| {
            out.f32s("base_weights", &tree.base_weights);
            out.i32s("categories", &tree.categories);
            out.i32s("categories_nodes", &tree.categories_nodes);
            out.array("categories_segments", b'L', &tree.categories_segments, i64::to_be_bytes);
            out.array("categories_sizes", b'L', &tree.categories_sizes, i64::to_be_bytes);
            out.array("default_left", b'U', &tree.default_left, u8::to_be_bytes);
            out.key("id").int(tree.id.into());
            out.i32s("left_children", &tree.left_children);
            out.f32s("loss_changes", &tree.loss_changes);
            out.i32s("parents", &tree.parents);
            out.i32s("right_children", &tree.right_children);
            out.f32s("split_conditions", &tree.split_conditions);
            out.array("split_indices", b'l', &tree.split_indices, |column| (column as i32).to_be_bytes());
            out.array("split_type", b'U', &tree.split_type, u8::to_be_bytes);
            out.f32s("sum_hessian", &tree.sum_hessian);
            out.key("tree_param").object(|out| {
                let param = &tree.tree_param;
                out.field("num_deleted", &param.num_deleted.0.to_string());
                out.field("num_feature", &param.num_feature.0.to_string());
                out.field("num_nodes", &param.num_nodes.0.to_string());
                out.field("size_leaf_vector", &param.size_leaf_vector.0.to_string());
            });
        });
    }
}
