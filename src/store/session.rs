//! One connection, whatever the database: what the shared bodies need of it.

use futures::future::BoxFuture;

use super::query::Query;
use super::rows::Columns;
use super::sql::Dialect;
use crate::app::ports::StoreError;

/// A connection that runs queries.
pub trait Session: Send {
    /// What it gives.
    type Row: Columns + Send + Sync;
    /// Whose SQL it speaks.
    const DIALECT: Dialect;
    /// Whether a transaction that writes is the only one in the whole database that does.
    const ONE_WRITER: bool;

    /// Runs a query that gives no rows; how many rows it touched.
    fn execute(&mut self, query: Query) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Runs a query; its rows.
    fn fetch(&mut self, query: Query) -> BoxFuture<'_, Result<Vec<Self::Row>, StoreError>>;
}

/// A driver's connection and row as [`Session`] and [`Columns`]. Written out by a macro rather than generically, because
/// the bounds under which the driver's types can be used generically are longer than this.
macro_rules! session {
    ($connection:ty, $row:ty, $dialect:expr, one_writer: $one_writer:literal, errors: $error:path) => {
        impl crate::store::session::Session for $connection {
            type Row = $row;
            const DIALECT: crate::store::sql::Dialect = $dialect;
            const ONE_WRITER: bool = $one_writer;

            fn execute(
                &mut self,
                query: crate::store::query::Query,
            ) -> futures::future::BoxFuture<'_, Result<u64, crate::app::ports::StoreError>> {
                Box::pin(async move { Ok(bound(query).execute(self).await.map_err($error)?.rows_affected()) })
            }

            fn fetch(
                &mut self,
                query: crate::store::query::Query,
            ) -> futures::future::BoxFuture<'_, Result<Vec<$row>, crate::app::ports::StoreError>> {
                Box::pin(async move { bound(query).fetch_all(self).await.map_err($error) })
            }
        }

        fn bound<'q>(
            query: crate::store::query::Query,
        ) -> sqlx::query::Query<
            'q,
            <$connection as sqlx::Connection>::Database,
            <<$connection as sqlx::Connection>::Database as sqlx::Database>::Arguments,
        > {
            use crate::store::query::Value;
            let (text, values) = query.into_parts($dialect);
            values.into_iter().fold(sqlx::query(text), |query, value| match value {
                Value::Text(text) => query.bind(text),
                Value::Int(number) => query.bind(number),
                Value::Real(number) => query.bind(number),
            })
        }

        impl crate::store::rows::Columns for $row {
            fn text(&self, column: &str) -> Result<String, crate::app::ports::StoreError> {
                sqlx::Row::try_get(self, column).map_err(|e| crate::store::rows::unreadable(column, &e))
            }
            fn text_opt(&self, column: &str) -> Result<Option<String>, crate::app::ports::StoreError> {
                sqlx::Row::try_get(self, column).map_err(|e| crate::store::rows::unreadable(column, &e))
            }
            fn int(&self, column: &str) -> Result<i64, crate::app::ports::StoreError> {
                sqlx::Row::try_get(self, column).map_err(|e| crate::store::rows::unreadable(column, &e))
            }
            fn int_opt(&self, column: &str) -> Result<Option<i64>, crate::app::ports::StoreError> {
                sqlx::Row::try_get(self, column).map_err(|e| crate::store::rows::unreadable(column, &e))
            }
            fn real(&self, column: &str) -> Result<f64, crate::app::ports::StoreError> {
                sqlx::Row::try_get(self, column).map_err(|e| crate::store::rows::unreadable(column, &e))
            }
            fn real_opt(&self, column: &str) -> Result<Option<f64>, crate::app::ports::StoreError> {
                sqlx::Row::try_get(self, column).map_err(|e| crate::store::rows::unreadable(column, &e))
            }
        }
    };
}
pub(super) use session;
