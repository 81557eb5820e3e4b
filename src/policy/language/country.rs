//! The usual language of a country, where one dominates.
//!
//! Shares are those of the population that can use the language, by the Unicode Common Locale Data Repository
//! (`supplementalData.xml`, `territoryInfo`). A country is listed when one official language reaches at least 80 % and no
//! other official language of the whole country 25 %; so Belgium, Canada, Switzerland, Finland, Luxembourg, India,
//! Singapore and South Africa are not.

/// Language and share in percent, and the names of the country.
type Entry = (&'static str, u8, &'static [&'static str]);

const USUAL: &[Entry] = &[
    ("ar", 100, &["SA", "SAU", "Saudi Arabia"]),
    ("ar", 94, &["EG", "EGY", "Egypt"]),
    ("bg", 100, &["BG", "BGR", "Bulgaria"]),
    ("cs", 98, &["CZ", "CZE", "Czechia", "Czech Republic"]),
    ("da", 93, &["DK", "DNK", "Denmark", "Danmark"]),
    ("de", 91, &["DE", "DEU", "Germany", "Deutschland"]),
    ("de", 97, &["AT", "AUT", "Austria", "Österreich"]),
    ("de", 100, &["LI", "LIE", "Liechtenstein"]),
    ("el", 99, &["GR", "GRC", "Greece"]),
    ("en", 98, &["GB", "GBR", "UK", "United Kingdom", "Great Britain", "England", "Scotland", "Wales"]),
    ("en", 98, &["IE", "IRL", "Ireland"]),
    ("en", 96, &["US", "USA", "United States", "United States of America"]),
    ("en", 96, &["AU", "AUS", "Australia"]),
    ("en", 98, &["NZ", "NZL", "New Zealand"]),
    ("es", 99, &["ES", "ESP", "Spain", "España"]),
    ("es", 83, &["MX", "MEX", "Mexico", "México"]),
    ("es", 100, &["AR", "ARG", "Argentina"]),
    ("es", 98, &["CL", "CHL", "Chile"]),
    ("es", 93, &["CO", "COL", "Colombia"]),
    ("es", 88, &["UY", "URY", "Uruguay"]),
    ("es", 82, &["VE", "VEN", "Venezuela"]),
    ("es", 95, &["CR", "CRI", "Costa Rica"]),
    ("es", 93, &["GT", "GTM", "Guatemala"]),
    ("fr", 97, &["FR", "FRA", "France"]),
    ("fr", 97, &["MC", "MCO", "Monaco"]),
    ("hr", 99, &["HR", "HRV", "Croatia", "Hrvatska"]),
    ("hu", 100, &["HU", "HUN", "Hungary", "Magyarország"]),
    ("is", 100, &["IS", "ISL", "Iceland"]),
    ("it", 95, &["IT", "ITA", "Italy", "Italia"]),
    ("ja", 95, &["JP", "JPN", "Japan", "日本"]),
    ("ko", 100, &["KR", "KOR", "South Korea", "Korea, Republic of", "Republic of Korea"]),
    ("lt", 86, &["LT", "LTU", "Lithuania"]),
    ("nl", 100, &["NL", "NLD", "Netherlands", "The Netherlands", "Nederland"]),
    ("no", 100, &["NO", "NOR", "Norway", "Norge"]),
    ("pl", 96, &["PL", "POL", "Poland", "Polska"]),
    ("pt", 96, &["PT", "PRT", "Portugal"]),
    ("pt", 91, &["BR", "BRA", "Brazil", "Brasil"]),
    ("ro", 90, &["RO", "ROU", "Romania"]),
    ("ru", 94, &["RU", "RUS", "Russia", "Russian Federation"]),
    ("sk", 90, &["SK", "SVK", "Slovakia"]),
    ("sl", 87, &["SI", "SVN", "Slovenia"]),
    ("sv", 95, &["SE", "SWE", "Sweden", "Sverige"]),
    ("th", 80, &["TH", "THA", "Thailand"]),
    ("tr", 93, &["TR", "TUR", "Turkey", "Türkiye", "Turkiye"]),
    ("vi", 86, &["VN", "VNM", "Vietnam", "Viet Nam"]),
    ("zh", 90, &["CN", "CHN", "China"]),
];

/// The usual language of a country and its share in percent.
pub(super) fn usual(country: &str) -> Option<(&'static str, u8)> {
    let country = country.trim().to_lowercase();
    let (code, percent, _) = USUAL.iter().find(|(_, _, names)| names.iter().any(|n| n.to_lowercase() == country))?;
    Some((code, *percent))
}
