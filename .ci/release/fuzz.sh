#!/usr/bin/env bash
# Hostile input, by the million: decoders of the CRM's answers, files and events, parsers of config and mapping, the SOQL
# escaper, the text sanitiser, and what surrounds them. `cargo test` runs a few hundred cases of each; this runs as many as
# are asked for.
set -euo pipefail
cd "$(dirname "$0")/../.."
cases=${1:-1000000}
unset NO_COLOR
# Inputs that a property does not want are drawn again, as often as it takes.
export PROPTEST_CASES=$cases PROPTEST_MAX_SHRINK_ITERS=10000 PROPTEST_MAX_GLOBAL_REJECTS=4294967295
# Our own code is optimised, but overflows and debug assertions still stop it.
export CARGO_PROFILE_DEV_OPT_LEVEL=1
cargo test --locked --lib -- --test-threads "$(nproc)" \
    config::tests::whatever history::mapping::tests::whatever \
    crm::salesforce::map::tests::whatever crm::salesforce::errors::tests::no_body crm::salesforce::bulk::tests::no_file \
    crm::salesforce::pubsub::change::tests::no_ crm::salesforce::query::tests::no_ \
    crm::salesforce::dates::tests::reading_never crm::salesforce::dates::tests::what_is crm::salesforce::dates::tests::an_edge \
    crm::salesforce::ids::tests::any_text crm::salesforce::ids::tests::ids_that domain::text::tests::nothing_dangerous
echo "$cases cases each: nothing found"
