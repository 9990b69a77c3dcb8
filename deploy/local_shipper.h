// The way out of the collector inside `logboom serve`: the same batches, handed over in the
// process.
//
// Why not over HTTP to ourselves: then the collector would need our own certificate's name, and a
// token, to reach the process it runs in.
#pragma once

#include <memory>

#include "collector/shipper.h"
#include "query/intake.h"

namespace logboom::deploy {

// `intake` must outlive it.
[[nodiscard]] std::unique_ptr<collector::Shipper> make_local_shipper(query::Intake& intake);

}  // namespace logboom::deploy
