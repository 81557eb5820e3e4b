//! Which addresses we talk to. The token goes to the org that issued it and to nobody else.

use reqwest::Url;

use super::errors::{Class, Fault};

/// Path under which every data call lives.
const DATA: &str = "/services/data/";

/// The login address of the configuration.
pub(super) fn login(text: &str) -> Result<Url, Fault> {
    let url = Url::parse(text).map_err(|e| refused("login_url", text, &e.to_string()))?;
    check_transport("login_url", &url)?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(refused("login_url", text, "give only the host, for example https://acme.my.salesforce.com"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::new(Class::Configuration, "login_url must not hold a user or password"));
    }
    if url.host_str().is_some_and(|host| host.ends_with(".lightning.force.com")) {
        return Err(refused("login_url", text, "lightning.force.com is for browsers; use the org's my.salesforce.com"));
    }
    Ok(url)
}

/// Client credentials work only at the My Domain address; saying so now saves a puzzling refusal later.
pub(super) fn check_my_domain(login: &Url) -> Result<(), Fault> {
    match login.host_str() {
        Some(host @ ("login.salesforce.com" | "test.salesforce.com")) => Err(refused(
            "login_url",
            host,
            "client credentials need the org's My Domain address, for example https://acme.my.salesforce.com",
        )),
        _ => Ok(()),
    }
}

/// The base of data calls that a login named. It must be https, or on this machine if the login itself is: an org on
/// the network cannot send us, and our token, to a service on this machine.
pub(super) fn instance(text: &str, login: &Url) -> Result<Url, Fault> {
    let url = Url::parse(text).map_err(|e| refused("instance_url", text, &e.to_string()))?;
    check_transport("instance_url", &url)?;
    if is_loopback(&url) && !is_loopback(login) {
        return Err(refused("instance_url", text, "the org sent us to this machine itself"));
    }
    Ok(url)
}

/// The address of the Pub/Sub API, to which the token goes as well.
pub(super) fn endpoint(text: &str) -> Result<Url, Fault> {
    const KEY: &str = "salesforce.pubsub.endpoint";
    let url = Url::parse(text).map_err(|e| refused(KEY, text, &e.to_string()))?;
    check_transport(KEY, &url)?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err(refused(KEY, text, "give only host and port, for example https://api.pubsub.salesforce.com:7443"));
    }
    Ok(url)
}

/// A path on a host.
pub(super) fn join(base: &Url, path: &str) -> Result<Url, Fault> {
    base.join(path).map_err(|e| Fault::new(Class::Permanent, format!("cannot make an address of {path}: {e}")))
}

/// The address behind `nextRecordsUrl`, which is a path on the instance; anything that leads elsewhere is refused.
pub(super) fn locator(instance: &Url, next: &str) -> Result<Url, Fault> {
    let url = join(instance, next)?;
    if url.origin() != instance.origin() || !url.path().starts_with(DATA) || !url.username().is_empty() {
        return Err(Fault::new(Class::Protocol, "nextRecordsUrl leads to another host or resource; not followed"));
    }
    Ok(url)
}

/// A resource of the data API, each segment escaped.
pub(super) fn data(instance: &Url, version: &str, segments: &[&str], query: &[(&str, &str)]) -> Result<Url, Fault> {
    let mut url = join(instance, DATA)?;
    url.path_segments_mut()
        .map_err(|()| Fault::new(Class::Configuration, "instance_url cannot be a base"))?
        .pop_if_empty()
        .push(version)
        .extend(segments);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

/// Whether the host is this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

fn check_transport(what: &str, url: &Url) -> Result<(), Fault> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        _ => Err(refused(what, url.as_str(), "it must start with https:// (http only on this machine)")),
    }
}

fn refused(what: &str, value: &str, why: &str) -> Fault {
    Fault::new(Class::Configuration, format!("{what} {value:?} is refused: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_this_machine() {
        for good in ["https://acme.my.salesforce.com", "http://127.0.0.1:8080", "http://[::1]:1", "http://localhost:1"]
        {
            assert!(login(good).is_ok(), "{good}");
        }
        for bad in [
            "http://acme.my.salesforce.com",
            "http://127.0.0.1.evil.example",
            "ftp://127.0.0.1",
            "https://acme.lightning.force.com",
            "https://user:word@acme.my.salesforce.com",
            "https://acme.my.salesforce.com/services",
            "acme",
        ] {
            assert!(login(bad).is_err(), "{bad}");
        }
        let far = login("https://acme.my.salesforce.com").unwrap();
        assert!(instance("https://acme--x.sandbox.my.salesforce.com", &far).is_ok());
        assert!(instance("http://127.0.0.1:1", &far).is_err());
        assert!(instance("https://127.0.0.1:1", &far).is_err());
    }

    #[test]
    fn events_come_by_https_or_from_this_machine() {
        for good in ["https://api.pubsub.salesforce.com:7443", "http://127.0.0.1:8080"] {
            assert!(endpoint(good).is_ok(), "{good}");
        }
        for bad in ["http://api.pubsub.salesforce.com:7443", "https://u:w@a.example", "https://a.example/x", "7443"] {
            assert!(endpoint(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_locator_stays_with_the_org() {
        let org = Url::parse("https://acme.my.salesforce.com").unwrap();
        assert_eq!(
            locator(&org, "/services/data/v66.0/query/01g-2000").unwrap().as_str(),
            "https://acme.my.salesforce.com/services/data/v66.0/query/01g-2000"
        );
        for bad in [
            "https://evil.example/services/data/v66.0/query/01g",
            "//evil.example/services/data/v66.0/query/01g",
            "/\\evil.example/services/data/",
            "https://acme.my.salesforce.com:444/services/data/x",
            "http://acme.my.salesforce.com/services/data/x",
            "https://u@acme.my.salesforce.com/services/data/x",
            "/services/data/../apexrest/x",
            "/apex/page",
        ] {
            assert!(locator(&org, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn segments_cannot_leave_their_place() {
        let org = Url::parse("https://acme.my.salesforce.com").unwrap();
        let url = data(&org, "v66.0", &["sobjects", "X__c", "a/../b?c"], &[("q", "a+b c")]).unwrap();
        assert_eq!(
            url.as_str(),
            "https://acme.my.salesforce.com/services/data/v66.0/sobjects/X__c/a%2F..%2Fb%3Fc?q=a%2Bb+c"
        );
    }
}
