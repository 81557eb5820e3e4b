//! A probability with its interval as a strip: `├──●────┤`, every strip of a list on the same scale.

use crate::tui::theme::Glyphs;

/// Draws `low..high` with a mark at `value`, where the full width is `scale`.
pub fn strip(glyphs: &Glyphs, value: f64, (low, high): (f64, f64), scale: f64, width: usize) -> String {
    if width == 0 || scale <= 0.0 {
        return String::new();
    }
    let column = |p: f64| ((p / scale).clamp(0.0, 1.0) * (width - 1) as f64).round() as usize;
    let (low, value, high) = (column(low), column(value), column(high));
    (0..width)
        .map(|i| match i {
            i if i == value => glyphs.point,
            i if i == low && low < high => glyphs.ends.0,
            i if i == high && low < high => glyphs.ends.1,
            i if i > low && i < high => glyphs.line,
            _ => ' ',
        })
        .collect()
}

/// A share as a bar: `███░░░`.
pub fn gauge(glyphs: &Glyphs, share: f64, width: usize) -> String {
    let filled = (share.clamp(0.0, 1.0) * width as f64).round() as usize;
    (0..width).map(|i| if i < filled { glyphs.gauge.0 } else { glyphs.gauge.1 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{Palette, Theme};

    #[test]
    fn strips_are_on_scale() {
        let glyphs = Theme::new(true, Palette::Terminal).glyphs();
        assert_eq!(strip(glyphs, 0.5, (0.25, 0.75), 1.0, 9), "  |-o-|  ");
        assert_eq!(strip(glyphs, 2.0, (0.0, 9.0), 1.0, 5), "|---o");
        assert_eq!(strip(glyphs, 0.5, (0.2, 0.8), 1.0, 0), "");
        assert_eq!(gauge(glyphs, 0.5, 4), "##..");
    }
}
