// `logboom serve`: the store, the query side, the page, and on a single machine the collector too.
#pragma once

#include "core/result.h"
#include "deploy/config.h"

namespace logboom::deploy {

// Runs until SIGINT or SIGTERM, then stops in order: no new requests, running ones end, the
// collector flushes, the Kafka feed stops, the store closes. Errors: what kept it from starting.
[[nodiscard]] Result<void> serve(const Config& config);

// Where a running server leaves its URL for programs on this machine, in its data directory.
[[nodiscard]] std::string address_file(const Config& config);

}  // namespace logboom::deploy
