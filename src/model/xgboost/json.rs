//! The one place where XGBoost's JSON is not JSON: it writes `NaN` (1.7 does so for the threshold of every split on
//! categories, which has none).

use std::borrow::Cow;

const NAN: &[u8] = b"NaN";

/// The text with `null` for each `NaN` outside strings.
pub(super) fn with_null_for_nan(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.windows(NAN.len()).any(|window| window == NAN) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + text.len() / 4);
    let mut rest = text;
    let (mut in_string, mut escaped) = (false, false);
    while let Some((&byte, after)) = rest.split_first() {
        if !in_string && rest.starts_with(NAN) {
            out.extend_from_slice(b"null");
            rest = &rest[NAN.len()..];
            continue;
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ => {}
        }
        out.push(byte);
        rest = after;
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::with_null_for_nan;

    #[test]
    fn only_numbers_are_replaced() {
        let text = br#"{"NaN": [NaN, 1, NaN], "a\"NaN": "NaN\\", "b": NaN}"#;
        let clean = br#"{"NaN": [null, 1, null], "a\"NaN": "NaN\\", "b": null}"#;
        assert_eq!(with_null_for_nan(text).as_ref(), clean);
        assert!(matches!(with_null_for_nan(b"[1]"), std::borrow::Cow::Borrowed(_)));
    }
}
