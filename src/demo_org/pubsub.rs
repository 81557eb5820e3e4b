//! The Pub/Sub API of the org: gRPC on the port of everything else. It serves the change events of Lead, and is as
//! particular as the public documentation says about who asks, about places in the stream, and about flow control.

mod event;
mod subscription;
mod wire;

use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use tokio_stream::Stream;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::server::{Grpc, StreamingService, UnaryService};
use tonic::{Code, Status, Streaming};
use tonic_prost::ProstCodec;

use super::server::Server;
use super::stamp::Stamp;
pub(crate) use event::LeadEvents;
use wire::{FetchRequest, FetchResponse, SchemaInfo, SchemaRequest, TopicInfo, TopicRequest};

/// Where its methods are.
pub(super) const SERVICE: &str = "/eventbus.v1.PubSub/";
/// Topics that lead changes come on.
const TOPICS: [&str; 2] = ["/data/LeadChangeEvent", "/data/ChangeEvents"];
/// What Salesforce's own codes begin with.
const CODES: &str = "sfdc.platform.eventbus.grpc";

/// Answers a call.
pub(super) async fn serve(server: Arc<Server>, request: Request) -> Response<Body> {
    let method = request.uri().path().strip_prefix(SERVICE).unwrap_or_default().to_owned();
    let answer = match method.as_str() {
        "Subscribe" => Grpc::new(ProstCodec::default()).streaming(Subscribe(server), request).await,
        "GetTopic" => Grpc::new(ProstCodec::default()).unary(GetTopic(server), request).await,
        "GetSchema" => Grpc::new(ProstCodec::default()).unary(GetSchema(server), request).await,
        _ => Status::unimplemented(format!("the demo org has no {method}")).into_http(),
    };
    answer.map(Body::new)
}

/// A refusal with Salesforce's code beside that of gRPC.
fn refused(code: Code, own: &str, message: &str) -> Status {
    let mut metadata = MetadataMap::new();
    if let Ok(value) = MetadataValue::try_from(format!("{CODES}.{own}")) {
        metadata.insert("error-code", value);
    }
    Status::with_metadata(code, message, metadata)
}

fn check_topic(topic: &str) -> Result<(), Status> {
    if TOPICS.contains(&topic) {
        return Ok(());
    }
    Err(refused(Code::PermissionDenied, "topic.permission.denied", "the topic does not exist or may not be read"))
}

fn rpc_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

impl Server {
    /// Whether the call bears a session of this org, as every call has to.
    fn admits(&self, metadata: &MetadataMap) -> Result<(), Status> {
        let text = |name: &str| metadata.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let authorization = format!("Bearer {}", text("accesstoken"));
        let good = self.state().tokens.accept(Some(&authorization), Stamp::from(self.now()));
        if good && text("instanceurl") == self.authority.url && text("tenantid") == self.authority.org.as_str() {
            return Ok(());
        }
        let words = "accesstoken, instanceurl and tenantid are not those of an open session";
        Err(refused(Code::Unauthenticated, "service.auth.error", words))
    }
}

struct Subscribe(Arc<Server>);

impl StreamingService<FetchRequest> for Subscribe {
    type Response = FetchResponse;
    type ResponseStream = Pin<Box<dyn Stream<Item = Result<FetchResponse, Status>> + Send>>;
    type Future = BoxFuture<'static, Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<FetchRequest>>) -> Self::Future {
        let server = self.0.clone();
        async move {
            server.admits(request.metadata())?;
            let (metadata, _, requests) = request.into_parts();
            Ok(tonic::Response::new(subscription::open(server, metadata, requests)))
        }
        .boxed()
    }
}

struct GetTopic(Arc<Server>);

impl UnaryService<TopicRequest> for GetTopic {
    type Response = TopicInfo;
    type Future = BoxFuture<'static, Result<tonic::Response<TopicInfo>, Status>>;

    fn call(&mut self, request: tonic::Request<TopicRequest>) -> Self::Future {
        let server = &self.0;
        let answer = server.admits(request.metadata()).and_then(|()| {
            let topic_name = request.into_inner().topic_name;
            check_topic(&topic_name)?;
            Ok(tonic::Response::new(TopicInfo {
                topic_name,
                tenant_guid: server.authority.org.to_string(),
                can_publish: false,
                can_subscribe: true,
                schema_id: server.events.id.clone(),
                rpc_id: rpc_id(),
            }))
        });
        ready(answer).boxed()
    }
}

struct GetSchema(Arc<Server>);

impl UnaryService<SchemaRequest> for GetSchema {
    type Response = SchemaInfo;
    type Future = BoxFuture<'static, Result<tonic::Response<SchemaInfo>, Status>>;

    fn call(&mut self, request: tonic::Request<SchemaRequest>) -> Self::Future {
        let server = &self.0;
        let answer = server.admits(request.metadata()).and_then(|()| {
            let schema_id = request.into_inner().schema_id;
            if schema_id != server.events.id {
                return Err(refused(Code::NotFound, "schema.not.found", "there is no schema with this id"));
            }
            Ok(tonic::Response::new(SchemaInfo {
                schema_json: server.events.json.clone(),
                schema_id,
                rpc_id: rpc_id(),
            }))
        });
        ready(answer).boxed()
    }
}
