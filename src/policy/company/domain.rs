//! The web domain of a company, out of an e-mail address or a web site.

/// The registrable domain of an e-mail address (`jane@mail.acme.co.uk` gives `acme.co.uk`), unless it is that of a mail
/// provider.
pub fn of_email(email: &str) -> Option<String> {
    let (local, host) = email.trim().rsplit_once('@')?;
    if local.is_empty() { None } else { registrable(host) }
}

/// The registrable domain of a web site, with or without scheme and path.
pub fn of_website(site: &str) -> Option<String> {
    let site = site.trim();
    let site = site.split_once("://").map_or(site, |(_, rest)| rest);
    let authority = site.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    registrable(host.split(':').next()?)
}

/// A domain as people write it: `müller.de` for `xn--mller-kva.de`.
pub fn in_letters(domain: &str) -> String {
    idna::domain_to_unicode(domain).0
}

/// An e-mail address as it is compared: without case, the domain in ASCII. `None` when it is none.
pub fn address(email: &str) -> Option<String> {
    let email = email.trim();
    let (local, host) = email.rsplit_once('@')?;
    if local.is_empty() || local.contains(char::is_whitespace) || local.contains('@') {
        return None;
    }
    // Providers differ in what else they take to be the same (dots, tags), so nothing else is.
    Some(format!("{}@{}", local.to_lowercase(), ascii(host)?))
}

fn ascii(host: &str) -> Option<String> {
    let host = idna::domain_to_ascii(host.trim().trim_matches('.')).ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_';
    let labels = host.split('.').all(|label| (1..=63).contains(&label.len()));
    (labels && host.len() <= 253 && host.bytes().all(plain)).then_some(host)
}

fn registrable(host: &str) -> Option<String> {
    let host = ascii(host)?;
    // Names that are in no list of public suffixes (`acme.local`, IP addresses) belong to nobody in particular.
    // `.example` is in none either, but set aside for examples (RFC 2606), and the demo company lives there.
    let known = |suffix: &psl::Suffix<'_>| suffix.is_known() || suffix.as_bytes() == b"example";
    let suffix = psl::suffix(host.as_bytes()).filter(known)?;
    let domain = psl::domain_str(&host)?;
    let label = domain.split('.').next()?;
    let shared = SHARED.contains(&domain) || PROVIDERS.contains(&label) || suffix.as_bytes() == domain.as_bytes();
    (!shared).then(|| domain.to_owned())
}

/// Mail providers under many endings (`yahoo.com`, `yahoo.co.jp`, …).
const PROVIDERS: &[&str] = &[
    "gmail",
    "googlemail",
    "yahoo",
    "ymail",
    "rocketmail",
    "hotmail",
    "outlook",
    "live",
    "msn",
    "aol",
    "icloud",
    "gmx",
    "yandex",
    "protonmail",
    "tutanota",
    "hushmail",
    "mailinator",
    "fastmail",
    "laposte",
    "wanadoo",
    "rediffmail",
];

/// Domains that many share: of mail providers, of internet access, and of networks where companies have a page.
const SHARED: &[&str] = &[
    "126.com",
    "163.com",
    "abv.bg",
    "alice.it",
    "aon.at",
    "arcor.de",
    "att.net",
    "bellsouth.net",
    "bigpond.com",
    "bk.ru",
    "bluewin.ch",
    "blueyonder.co.uk",
    "bol.com.br",
    "btinternet.com",
    "centrum.cz",
    "charter.net",
    "chello.at",
    "chello.nl",
    "citromail.hu",
    "comcast.net",
    "comhem.se",
    "cox.net",
    "daum.net",
    "docomo.ne.jp",
    "duck.com",
    "earthlink.net",
    "email.cz",
    "email.de",
    "ezweb.ne.jp",
    "facebook.com",
    "foxmail.com",
    "free.fr",
    "freemail.hu",
    "freenet.de",
    "gazeta.pl",
    "hanmail.net",
    "hetnet.nl",
    "hey.com",
    "home.nl",
    "inbox.lv",
    "inbox.ru",
    "instagram.com",
    "interia.pl",
    "inwind.it",
    "kpnmail.nl",
    "libero.it",
    "linkedin.com",
    "list.ru",
    "mac.com",
    "mail.com",
    "mail.de",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "mweb.co.za",
    "naver.com",
    "neuf.fr",
    "ntlworld.com",
    "o2.pl",
    "online.de",
    "online.no",
    "onet.pl",
    "op.pl",
    "optonline.net",
    "optusnet.com.au",
    "orange.fr",
    "planet.nl",
    "pm.me",
    "posteo.de",
    "proton.me",
    "qq.com",
    "rambler.ru",
    "sapo.pt",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "skynet.be",
    "softbank.ne.jp",
    "sohu.com",
    "sympatico.ca",
    "t-online.de",
    "talktalk.net",
    "telenet.be",
    "terra.com.br",
    "tin.it",
    "tiscali.it",
    "tlen.pl",
    "tuta.io",
    "twitter.com",
    "ukr.net",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "virginmedia.com",
    "volny.cz",
    "vp.pl",
    "walla.co.il",
    "web.de",
    "wp.pl",
    "x.com",
    "xing.com",
    "xs4all.nl",
    "xtra.co.nz",
    "youtube.com",
    "ziggo.nl",
    "zoznam.sk",
];
