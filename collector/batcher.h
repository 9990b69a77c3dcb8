// Lines into one encoded batch: redacted, with their level, cut to what a batch may hold.
//
// Why it encodes at once: the encoded bytes are what is counted, shipped and sent again, so what a
// collector holds in memory is one number, and nothing unredacted outlives the turn that read it.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "collector/origin.h"
#include "core/batch.h"
#include "core/redaction.h"
#include "core/run_event.h"

namespace logboom::collector {

struct Line {
  std::int64_t time_ns = 0;
  std::uint32_t stream = 0;
  std::string_view text;
  std::uint64_t position = 0;
  std::uint64_t size = 0;        // bytes before it was cut; as text's where it was not
  std::string_view malformed{};  // what it should have been, or ""
  std::string_view gap{};        // a gap's reason: the line is the collector's own word, or ""
};

class Batcher {
 public:
  static constexpr std::size_t kMaxRecords = 10'000;

  explicit Batcher(const Redactor& redactor) : redactor_(redactor) {}

  // `origin` must live until finish().
  void start(const Origin& origin);
  void add(const Line& line);
  // Its texts that people wrote are redacted like lines.
  void add(RunEvent event, std::uint64_t position);
  [[nodiscard]] bool empty() const { return batch_.records.empty(); }
  [[nodiscard]] bool full() const {
    return bytes_ >= kBatchBytes || batch_.records.size() >= kMaxRecords;
  }
  [[nodiscard]] std::uint64_t last_position() const { return batch_.records.back().position; }
  // The batch as OTLP, and an empty one begins.
  [[nodiscard]] std::string finish(const std::string& source_id, std::uint64_t previous,
                                   std::uint64_t next);

 private:
  const Redactor& redactor_;
  Batch batch_;
  std::size_t bytes_ = 0;
  std::string scratch_;
};

// Names of paths and pods may hold an address too. The node's own name and run ids stay.
void redact(const Redactor& redactor, Origin& origin);

}  // namespace logboom::collector
