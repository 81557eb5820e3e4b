//! CRM adapters: each implements [`crate::app::ports::Crm`] for one vendor and keeps that vendor's language inside.

pub mod salesforce;
