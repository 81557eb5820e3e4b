//! What the sets promise, calculated from the colours.

use strum::IntoEnumIterator;

use super::*;

/// Linear light, red, green and blue, 0 to 1.
type Light = [f64; 3];

/// What xterm shows for a colour of the fixed part: a cube of six steps each way, then greys.
fn rgb(index: u8) -> [f64; 3] {
    let step = |n: u8| if n == 0 { 0.0 } else { f64::from(55 + 40 * u16::from(n)) };
    match index {
        16..=231 => {
            let n = index - 16;
            [step(n / 36), step(n / 6 % 6), step(n % 6)]
        }
        232..=255 => [f64::from(8 + 10 * u16::from(index - 232)); 3],
        _ => panic!("{index} looks different on every terminal"),
    }
}

fn light(colour: Color) -> Light {
    let Color::Indexed(index) = colour else { panic!("{colour}") };
    rgb(index).map(|value| {
        let value = value / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    })
}

fn dot(row: [f64; 3], colour: Light) -> f64 {
    row.iter().zip(colour).map(|(weight, light)| weight * light).sum()
}

/// CIE XYZ of linear sRGB, and of its white (D65). The second row is the relative luminance.
const XYZ: [[f64; 3]; 3] = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];
const WHITE: [f64; 3] = [0.9505, 1.0, 1.089];

/// The contrast of two colours: WCAG 2.2.
fn contrast(one: Light, other: Light) -> f64 {
    let (one, other) = (dot(XYZ[1], one), dot(XYZ[1], other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// CIE 1976 L*a*b*.
fn lab(colour: Light) -> [f64; 3] {
    let scaled = |axis: usize| dot(XYZ[axis], colour) / WHITE[axis];
    let root = |t: f64| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 };
    let [x, y, z] = [0, 1, 2].map(|axis| root(scaled(axis)));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// How different two colours look: CIE 1976. Two that stand apart on a screen differ by more than 20.
fn difference(a: Light, b: Light) -> f64 {
    lab(a).iter().zip(lab(b)).map(|(one, other)| (one - other).powi(2)).sum::<f64>().sqrt()
}

/// What eyes without one kind of cone see: Machado, Oliveira and Fernandes 2009, severity 1.
const EYES: [(&str, [[f64; 3]; 3]); 4] = [
    ("usual", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
    ),
    (
        "deuteranopia",
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    ),
    (
        "tritanopia",
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
    ),
];

fn seen_by(eyes: &[[f64; 3]; 3], colour: Light) -> Light {
    eyes.map(|row| dot(row, colour).clamp(0.0, 1.0))
}

const MEANINGS: [Meaning; 12] = [
    Meaning::Text,
    Meaning::Muted,
    Meaning::Title,
    Meaning::Selected,
    Meaning::Model,
    Meaning::Legacy,
    Meaning::Good,
    Meaning::Warn,
    Meaning::Bad,
    Meaning::Alarm,
    Meaning::Key,
    Meaning::Frame,
];

#[test]
fn everything_can_be_read_on_its_own_ground() {
    for palette in Palette::iter() {
        let Some((ink, ground)) = palette.sheet() else { continue };
        for meaning in MEANINGS {
            let colour = palette.style(meaning).fg.unwrap_or(ink);
            let wanted = match (palette, meaning) {
                // Lines and axes are no text.
                (_, Meaning::Frame) => 3.0,
                (Palette::HighContrast, _) => 7.0,
                _ => 4.5,
            };
            let found = contrast(light(colour), light(ground));
            assert!(found >= wanted, "{palette:?} {meaning:?}: {found:.2}, wanted {wanted}");
        }
    }
}

#[test]
fn signals_differ_for_every_kind_of_colour_vision() {
    let signals = [Meaning::Good, Meaning::Warn, Meaning::Bad];
    for (name, eyes) in &EYES {
        let colour = |meaning| seen_by(eyes, light(Palette::ColourBlind.style(meaning).fg.unwrap()));
        for (n, one) in signals.iter().enumerate() {
            for other in &signals[n + 1..] {
                let found = difference(colour(*one), colour(*other));
                assert!(found > 20.0, "{name}: {one:?} and {other:?} differ by {found:.1}");
            }
        }
    }
}

#[test]
fn no_meaning_is_told_by_colour_alone() {
    for palette in Palette::iter() {
        for (meaning, unlike) in
            [(Meaning::Bad, Meaning::Good), (Meaning::Model, Meaning::Legacy), (Meaning::Selected, Meaning::Text)]
        {
            let (one, other) = (palette.style(meaning), palette.style(unlike));
            assert_ne!(one.add_modifier, other.add_modifier, "{palette:?}: {meaning:?} and {unlike:?}");
        }
    }
    assert!(MEANINGS.iter().all(|meaning| Palette::Mono.style(*meaning).fg.is_none()));
}

#[test]
fn nothing_is_left_without_a_ground() {
    use ratatui::layout::Rect;
    let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
    buffer[(1, 0)].set_style(Palette::Light.style(Meaning::Bad));
    let untouched = buffer.clone();
    for palette in [Palette::Terminal, Palette::Mono] {
        palette.paint(&mut buffer);
        assert_eq!(buffer, untouched, "{palette:?}");
    }
    Palette::Light.paint(&mut buffer);
    assert!(buffer.content.iter().all(|cell| cell.bg == Color::Indexed(231)));
    assert_eq!((buffer[(0, 0)].fg, buffer[(1, 0)].fg), (Color::Indexed(235), Color::Indexed(124)));
}

#[test]
fn without_colours_words_are_underlined_and_the_blanks_around_them_are_not() {
    let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 12, 1));
    buffer.set_string(0, 0, "a  too late ", Palette::Mono.style(Meaning::Text));
    buffer.set_string(1, 0, "  too late ", Palette::Mono.style(Meaning::Bad));
    Palette::Mono.paint(&mut buffer);
    let underlined: String = buffer
        .content
        .iter()
        .map(|cell| if cell.modifier.contains(Modifier::UNDERLINED) { '_' } else { ' ' })
        .collect();
    assert_eq!(underlined, "   ________ ");
}
