//! Numbers that stand beside each other in a sentence: rounding may not hide which is greater.

/// Most decimals that anybody is shown.
const MOST: usize = 6;

/// The fewest decimals, from `fewest` on, with which two numbers can be told apart; `fewest` where no number of decimals
/// that can be read would do, as for equals.
pub fn decimals(one: f64, other: f64, fewest: usize) -> usize {
    (fewest..=MOST).find(|n| format!("{one:.n$}") != format!("{other:.n$}")).unwrap_or(fewest)
}

/// Two numbers with the fewest decimals, from `fewest` on, that tell them apart: `0.98` and `1.00`.
pub fn apart(one: f64, other: f64, fewest: usize) -> (String, String) {
    let n = decimals(one, other, fewest);
    (format!("{one:.n$}"), format!("{other:.n$}"))
}

/// Two probabilities in percent, without the sign, with the fewest decimals from one on that tell them apart: `19.97` and
/// `20.01`.
pub fn percents(one: f64, other: f64) -> (String, String) {
    apart(one * 100.0, other * 100.0, 1)
}

/// A probability beside the limit that it is compared with, in percent, without the sign: `19.97` and `20`. The limit is
/// as a person wrote it, and never rounded to another.
pub fn beside_limit(p: f64, limit: f64) -> (String, String) {
    let (p, _) = percents(p, limit);
    let limit = format!("{:.MOST$}", limit * 100.0);
    (p, limit.trim_end_matches('0').trim_end_matches('.').to_owned())
}

/// A count with groups of three digits: `12,431`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// An amount of money, without its fraction and with groups of three digits: `-787,200`. What is no number is said to be
/// unknown.
pub fn amount(x: f64) -> String {
    if !x.is_finite() {
        return "unknown".to_owned();
    }
    let whole = x.abs().round();
    let sign = if x < 0.0 && whole > 0.0 { "-" } else { "" };
    format!("{sign}{}", grouped(whole as u64))
}

/// A difference with its sign, with the fewest decimals from one on in which it is not nothing: `+0.04`. What is nothing,
/// to all that can be read, has no sign.
pub fn signed(difference: f64) -> String {
    let n = decimals(difference.abs(), 0.0, 1);
    let text = format!("{difference:+.n$}");
    if text.contains(|digit: char| ('1'..='9').contains(&digit)) { text } else { "0.0".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_decimals_as_tell_them_apart_and_no_more() {
        let told = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(percents(0.312, 0.2), told("31.2", "20.0"));
        assert_eq!(percents(0.19968, 0.2), told("19.97", "20.00"));
        assert_eq!(percents(0.199_999, 0.2), told("19.9999", "20.0000"));
        assert_eq!(percents(0.2, 0.2), told("20.0", "20.0"));
        assert_eq!(percents(0.2 + 1e-15, 0.2), told("20.0", "20.0"));
        assert_eq!(beside_limit(0.19968, 0.2), told("19.97", "20"));
        assert_eq!(beside_limit(0.1249, 0.125), told("12.49", "12.5"));
        assert_eq!(beside_limit(0.031, 0.2), told("3.1", "20"));
        assert_eq!(apart(0.24, 0.21, 1), told("0.24", "0.21"));
    }

    #[test]
    fn counts_and_amounts_are_in_groups_of_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(987), "987");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(amount(787_200.4), "787,200");
        assert_eq!(amount(-1_500.0), "-1,500");
        assert_eq!(amount(-0.2), "0");
        assert_eq!(amount(f64::NAN), "unknown");
    }

    #[test]
    fn a_difference_is_nothing_only_where_it_is() {
        assert_eq!(signed(11.84), "+11.8");
        assert_eq!(signed(0.04), "+0.04");
        assert_eq!(signed(-0.004), "-0.004");
        assert_eq!(signed(0.0), "0.0");
        assert_eq!(signed(-1e-12), "0.0");
    }
}
