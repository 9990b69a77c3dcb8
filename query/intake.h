// Where pushed batches go: straight into the store, or through Kafka when there is one.
//
// Everything that arrives over HTTP (Loki push, OTLP) passes here, after redaction. With Kafka the
// batch is acknowledged after the broker has it (DESIGN 4.2).
// Threads: any; accept() blocks until the batches are safe.
#pragma once

#include <vector>

#include "core/batch.h"
#include "core/result.h"
#include "store/store.h"

namespace logboom::query {

class Intake {
 public:
  virtual ~Intake() = default;
  // One answer per batch, as Store::append. Errors: unavailable, full, limit: nothing is promised,
  // the sender tries again.
  [[nodiscard]] virtual Result<std::vector<store::Appended>> accept(std::vector<Batch> batches) = 0;
};

}  // namespace logboom::query
