//! Plays stories with the dashboard, without a terminal and without waiting: keys in, effects carried out at once on the
//! backend in memory, pictures out.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use futures::FutureExt;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use tokio::sync::watch;
use unicode_width::UnicodeWidthStr;

use super::backend::Backend;
use super::fake::{Fake, State, company};
use super::keymap::Keymap;
use super::model::Model;
use super::msg::{Effect, Msg};
use super::runtime::perform;
use super::update::update;
use super::view::hits::Hits;
use super::{Options, view};

/// The moment at which every story begins.
pub(crate) fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:20Z".parse().unwrap()
}

fn utc(_: DateTime<Utc>) -> FixedOffset {
    FixedOffset::east_opt(0).unwrap()
}

pub(crate) fn options() -> Options {
    Options { zone: utc, log_path: Some("/var/log/leadboard.log".into()), ..Options::new("Ana M.", "shadow") }
}

/// Without colours.
pub(crate) fn mono() -> Options {
    Options { palette: super::theme::Palette::Mono, ..options() }
}

/// In plain letters.
pub(crate) fn ascii() -> Options {
    Options { ascii: true, ..options() }
}

/// The dashboard on a stage.
pub(crate) struct Stage {
    pub(crate) model: Model,
    pub(crate) fake: Arc<Fake>,
    /// Effects that are kept back instead of carried out, while `hold` is set.
    pub(crate) held: Vec<Effect>,
    pub(crate) hold: bool,
    pub(crate) suspended: bool,
    changes: watch::Receiver<u64>,
}

impl Stage {
    /// Sixty leads, 80x24.
    pub(crate) fn new() -> Self {
        Self::with(options(), company(noon(), 60), (80, 24))
    }

    pub(crate) fn sized(width: u16, height: u16) -> Self {
        Self::with(options(), company(noon(), 60), (width, height))
    }

    pub(crate) fn with(options: Options, state: State, size: (u16, u16)) -> Self {
        let (model, first) = Model::new(options, Keymap::bundled().unwrap(), size, state.now);
        let fake = Arc::new(Fake::new(state));
        let changes = fake.changes();
        let mut stage = Self { model, fake, held: Vec::new(), hold: false, suspended: false, changes };
        stage.carry_out(first);
        stage
    }

    /// Carries out effects and takes the answers, until nothing is left to do.
    pub(crate) fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut todo: VecDeque<Effect> = effects.into();
        while let Some(effect) = todo.pop_front() {
            if self.hold {
                self.held.push(effect);
            } else if effect == Effect::Suspend {
                self.suspended = true;
            } else {
                let answer = perform(self.fake.as_ref(), effect).now_or_never().expect("the fake never waits");
                todo.extend(update(&mut self.model, answer));
            }
            if todo.is_empty() && self.changes.has_changed().unwrap_or(false) {
                self.changes.mark_unchanged();
                todo.extend(update(&mut self.model, Msg::Changed));
            }
        }
    }

    /// Lets go what was held back.
    pub(crate) fn release(&mut self) {
        self.hold = false;
        let held = std::mem::take(&mut self.held);
        self.carry_out(held);
    }

    pub(crate) fn send(&mut self, msg: Msg) -> &mut Self {
        let effects = update(&mut self.model, msg);
        self.carry_out(effects);
        self
    }

    /// Presses keys, given by name and separated by blanks: `a`, `enter`, `ctrl-c`.
    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        for name in keys.split(' ').filter(|name| !name.is_empty()) {
            self.send(Msg::Key { event: event(name), hurried: false });
        }
        self
    }

    pub(crate) fn write(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.send(Msg::Key { event: KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE), hurried: false });
        }
        self
    }

    /// Lets time pass, for the company and for the dashboard, which is told that something changed.
    pub(crate) fn later(&mut self, by: TimeDelta) -> &mut Self {
        self.model.now += by;
        self.fake.state().advance(self.model.now);
        self.send(Msg::Changed)
    }

    /// Verdicts given so far.
    pub(crate) fn decided(&self) -> usize {
        self.fake.state().leads.values().map(|(_, detail)| detail.decisions.len()).sum()
    }

    pub(crate) fn status(&self) -> &str {
        self.model.status.as_ref().map_or("", |status| &status.text)
    }

    pub(crate) fn selected(&self) -> String {
        self.model.queue.selected().map(|row| row.company.clone()).unwrap_or_default()
    }

    pub(crate) fn buffer(&self) -> Buffer {
        let (width, height) = self.model.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| drop(view::draw(frame, &self.model))).unwrap();
        terminal.backend().buffer().clone()
    }

    /// What clicks on the screen mean.
    pub(crate) fn hits(&self) -> Hits {
        let mut hits = Hits::default();
        let mut terminal = Terminal::new(TestBackend::new(self.model.size.0, self.model.size.1)).unwrap();
        terminal.draw(|frame| hits = view::draw(frame, &self.model)).unwrap();
        hits
    }

    /// Where a text begins on the screen, which has it once.
    pub(crate) fn find(&self, text: &str) -> (u16, u16) {
        let lines = lines(&self.buffer());
        let mut found =
            lines.iter().enumerate().filter_map(|(y, line)| Some((line.split_once(text)?.0.width() as u16, y as u16)));
        found.next().unwrap_or_else(|| panic!("{text} is not on the screen:\n{}", lines.join("\n")))
    }

    /// The text on screen.
    pub(crate) fn text(&self) -> String {
        lines(&self.buffer()).join("\n")
    }

    /// The text on screen with its styles, for snapshots.
    pub(crate) fn picture(&self) -> String {
        styled(&self.buffer())
    }
}

fn event(name: &str) -> KeyEvent {
    let (modifiers, name) = match name.strip_prefix("ctrl-") {
        Some(rest) => (KeyModifiers::CONTROL, rest),
        None => (KeyModifiers::NONE, name),
    };
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backtab" => KeyCode::BackTab,
        "space" => KeyCode::Char(' '),
        "backspace" => KeyCode::Backspace,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        f if f.len() > 1 && f.starts_with('f') => KeyCode::F(f.trim_start_matches('f').parse().unwrap()),
        c => KeyCode::Char(c.chars().next().unwrap()),
    };
    KeyEvent::new(code, modifiers)
}

fn lines(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    (0..area.height)
        .map(|y| {
            let mut line = String::new();
            let mut x = 0;
            while x < area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += symbol.width().max(1) as u16;
            }
            line.trim_end().to_owned()
        })
        .collect()
}

/// The text, and below it for each line the columns that are not plain: `3: 1-11 bold, 15-20 reverse`.
pub(crate) fn styled(buffer: &Buffer) -> String {
    let mut out = lines(buffer).join("\n");
    out.push_str("\n--- styles ---\n");
    let area = buffer.area;
    for y in 0..area.height {
        let style_at = |x: u16| {
            let cell = &buffer[(x, y)];
            // A blank shows nothing but reverse video.
            let blank = cell.symbol() == " " && !cell.modifier.contains(Modifier::REVERSED);
            if blank { (Color::Reset, Color::Reset, Modifier::empty()) } else { (cell.fg, cell.bg, cell.modifier) }
        };
        let mut runs = Vec::new();
        let mut x = 0;
        while x < area.width {
            let style = style_at(x);
            let end = (x..area.width).find(|x| style_at(*x) != style).unwrap_or(area.width);
            if style != (Color::Reset, Color::Reset, Modifier::empty()) {
                runs.push(format!("{x}-{} {}", end - 1, words(style)));
            }
            x = end;
        }
        if !runs.is_empty() {
            writeln!(out, "{y}: {}", runs.join(", ")).unwrap();
        }
    }
    out
}

fn words((fg, bg, modifier): (Color, Color, Modifier)) -> String {
    let mut words = Vec::new();
    if fg != Color::Reset {
        words.push(fg.to_string().to_lowercase());
    }
    if bg != Color::Reset {
        words.push(format!("on-{}", bg.to_string().to_lowercase()));
    }
    words.extend(modifier.iter_names().map(|(name, _)| name.to_lowercase()));
    words.join("+")
}
