//! What a refused call, or the end of a stream, means. Pure.

use tonic::{Code, Status};

use crate::crm::salesforce::errors::{Class, Fault};

/// Where Salesforce puts its own code, beside the one of gRPC.
const ERROR_CODE: &str = "error-code";
/// Wait when too many subscriptions are open or too many events were delivered today; both pass slowly.
const LIMIT_WAIT_SECONDS: u64 = 3_600;

/// Why the service said no.
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    /// The replay id is too old, or of another org.
    PlaceLost(String),
    /// Anything else, as the client of the data API names it.
    Fault(Fault),
}

impl Refusal {
    /// Where no place was named that could be lost.
    pub(super) fn into_fault(self) -> Fault {
        match self {
            Self::PlaceLost(words) => Fault::new(Class::Protocol, words),
            Self::Fault(fault) => fault,
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Sorts a status. Salesforce's own code decides first.
pub(super) fn classify(status: &Status) -> Refusal {
    let own = status.metadata().get(ERROR_CODE).and_then(|code| code.to_str().ok()).unwrap_or_default();
    let words = match (own, status.message()) {
        ("", "") => status.code().description().to_owned(),
        ("", message) => message.to_owned(),
        (own, message) => format!("{own}: {message}"),
    };
    if own.contains(".replayid.") {
        return Refusal::PlaceLost(words);
    }
    let class = if own.contains(".auth.") {
        Class::SessionExpired
    } else if own.contains(".limit.exceeded") {
        Class::Quota { wait_seconds: LIMIT_WAIT_SECONDS }
    } else {
        match status.code() {
            Code::Unauthenticated => Class::SessionExpired,
            Code::ResourceExhausted => Class::Quota { wait_seconds: LIMIT_WAIT_SECONDS },
            Code::PermissionDenied | Code::NotFound | Code::InvalidArgument | Code::FailedPrecondition => {
                Class::Configuration
            }
            Code::Unimplemented => Class::Permanent,
            _ => Class::Transient,
        }
    };
    Refusal::Fault(Fault::new(class, words))
}

#[cfg(test)]
mod tests {
    use tonic::metadata::MetadataMap;

    use super::*;

    fn refused(code: Code, own: &str) -> Refusal {
        let mut metadata = MetadataMap::new();
        if !own.is_empty() {
            metadata.insert(ERROR_CODE, own.parse().unwrap());
        }
        classify(&Status::with_metadata(code, "words", metadata))
    }

    #[test]
    fn each_refusal_is_known_by_its_code() {
        let prefix = "sfdc.platform.eventbus.grpc";
        for place in ["subscription.fetch.replayid.corrupted", "subscription.fetch.replayid.validation.failed"] {
            let refusal = refused(Code::InvalidArgument, &format!("{prefix}.{place}"));
            assert!(matches!(refusal, Refusal::PlaceLost(words) if words.contains(place)), "{place}");
        }
        let quota = Class::Quota { wait_seconds: LIMIT_WAIT_SECONDS };
        for (code, own, class) in [
            (Code::Unauthenticated, "service.auth.error", Class::SessionExpired),
            (Code::PermissionDenied, "service.auth.error", Class::SessionExpired),
            (Code::Unauthenticated, "", Class::SessionExpired),
            (Code::Unknown, "subscription.limit.exceeded", quota),
            (Code::ResourceExhausted, "", quota),
            (Code::PermissionDenied, "", Class::Configuration),
            (Code::NotFound, "topic.not.found", Class::Configuration),
            (Code::InvalidArgument, "topic.name.invalid", Class::Configuration),
            (Code::Unavailable, "", Class::Transient),
            (Code::Internal, "service.server.error", Class::Transient),
            (Code::Unimplemented, "", Class::Permanent),
        ] {
            let own = if own.is_empty() { String::new() } else { format!("{prefix}.{own}") };
            let refusal = refused(code, &own);
            assert!(matches!(&refusal, Refusal::Fault(fault) if fault.class == class), "{code:?} {own}: {refusal:?}");
        }
    }
}
