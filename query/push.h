// A Loki push as batches: what JSON and protobuf have in common.
//
// The good lines of a push are kept and the bad ones counted with the first one's reason in Loki's
// words. Labels that are columns (pod, filename, ...) leave the stream; `tool` is nobody's label
// and is dropped.
//
// Errors:  invalid: nothing of the body can be used.
// Limits:  PushLimits; the texts kept are never more than `capacity`; kMaxColumnSets.
// Owns:    Pushed owns its bytes; the body may go.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch.h"
#include "core/labels.h"
#include "core/result.h"
#include "query/push_limits.h"

namespace logboom::query {

struct Pushed {
  std::vector<Batch> batches;  // not redacted; levels where a label or metadata names one
  std::uint64_t accepted = 0;  // lines
  std::map<std::string, std::uint64_t> rejected;  // lines by reason, as the metric names it
  std::string reason;                             // of the first that was rejected

  [[nodiscard]] std::uint64_t rejected_lines() const;
};

struct PushContext {
  std::string tool = "local";
  PushLimits limits;
  // Times outside are rejected.
  std::int64_t oldest_ns = std::numeric_limits<std::int64_t>::min();
  std::int64_t newest_ns = std::numeric_limits<std::int64_t>::max();
};
[[nodiscard]] PushContext push_context(std::string tool, const PushLimits& limits,
                                       std::int64_t now_ns);

// {"streams":[{"stream":{...},"values":[["<ns>","line",{"k":"v"}?]]}]}
[[nodiscard]] Result<Pushed> parse_push_json(std::string_view body, const PushContext& = {});
// A snappy block with Loki's PushRequest. Errors: too_large (over `max_bytes` when unpacked).
[[nodiscard]] Result<Pushed> parse_push_protobuf(std::string_view body, std::size_t max_bytes,
                                                 const PushContext& = {});

// Collects the streams and lines of one push.
class PushBuilder {
 public:
  // Streams with different columns are batches of their own up to this many; the columns of more
  // are metadata of each line.
  static constexpr std::size_t kMaxColumnSets = 64;

  // `capacity`: bytes all texts together will not exceed; those of the body.
  PushBuilder(const PushContext& context, std::size_t capacity);

  // The lines that follow are of this stream; where its labels are refused they are, too.
  void stream(std::vector<Labels::Pair> labels);
  void line(std::int64_t time_ns, std::string_view body, std::span<const Attribute> metadata);
  // A line that is none.
  void refuse(std::string_view reason, std::string text);
  // Every line up to the next stream(); a stream without lines is no error.
  void refuse_stream(std::string_view reason, std::string text);
  [[nodiscard]] Pushed finish() &&;

 private:
  std::string_view copy(std::string_view text);
  bool accept_labels(const std::vector<Labels::Pair>& labels);
  bool accept_line(std::int64_t time_ns, std::string_view body,
                   std::span<const Attribute> metadata);
  Batch& batch_of(const std::vector<Labels::Pair>& columns);

  const PushContext& context_;
  std::shared_ptr<std::string> texts_;  // reserved once, so that views stay
  Pushed pushed_;
  struct Open {
    std::size_t batch = 0;
    std::map<Labels, std::uint32_t> streams;
  };
  std::map<std::vector<Labels::Pair>, Open> open_;

  // Of the current stream:
  std::string stream_text_;  // for errors, cut
  bool refused_ = false;
  std::string refused_reason_, refused_text_;
  std::size_t batch_ = 0;
  std::uint32_t stream_ = 0;
  std::vector<Attribute> line_columns_;
};

}  // namespace logboom::query
