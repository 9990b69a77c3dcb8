// `logboom collect`: the agent of a node.
#pragma once

#include "collector/collector.h"
#include "core/result.h"
#include "deploy/config.h"

namespace logboom::deploy {

// Runs until SIGINT or SIGTERM, then ships what it has read (5 s at most) and writes its
// checkpoint.
[[nodiscard]] Result<void> collect(const Config& config);

// The part of the options that `serve` shares: sources, names, limits; not where to ship.
[[nodiscard]] Result<collector::Options> collector_options(const Config& config);

}  // namespace logboom::deploy
