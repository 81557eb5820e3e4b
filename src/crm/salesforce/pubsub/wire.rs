//! The messages of `eventbus.v1.PubSub` that we send and read, declared by hand from the public definition, so that
//! building needs no protocol compiler. Fields that are not named here are skipped, as the encoding allows.

/// The first one says where to begin; each one says how many more events may come.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FetchRequest {
    #[prost(string, tag = "1")]
    pub topic_name: String,
    #[prost(enumeration = "ReplayPreset", tag = "2")]
    pub replay_preset: i32,
    #[prost(bytes = "vec", tag = "3")]
    pub replay_id: Vec<u8>,
    #[prost(int32, tag = "4")]
    pub num_requested: i32,
}

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub(super) enum ReplayPreset {
    /// With the next event.
    Latest = 0,
    /// With the oldest that is kept. Not used: what was missed is read by polling, which costs no deliveries.
    Earliest = 1,
    /// After the event with this replay id.
    Custom = 2,
}

/// Events, or none as a sign of life.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FetchResponse {
    #[prost(message, repeated, tag = "1")]
    pub events: Vec<ConsumerEvent>,
    #[prost(bytes = "vec", tag = "2")]
    pub latest_replay_id: Vec<u8>,
    #[prost(int32, tag = "4")]
    pub pending_num_requested: i32,
}

/// An event with its place.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ConsumerEvent {
    #[prost(message, optional, tag = "1")]
    pub event: Option<ProducerEvent>,
    #[prost(bytes = "vec", tag = "2")]
    pub replay_id: Vec<u8>,
}

/// An event: Avro in binary without a header.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ProducerEvent {
    #[prost(string, tag = "2")]
    pub schema_id: String,
    #[prost(bytes = "vec", tag = "3")]
    pub payload: Vec<u8>,
}

/// Which topic.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct TopicRequest {
    #[prost(string, tag = "1")]
    pub topic_name: String,
}

/// What may be done with it.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct TopicInfo {
    #[prost(bool, tag = "4")]
    pub can_subscribe: bool,
    /// Empty for a channel of several objects, whose events name a schema each.
    #[prost(string, tag = "5")]
    pub schema_id: String,
}

/// Which schema.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SchemaRequest {
    #[prost(string, tag = "1")]
    pub schema_id: String,
}

/// An Avro schema.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SchemaInfo {
    #[prost(string, tag = "1")]
    pub schema_json: String,
}
