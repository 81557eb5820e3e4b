//! How the dashboard is opened.

use clap::Args as ClapArgs;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use strum::VariantNames;

use crate::config::Theme;

/// Options of the dashboard.
#[derive(Debug, Default, ClapArgs)]
pub(crate) struct Dashboard {
    /// Only look: run no worker inside
    #[arg(long)]
    pub(crate) no_worker: bool,

    /// Give no verdicts from this terminal
    #[arg(long)]
    pub(crate) read_only: bool,

    #[command(flatten)]
    pub(crate) looks: Looks,
}

/// What it looks like and which keys it has, whoever opens it.
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct Looks {
    /// Leave the mouse to the terminal, to select text
    #[arg(long)]
    pub(crate) no_mouse: bool,

    /// Draw with plain ASCII characters
    #[arg(long)]
    pub(crate) ascii: bool,

    /// The colours
    #[arg(long, value_name = "NAME", value_parser = theme())]
    pub(crate) theme: Option<Theme>,

    /// The keys: default, vim, or a file that changes one of them
    #[arg(long, value_name = "NAME or FILE")]
    pub(crate) keymap: Option<String>,
}

/// The names of the sets of colours.
fn theme() -> impl TypedValueParser<Value = Theme> {
    PossibleValuesParser::new(Theme::VARIANTS).try_map(|name| name.parse::<Theme>())
}
