// Batches as OTLP. This is on a collector's hottest path: every length is known before its bytes
// are written, so the request is written once, front to back, into one reserved string.
#include <algorithm>
#include <cassert>

#define PROTOZERO_USE_VIEW std::string_view
#include <protozero/pbf_writer.hpp>
#include <protozero/varint.hpp>

#include "core/otlp.h"
#include "core/otlp_value.h"
#include "core/utf8.h"

namespace logboom::otlp {
namespace {

using protozero::pbf_writer;

// Every field number of OTLP logs that we write is below 16: its tag is one byte.
std::size_t varint_size(std::uint64_t value) {
  return static_cast<std::size_t>(protozero::length_of_varint(value));
}
std::size_t field_size(std::size_t length) { return 1 + varint_size(length) + length; }
std::size_t attribute_size(std::string_view key, std::size_t any_value_size) {
  return field_size(field_size(key.size()) + field_size(any_value_size));
}
std::size_t text_attribute_size(std::string_view key, std::string_view value) {
  return attribute_size(key, field_size(value.size()));
}
std::size_t int_attribute_size(std::string_view key, std::uint64_t value) {
  return attribute_size(key, 1 + varint_size(value));
}

// A message's tag and length; its fields follow, to the same buffer. (pbf_writer's own sub-messages
// of known size leave their parent unusable in protozero 1.7.)
void open_message(std::string& out, std::uint32_t tag, std::size_t size) {
  protozero::add_varint_to_buffer(
      &out, protozero::tag_and_type(tag, protozero::pbf_wire_type::length_delimited));
  protozero::add_varint_to_buffer(&out, size);
}

// A protobuf string is UTF-8; what is not is sent as bytes, unharmed.
void add_text_value(std::string& out, std::uint32_t tag, std::string_view text, bool utf8) {
  open_message(out, tag, field_size(text.size()));
  pbf_writer any(out);
  if (utf8) {
    any.add_string(1, text.data(), text.size());
  } else {
    any.add_bytes(7, text.data(), text.size());
  }
}

void add_attribute(std::string& out, std::uint32_t tag, std::string_view key,
                   std::string_view value, bool as_bytes = false) {
  open_message(out, tag, field_size(key.size()) + field_size(field_size(value.size())));
  pbf_writer entry(out);
  entry.add_string(1, key.data(), key.size());
  add_text_value(out, 2, value, !as_bytes && valid_utf8(value));
}

void add_int_attribute(std::string& out, std::uint32_t tag, std::string_view key,
                       std::uint64_t value) {
  const std::size_t any_size = 1 + varint_size(value);
  open_message(out, tag, field_size(key.size()) + field_size(any_size));
  pbf_writer entry(out);
  entry.add_string(1, key.data(), key.size());
  open_message(out, 2, any_size);
  pbf_writer any(out);
  any.add_int64(3, static_cast<std::int64_t>(value));
}

void add_true_attribute(std::string& out, std::uint32_t tag, std::string_view key) {
  open_message(out, tag, field_size(key.size()) + field_size(2));
  pbf_writer entry(out);
  entry.add_string(1, key.data(), key.size());
  open_message(out, 2, 2);
  pbf_writer any(out);
  any.add_bool(2, true);
}

std::size_t record_size(const Record& record) {
  std::size_t size = 1 + sizeof(std::uint64_t) + field_size(field_size(record.body.size()));
  if (record.level != Level::unknown) size += 1 + varint_size(severity_of_level(record.level));
  for (const auto& [key, value] : record.metadata) size += text_attribute_size(key, value);
  return size;
}

// The records of one stream: a ScopeLogs.
struct Scope {
  std::vector<std::uint32_t> records;  // indices, in the batch's order
  std::string positions;
  std::size_t header_size = 0;  // of the InstrumentationScope
  std::size_t size = 0;         // of the ScopeLogs
};

std::vector<Scope> plan_scopes(const Batch& batch) {
  std::vector<Scope> scopes(batch.streams.size());
  for (std::uint32_t i = 0; i < batch.records.size(); ++i) {
    assert(batch.records[i].stream < scopes.size());
    Scope& scope = scopes[batch.records[i].stream];
    scope.records.push_back(i);
    scope.size += field_size(record_size(batch.records[i]));
  }
  for (std::size_t s = 0; s < scopes.size(); ++s) {
    Scope& scope = scopes[s];
    if (scope.records.empty()) continue;
    scope.header_size = field_size(kScopeName.size());
    for (const auto& [name, value] : batch.streams[s].pairs())
      scope.header_size += text_attribute_size(name, value);
    if (batch.span) {
      std::uint64_t before = batch.span->previous;
      for (const std::uint32_t i : scope.records) {
        protozero::add_varint_to_buffer(&scope.positions, batch.records[i].position - before);
        before = batch.records[i].position;
      }
      scope.header_size += text_attribute_size(kPositions, scope.positions);
    }
    scope.size += field_size(scope.header_size);
  }
  return scopes;
}

std::size_t resource_size(const Batch& batch) {
  std::size_t size = text_attribute_size(kTool, batch.tool);
  if (batch.span) {
    size += text_attribute_size(kSource, batch.span->source) +
            int_attribute_size(kPrevious, batch.span->previous) +
            int_attribute_size(kNext, batch.span->next);
  }
  if (batch.redacted) size += attribute_size(kRedacted, 2);
  for (const auto& [name, value] : batch.columns) size += text_attribute_size(name, value);
  return size;
}

void add_resource(std::string& out, const Batch& batch, std::size_t size) {
  open_message(out, 1, size);
  add_attribute(out, 1, kTool, batch.tool);
  if (batch.span) {
    add_attribute(out, 1, kSource, batch.span->source);
    add_int_attribute(out, 1, kPrevious, batch.span->previous);
    add_int_attribute(out, 1, kNext, batch.span->next);
  }
  if (batch.redacted) add_true_attribute(out, 1, kRedacted);
  for (const auto& [name, value] : batch.columns) add_attribute(out, 1, name, value);
}

void add_record(std::string& out, const Record& record) {
  open_message(out, 2, record_size(record));
  pbf_writer writer(out);
  writer.add_fixed64(1, static_cast<std::uint64_t>(record.time_ns));
  if (record.level != Level::unknown)
    writer.add_enum(2, static_cast<std::int32_t>(severity_of_level(record.level)));
  add_text_value(out, 5, record.body, valid_utf8(record.body));
  for (const auto& [key, value] : record.metadata) add_attribute(out, 6, key, value);
}

void add_scope(std::string& out, const Batch& batch, const Labels& labels, const Scope& scope) {
  open_message(out, 2, scope.size);
  open_message(out, 1, scope.header_size);
  pbf_writer(out).add_string(1, kScopeName.data(), kScopeName.size());
  for (const auto& [name, value] : labels.pairs()) add_attribute(out, 3, name, value);
  if (batch.span) add_attribute(out, 3, kPositions, scope.positions, true);
  for (const std::uint32_t i : scope.records) add_record(out, batch.records[i]);
}

}  // namespace

std::string encode(const Batch& batch) {
  const std::vector<Scope> scopes = plan_scopes(batch);
  const std::size_t header_size = resource_size(batch);
  std::size_t size = field_size(header_size);
  for (const Scope& scope : scopes)
    if (!scope.records.empty()) size += field_size(scope.size);

  std::string out;
  out.reserve(field_size(size));
  open_message(out, 1, size);
  add_resource(out, batch, header_size);
  for (std::size_t s = 0; s < scopes.size(); ++s)
    if (!scopes[s].records.empty()) add_scope(out, batch, batch.streams[s], scopes[s]);
  assert(out.size() == field_size(size));
  return out;
}

}  // namespace logboom::otlp
