// OTLP into batches. Records and attributes are views into the one copy of the request that every
// batch keeps alive; only what has to change (names with dots, rendered values) is copied.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#define PROTOZERO_USE_VIEW std::string_view
#include <protozero/pbf_reader.hpp>
#include <protozero/varint.hpp>

#include "core/otlp.h"
#include "core/otlp_value.h"
#include "core/time.h"

namespace logboom::otlp {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;
using protozero::tag_and_type;

constexpr std::uint32_t length_field(std::uint32_t tag) {
  return tag_and_type(tag, pbf_wire_type::length_delimited);
}
constexpr std::uint32_t fixed64_field(std::uint32_t tag) {
  return tag_and_type(tag, pbf_wire_type::fixed64);
}
constexpr std::uint32_t varint_field(std::uint32_t tag) {
  return tag_and_type(tag, pbf_wire_type::varint);
}

// A record of two bytes becomes one of 64, and a scope's attributes are repeated in each of its
// records: what a request may unfold to, in bytes of ours, is kUnfoldFloor + kUnfoldFactor * its
// size.
constexpr std::size_t kUnfoldFloor = 16 << 20;
constexpr std::size_t kUnfoldFactor = 16;

constexpr std::size_t kMaxSourceName = 512;

// The resource attributes that Loki makes index labels and that are bounded; others are columns.
constexpr std::array<std::string_view, 16> kForeignLabels = {
    "service.name",           "service.namespace",
    "deployment.environment", "deployment.environment.name",
    "cloud.region",           "cloud.availability_zone",
    "cloud.platform",         "k8s.cluster.name",
    "k8s.namespace.name",     "k8s.container.name",
    "k8s.deployment.name",    "k8s.statefulset.name",
    "k8s.daemonset.name",     "k8s.replicaset.name",
    "k8s.cronjob.name",       "container.name"};

// Visits every field of a message that has this tag and is length-delimited.
template <class Visit>
Result<void> each(std::string_view message, std::uint32_t tag, Visit&& visit) {
  for (pbf_reader reader(message); reader.next();) {
    if (reader.tag_and_type() != length_field(tag)) {
      reader.skip();
      continue;
    }
    Result<void> visited = visit(reader.get_view());
    if (!visited) return visited;
  }
  return {};
}

std::string hex(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[c & 15];
  }
  return out;
}

// Where a line over the limit is cut: not inside a UTF-8 sequence.
std::size_t cut_at(std::string_view line) {
  std::size_t at = kMaxLine;
  while (at > kMaxLine - 4 && (static_cast<unsigned char>(line[at]) & 0xc0) == 0x80) --at;
  return at;
}

// Copies of small texts for many batches in a few shared buffers: an arena of its own would cost
// each batch a chunk, and a request can hold very many small batches.
class Copies {
 public:
  std::string_view copy(std::string_view text, Batch& batch) {
    if (!buffer_ || buffer_->capacity() - buffer_->size() < text.size()) {
      buffer_ = std::make_shared<std::string>();
      buffer_->reserve(std::max(kBuffer, text.size()));
      adopted_by_ = nullptr;
    }
    if (adopted_by_ != &batch) batch.arena.adopt(buffer_);
    adopted_by_ = &batch;
    const std::size_t at = buffer_->size();
    buffer_->append(text);  // within the capacity: earlier views stay
    return std::string_view(*buffer_).substr(at);
  }
  // Before the next batch, which may lie where the last one did.
  void next_batch() { adopted_by_ = nullptr; }

 private:
  static constexpr std::size_t kBuffer = 16 * 1024;
  std::shared_ptr<std::string> buffer_;
  const Batch* adopted_by_ = nullptr;
};

struct Resource {
  bool ours = false, redacted = false;
  std::string tool;
  std::optional<std::string> source;
  std::optional<std::uint64_t> previous, next;
  std::vector<Labels::Pair> labels;
};

class RequestReader {
 public:
  RequestReader(std::shared_ptr<const std::string> bytes, std::string_view tool)
      : bytes_(std::move(bytes)),
        tool_(tool),
        unfold_limit_(kUnfoldFloor + kUnfoldFactor * bytes_->size()) {}

  Result<Decoded> read() {
    auto done = each(*bytes_, 1, [&](std::string_view message) { return resource_logs(message); });
    if (!done) return fail(std::move(done).error());
    return std::move(decoded_);
  }

 private:
  Result<void> spend(std::size_t bytes) {
    unfolded_ += bytes;
    if (unfolded_ <= unfold_limit_) return {};
    return fail(Errc::too_large,
                "OTLP: the request unfolds to more than " + std::to_string(unfold_limit_) +
                    " bytes; send fewer records, or fewer scope attributes, in one request");
  }

  void reject(std::uint64_t records, std::string reason) {
    if (decoded_.rejected == 0) decoded_.reason = std::move(reason);
    decoded_.rejected += records;
  }

  Result<void> resource_logs(std::string_view message);
  Result<Resource> read_resource(std::string_view message, Batch& batch);
  Result<void> own_attribute(const KeyValue& attribute, Resource& resource);
  Result<void> own_scope(std::string_view message, Batch& batch);
  Result<void> own_record(std::string_view message, std::uint32_t stream, Batch& batch);
  Result<void> foreign_scope(std::string_view message, Batch& batch);
  Result<void> foreign_record(std::string_view message, const std::vector<Attribute>& scope,
                              Batch& batch);
  Result<void> add_foreign_attribute(const KeyValue& attribute, std::vector<Attribute>& to,
                                     Batch& batch);
  std::optional<std::string_view> text_of(const Value& value, Batch& batch);
  void cut_line(Record& record, Batch& batch);

  std::shared_ptr<const std::string> bytes_;
  std::string_view tool_;
  std::size_t unfold_limit_, unfolded_ = 0;
  Copies copies_;
  Decoded decoded_;
};

Result<void> RequestReader::resource_logs(std::string_view message) {
  Batch batch;
  batch.arena.adopt(bytes_);
  copies_.next_batch();
  if (auto spent = spend(sizeof(Batch)); !spent) return spent;
  auto resource = read_resource(message, batch);
  if (!resource) return fail(std::move(resource).error());
  batch.tool = resource->tool.empty() ? std::string(tool_) : std::move(resource->tool);
  batch.redacted = resource->redacted;

  if (!resource->ours) {
    if (resource->labels.empty()) resource->labels.emplace_back("service_name", "unknown_service");
    batch.streams.emplace_back(std::move(resource->labels));
    auto read =
        each(message, 2, [&](std::string_view scope) { return foreign_scope(scope, batch); });
    if (!read) return read;
    if (!batch.records.empty()) decoded_.batches.push_back(std::move(batch));
    return {};
  }

  if (auto known = check_tool_name(batch.tool); !known)
    return fail(std::move(known).error().in(kTool));
  if (resource->source) {
    if (!resource->previous || !resource->next || *resource->next < *resource->previous)
      return fail(Errc::invalid,
                  "logboom.source: needs logboom.previous and, not below it, logboom.next");
    batch.span = SourceSpan{std::move(*resource->source), *resource->previous, *resource->next};
  }
  auto read = each(message, 2, [&](std::string_view scope) { return own_scope(scope, batch); });
  if (!read) return read;
  if (batch.span && batch.streams.size() > 1) {
    // Positions rise strictly within a stream, so no two records are equal in this order.
    std::ranges::sort(batch.records, {}, [](const Record& record) {
      return std::pair(record.position, record.stream);
    });
  }
  if (batch.span || !batch.records.empty()) decoded_.batches.push_back(std::move(batch));
  return {};
}

// The resource may stand behind its records on the wire: the attributes are read first, and whether
// they are ours is known only after the last of them.
Result<Resource> RequestReader::read_resource(std::string_view message, Batch& batch) {
  Resource resource;
  std::vector<KeyValue> attributes;
  auto collected = each(message, 1, [&](std::string_view part) {
    return each(part, 1, [&](std::string_view encoded) -> Result<void> {
      attributes.push_back(read_key_value(encoded));
      resource.ours = resource.ours || attributes.back().key.starts_with(kOwnPrefix);
      return spend(sizeof(KeyValue));
    });
  });
  if (!collected) return fail(std::move(collected).error());

  for (const KeyValue& attribute : attributes) {
    if (resource.ours) {
      if (attribute.key.starts_with(kOwnPrefix)) {
        auto known = own_attribute(attribute, resource);
        if (!known) return fail(std::move(known).error());
      } else if (!attribute.value.is_text()) {
        return fail(Errc::invalid,
                    "column '" + std::string(attribute.key.substr(0, 100)) + "': not a text");
      } else {
        batch.columns.emplace_back(attribute.key, attribute.value.bytes);
      }
      continue;
    }
    const bool label = std::ranges::find(kForeignLabels, attribute.key) != kForeignLabels.end() &&
                       resource.labels.size() < kMaxLabels && attribute.value.is_text() &&
                       attribute.value.bytes.size() <= kMaxLabelValue;
    if (label) {
      if (!attribute.value.bytes.empty())
        resource.labels.emplace_back(as_label_name(attribute.key), attribute.value.bytes);
    } else {
      auto added = add_foreign_attribute(attribute, batch.columns, batch);
      if (!added) return fail(std::move(added).error());
    }
  }
  return resource;
}

Result<void> RequestReader::own_attribute(const KeyValue& attribute, Resource& resource) {
  const auto [key, value] = attribute;
  const auto wrong = [&](std::string_view wanted) {
    return fail(Errc::invalid, std::string(key) + ": not " + std::string(wanted));
  };
  if (key == kTool) {
    if (!value.is_text()) return wrong("a text");
    resource.tool = value.bytes;
  } else if (key == kSource) {
    if (!value.is_text() || value.bytes.empty() || value.bytes.size() > kMaxSourceName)
      return wrong("a text of 1 to " + std::to_string(kMaxSourceName) + " bytes");
    resource.source = value.bytes;
  } else if (key == kPrevious || key == kNext) {
    if (value.kind != Value::Kind::integer) return wrong("an integer");
    (key == kPrevious ? resource.previous : resource.next) =
        static_cast<std::uint64_t>(value.integer);
  } else if (key == kRedacted) {
    if (value.kind != Value::Kind::boolean) return wrong("a boolean");
    resource.redacted = value.integer != 0;
  }
  return {};
}

Result<void> RequestReader::own_scope(std::string_view message, Batch& batch) {
  std::vector<Labels::Pair> labels;
  std::string_view positions;
  auto header = each(message, 1, [&](std::string_view part) {
    return each(part, 3, [&](std::string_view encoded) -> Result<void> {
      const auto [key, value] = read_key_value(encoded);
      if (!value.is_text())
        return fail(Errc::invalid, "label '" + std::string(key.substr(0, 100)) + "': not a text");
      if (key == kPositions) {
        positions = value.bytes;
        return {};
      }
      if (!valid_label_name(key) || value.bytes.size() > kMaxLabelValue ||
          labels.size() == kMaxLabels)
        return fail(Errc::invalid, "label '" + std::string(key.substr(0, 100)) +
                                       "': a bad name, a value over " +
                                       std::to_string(kMaxLabelValue) + " bytes, or more than " +
                                       std::to_string(kMaxLabels) + " labels");
      labels.emplace_back(key, value.bytes);
      return {};
    });
  });
  if (!header) return header;

  const std::size_t first = batch.records.size();
  const auto stream = static_cast<std::uint32_t>(batch.streams.size());
  auto read =
      each(message, 2, [&](std::string_view record) { return own_record(record, stream, batch); });
  if (!read) return read;
  if (batch.records.size() == first) return {};
  batch.streams.emplace_back(std::move(labels));
  if (!batch.span) return {};

  std::uint64_t position = batch.span->previous;
  const char* at = positions.data();
  const char* const end = at + positions.size();
  for (std::size_t i = first; i < batch.records.size(); ++i) {
    const std::uint64_t delta = at == end ? 0 : protozero::decode_varint(&at, end);
    if (delta == 0 || delta > batch.span->next - position)
      return fail(Errc::invalid,
                  "logboom.positions: not one rising position per record inside the batch's span");
    position += delta;
    batch.records[i].position = position;
  }
  if (at != end) return fail(Errc::invalid, "logboom.positions: more positions than records");
  return {};
}

Result<void> RequestReader::own_record(std::string_view message, std::uint32_t stream,
                                       Batch& batch) {
  if (auto spent = spend(sizeof(Record)); !spent) return spent;
  Record record;
  record.stream = stream;
  std::size_t metadata_bytes = 0;
  for (pbf_reader reader(message); reader.next();) {
    switch (reader.tag_and_type()) {
      case fixed64_field(1):
        record.time_ns = static_cast<std::int64_t>(reader.get_fixed64());
        break;
      case varint_field(2):
        record.level = level_of_severity(reader.get_uint32());
        break;
      case length_field(5): {
        const Value body = read_value(reader.get_view());
        if (!body.is_text()) return fail(Errc::invalid, "body: not a text");
        record.body = body.bytes;
        break;
      }
      case length_field(6): {
        const auto [key, value] = read_key_value(reader.get_view());
        metadata_bytes += key.size() + value.bytes.size();
        if (!value.is_text() || metadata_bytes > kMaxMetadata ||
            record.metadata.size() == kMaxMetadataEntries)
          return fail(Errc::invalid, "metadata '" + std::string(key.substr(0, 100)) +
                                         "': not a text, or the record has too much of it");
        record.metadata.emplace_back(key, value.bytes);
        if (auto spent = spend(sizeof(Attribute)); !spent) return spent;
        break;
      }
      default:
        reader.skip();
    }
  }
  cut_line(record, batch);
  batch.records.push_back(std::move(record));
  return {};
}

Result<void> RequestReader::foreign_scope(std::string_view message, Batch& batch) {
  std::vector<Attribute> attributes;
  auto header = each(message, 1, [&](std::string_view part) -> Result<void> {
    for (pbf_reader reader(part); reader.next();) {
      switch (reader.tag_and_type()) {
        case length_field(1):
        case length_field(2): {
          const std::string_view key = reader.tag() == 1 ? "scope_name" : "scope_version";
          const std::string_view value = reader.get_view();
          if (!value.empty()) attributes.emplace_back(key, value);
          break;
        }
        case length_field(3): {
          auto added = add_foreign_attribute(read_key_value(reader.get_view()), attributes, batch);
          if (!added) return added;
          break;
        }
        default:
          reader.skip();
      }
    }
    return {};
  });
  if (!header) return header;
  return each(message, 2,
              [&](std::string_view record) { return foreign_record(record, attributes, batch); });
}

Result<void> RequestReader::foreign_record(std::string_view message,
                                           const std::vector<Attribute>& scope, Batch& batch) {
  Record record;
  std::uint64_t time = 0, observed = 0;
  std::uint32_t severity = 0;
  std::string_view severity_text;
  Value body;
  // One more than allowed is enough to know that there are too many.
  const std::size_t most = kMaxMetadataEntries + 1;
  record.metadata.assign(scope.begin(),
                         scope.begin() + static_cast<std::ptrdiff_t>(std::min(scope.size(), most)));
  const auto add_id = [&](std::string_view key, std::string_view id, std::size_t size) {
    if (id.size() != size || id.find_first_not_of('\0') == id.npos) return;
    record.metadata.emplace_back(key, copies_.copy(hex(id), batch));
  };
  for (pbf_reader reader(message); reader.next();) {
    switch (reader.tag_and_type()) {
      case fixed64_field(1):
        time = reader.get_fixed64();
        break;
      case varint_field(2):
        severity = reader.get_uint32();
        break;
      case length_field(3):
        severity_text = reader.get_view();
        break;
      case length_field(5):
        body = read_value(reader.get_view());
        break;
      case length_field(6): {
        const std::string_view encoded = reader.get_view();
        if (record.metadata.size() >= most) break;
        auto added = add_foreign_attribute(read_key_value(encoded), record.metadata, batch);
        if (!added) return added;
        break;
      }
      case length_field(9):
        add_id("trace_id", reader.get_view(), 16);
        break;
      case length_field(10):
        add_id("span_id", reader.get_view(), 8);
        break;
      case fixed64_field(11):
        observed = reader.get_fixed64();
        break;
      default:
        reader.skip();
    }
  }
  auto spent = spend(sizeof(Record) + record.metadata.size() * sizeof(Attribute));
  if (!spent) return spent;

  std::size_t metadata_bytes = 0;
  for (const auto* attributes : {&batch.columns, &record.metadata})
    for (const auto& [key, value] : *attributes) metadata_bytes += key.size() + value.size();
  const auto text = body.kind == Value::Kind::none ? "" : text_of(body, batch);
  if (batch.columns.size() + record.metadata.size() > kMaxMetadataEntries ||
      metadata_bytes > kMaxMetadata) {
    reject(1, "a record has over " + std::to_string(kMaxMetadataEntries) + " attributes or " +
                  std::to_string(kMaxMetadata) +
                  " bytes of them, its resource's and scope's included");
  } else if (!text) {
    reject(1, "a body nests deeper than " + std::to_string(kMaxNesting));
  } else {
    if (time == 0) time = observed;
    record.time_ns =
        time == 0 || std::cmp_greater(time, INT64_MAX) ? now_ns() : static_cast<std::int64_t>(time);
    record.body = *text;
    record.level = level_of_severity(severity);
    if (severity == 0) record.level = parse_level(severity_text).value_or(detect_level(*text));
    cut_line(record, batch);
    batch.records.push_back(std::move(record));
  }
  return {};
}

Result<void> RequestReader::add_foreign_attribute(const KeyValue& attribute,
                                                  std::vector<Attribute>& to, Batch& batch) {
  if (attribute.key.empty() || attribute.value.kind == Value::Kind::none) return {};
  if (attribute.key.size() > kMaxLabelName) {
    to.emplace_back("attribute_name_too_long", attribute.key.substr(0, kMaxLabelName));
    return spend(sizeof(Attribute));
  }
  const auto value = text_of(attribute.value, batch);
  const std::string_view key = valid_label_name(attribute.key)
                                   ? attribute.key
                                   : copies_.copy(as_label_name(attribute.key), batch);
  to.emplace_back(key, value.value_or("nested too deep"));
  return spend(sizeof(Attribute));
}

// Texts and bytes as they are, everything else as JSON; none when it nests too deep.
std::optional<std::string_view> RequestReader::text_of(const Value& value, Batch& batch) {
  if (value.is_text()) return value.bytes;
  std::string json;
  if (!append_json(json, value)) return std::nullopt;
  return copies_.copy(json, batch);
}

void RequestReader::cut_line(Record& record, Batch& batch) {
  if (record.body.size() <= kMaxLine) return;
  record.metadata.emplace_back("truncated",
                               copies_.copy(std::to_string(record.body.size()), batch));
  record.body = record.body.substr(0, cut_at(record.body));
}

}  // namespace

Result<Decoded> decode(std::string bytes, std::string_view tool) {
  auto shared = std::make_shared<const std::string>(std::move(bytes));
  try {
    return RequestReader(std::move(shared), tool).read();
  } catch (const protozero::exception& error) {
    return fail(Errc::invalid,
                std::string("OTLP: not a protobuf ExportLogsServiceRequest: ") + error.what());
  }
}

}  // namespace logboom::otlp
