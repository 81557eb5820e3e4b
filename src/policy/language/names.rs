//! The languages that are known here, with what people call them.

/// A language.
pub(super) struct Known {
    /// ISO 639-1.
    pub(super) code: &'static str,
    /// ISO 639-2 and 639-3, and codes of variants that are the same to a sales team.
    pub(super) three: &'static [&'static str],
    /// In English first, then as its speakers call it.
    pub(super) names: &'static [&'static str],
}

const fn known(code: &'static str, three: &'static [&'static str], names: &'static [&'static str]) -> Known {
    Known { code, three, names }
}

pub(super) const KNOWN: &[Known] = &[
    known("ar", &["ara", "arb"], &["Arabic", "العربية"]),
    known("bg", &["bul"], &["Bulgarian", "български"]),
    known("ca", &["cat"], &["Catalan", "Català"]),
    known("cs", &["ces", "cze"], &["Czech", "Čeština"]),
    known("da", &["dan"], &["Danish", "Dansk"]),
    known("de", &["deu", "ger"], &["German", "Deutsch"]),
    known("el", &["ell", "gre"], &["Greek", "Ελληνικά"]),
    known("en", &["eng"], &["English"]),
    known("es", &["spa"], &["Spanish", "Español", "Castellano", "Castilian"]),
    known("et", &["est", "ekk"], &["Estonian", "Eesti"]),
    known("fa", &["fas", "per", "pes"], &["Persian", "Farsi", "فارسی"]),
    known("fi", &["fin"], &["Finnish", "Suomi"]),
    known("fr", &["fra", "fre"], &["French", "Français"]),
    known("he", &["heb", "iw"], &["Hebrew", "עברית"]),
    known("hi", &["hin"], &["Hindi", "हिन्दी"]),
    known("hr", &["hrv"], &["Croatian", "Hrvatski"]),
    known("hu", &["hun"], &["Hungarian", "Magyar"]),
    known("id", &["ind"], &["Indonesian", "Bahasa Indonesia"]),
    known("is", &["isl", "ice"], &["Icelandic", "Íslenska"]),
    known("it", &["ita"], &["Italian", "Italiano"]),
    known("ja", &["jpn"], &["Japanese", "日本語"]),
    known("ko", &["kor"], &["Korean", "한국어"]),
    known("lt", &["lit"], &["Lithuanian", "Lietuvių"]),
    known("lv", &["lav", "lvs"], &["Latvian", "Latviešu"]),
    known("ms", &["msa", "may", "zsm"], &["Malay", "Bahasa Melayu"]),
    known("nl", &["nld", "dut"], &["Dutch", "Nederlands", "Flemish"]),
    known("no", &["nor", "nob", "nno", "nb", "nn"], &["Norwegian", "Norsk", "Bokmål"]),
    known("pl", &["pol"], &["Polish", "Polski"]),
    known("pt", &["por"], &["Portuguese", "Português"]),
    known("ro", &["ron", "rum"], &["Romanian", "Română"]),
    known("ru", &["rus"], &["Russian", "Русский"]),
    known("sk", &["slk", "slo"], &["Slovak", "Slovenčina"]),
    known("sl", &["slv"], &["Slovenian", "Slovene", "Slovenščina"]),
    known("sr", &["srp"], &["Serbian", "Српски", "Srpski"]),
    known("sv", &["swe"], &["Swedish", "Svenska"]),
    known("th", &["tha"], &["Thai", "ไทย"]),
    known("tr", &["tur"], &["Turkish", "Türkçe"]),
    known("uk", &["ukr"], &["Ukrainian", "Українська"]),
    known("vi", &["vie"], &["Vietnamese", "Tiếng Việt"]),
    known("zh", &["zho", "chi", "cmn"], &["Chinese", "Mandarin", "中文"]),
];
