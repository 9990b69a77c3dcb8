// OTLP logs, as protobuf and as JSON: whatever decodes must survive our own encoding.
#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "core/otlp.h"
#include "tests/fuzz/fuzz.h"

namespace {

using logboom::Batch;
using logboom::fuzz::hold;

using Line = std::tuple<std::uint64_t, std::string, std::int64_t, logboom::Level, std::string,
                        std::vector<std::pair<std::string, std::string>>>;

// The lines of a batch, in an order that does not depend on how streams are numbered.
std::vector<Line> lines_of(const Batch& batch) {
  std::vector<Line> lines;
  for (const auto& record : batch.records) {
    hold(record.stream < batch.streams.size(), "a record's stream is one of the batch");
    std::vector<std::pair<std::string, std::string>> metadata;
    for (const auto& [name, value] : record.metadata) metadata.emplace_back(name, value);
    lines.emplace_back(record.position, batch.streams[record.stream].text(), record.time_ns,
                       record.level, std::string(record.body), std::move(metadata));
  }
  if (!batch.span) std::ranges::stable_sort(lines);
  return lines;
}

void check_span(const Batch& batch) {
  if (!batch.span) return;
  for (std::size_t i = 1; i < batch.records.size(); ++i) {
    hold(batch.records[i - 1].position <= batch.records[i].position,
         "records of a span are in order of position");
  }
}

void check(const logboom::otlp::Decoded& decoded) {
  for (const auto& batch : decoded.batches) {
    check_span(batch);
    if (!batch.span) continue;  // someone else's: its labels and metadata are ours to choose
    auto again = logboom::otlp::decode(logboom::otlp::encode(batch), "fuzz");
    hold(again.has_value(), "what we encode decodes");
    if (batch.records.empty()) continue;
    hold(again->batches.size() == 1 && again->rejected == 0, "a batch stays one batch");
    const auto& copy = again->batches.front();
    hold(copy.tool == batch.tool && copy.redacted == batch.redacted, "tool and flags stay");
    hold(copy.span && copy.span->source == batch.span->source &&
             copy.span->previous == batch.span->previous && copy.span->next == batch.span->next,
         "the span stays");
    hold(lines_of(copy) == lines_of(batch), "the lines stay");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = logboom::fuzz::text_of(data, size);
  if (const auto decoded = logboom::otlp::decode(std::string(text), "fuzz")) check(*decoded);
  if (const auto decoded = logboom::otlp::decode_json(text, "fuzz")) check(*decoded);
  return 0;
}
