#include "collector/batcher.h"

#include "collector/meters.h"
#include "core/otlp.h"

namespace logboom::collector {

void Batcher::start(const Origin& origin) {
  batch_.records.clear();
  batch_.arena = {};
  bytes_ = 0;
  batch_.tool = origin.tool;
  batch_.streams = origin.streams;
  batch_.columns.assign(origin.columns.begin(), origin.columns.end());
  batch_.redacted = true;
}

void Batcher::add(const Line& line) {
  const auto body = redactor_.redact(line.text, scratch_);
  if (body.starts_with("<withheld:")) meters().withheld.add();
  auto& record = batch_.records.emplace_back();
  record.time_ns = line.time_ns;
  record.position = line.position;
  record.stream = line.stream;
  record.level = line.gap.empty() ? detect_level(body) : Level::warn;
  record.body = batch_.arena.copy(body);
  bytes_ += body.size();
  if (line.size > line.text.size()) {
    record.metadata.emplace_back("truncated", batch_.arena.copy(std::to_string(line.size)));
    meters().truncated.add();
  }
  if (!line.malformed.empty()) {
    record.metadata.emplace_back("malformed", line.malformed);
    meters().malformed.add();
  }
  if (!line.gap.empty()) {
    record.metadata.emplace_back("gap", batch_.arena.copy(line.gap));
    meters().gaps(line.gap).add();
  }
}

void Batcher::add(RunEvent event, std::uint64_t position) {
  for (auto* const text : {&event.command, &event.message, &event.job}) {
    *text = std::string(redactor_.redact(*text, scratch_));
  }
  auto& record = batch_.records.emplace_back(to_record(event, batch_.arena));
  record.position = position;
  for (const auto& [name, value] : record.metadata) bytes_ += name.size() + value.size();
}

std::string Batcher::finish(const std::string& source_id, std::uint64_t previous,
                            std::uint64_t next) {
  batch_.span = SourceSpan{source_id, previous, next};
  meters().lines.add(batch_.records.size());
  meters().batches.add();
  auto bytes = otlp::encode(batch_);
  batch_.records.clear();
  batch_.arena = {};
  bytes_ = 0;
  return bytes;
}

void redact(const Redactor& redactor, Origin& origin) {
  std::string scratch;
  for (auto& stream : origin.streams) {
    auto pairs = stream.pairs();
    for (auto& [name, value] : pairs) value = std::string(redactor.redact(value, scratch));
    stream = Labels(std::move(pairs));
  }
  for (auto& [name, value] : origin.columns) {
    if (name != "node" && name != "run") value = std::string(redactor.redact(value, scratch));
  }
}

}  // namespace logboom::collector
