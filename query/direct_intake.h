// The intake of a server without Kafka: straight into its store.
#pragma once

#include <memory>

#include "query/intake.h"

namespace logboom::query {

// `store` must outlive it.
[[nodiscard]] std::unique_ptr<Intake> direct_intake(store::Store& store);

}  // namespace logboom::query
