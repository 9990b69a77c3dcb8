// PushRequest {1: repeated StreamAdapter {1: labels as text, 2: repeated Entry {1: Timestamp {1:
// seconds, 2: nanos}, 2: line, 3: repeated {1: name, 2: value}}, 3: hash}}, as one snappy block.
#define PROTOZERO_USE_VIEW std::string_view
#include <snappy.h>

#include <protozero/pbf_reader.hpp>

#include "query/logql/parser.h"
#include "query/push.h"

namespace logboom::query {
namespace {

using protozero::pbf_reader;

constexpr auto kText = protozero::pbf_wire_type::length_delimited;

std::int64_t read_timestamp(pbf_reader message) {
  std::int64_t seconds = 0, nanos = 0;
  while (message.next()) {
    if (message.tag() == 1 && message.has_wire_type(protozero::pbf_wire_type::varint)) {
      seconds = message.get_int64();
    } else if (message.tag() == 2 && message.has_wire_type(protozero::pbf_wire_type::varint)) {
      nanos = message.get_int32();
    } else {
      message.skip();
    }
  }
  std::int64_t time_ns = 0;
  const bool overflow = __builtin_mul_overflow(seconds, 1'000'000'000, &time_ns) ||
                        __builtin_add_overflow(time_ns, nanos, &time_ns);
  if (!overflow) return time_ns;
  return seconds < 0 ? std::numeric_limits<std::int64_t>::min()
                     : std::numeric_limits<std::int64_t>::max();
}

Attribute read_pair(pbf_reader message) {
  Attribute pair;
  while (message.next()) {
    if (message.tag() == 1 && message.has_wire_type(kText)) {
      pair.first = message.get_view();
    } else if (message.tag() == 2 && message.has_wire_type(kText)) {
      pair.second = message.get_view();
    } else {
      message.skip();
    }
  }
  return pair;
}

void read_entry(pbf_reader message, PushBuilder& builder) {
  std::int64_t time_ns = 0;
  std::string_view line;
  std::vector<Attribute> metadata;
  while (message.next()) {
    if (!message.has_wire_type(kText)) {
      message.skip();
      continue;
    }
    switch (message.tag()) {
      case 1:
        time_ns = read_timestamp(message.get_message());
        break;
      case 2:
        line = message.get_view();
        break;
      case 3:
        metadata.push_back(read_pair(message.get_message()));
        break;
      default:
        message.skip();
    }
  }
  builder.line(time_ns, line, metadata);
}

// Two passes: the labels may stand behind the entries.
void read_stream(std::string_view bytes, PushBuilder& builder) {
  std::string_view text;
  for (pbf_reader message(bytes); message.next();) {
    if (message.tag() == 1 && message.has_wire_type(kText)) {
      text = message.get_view();
    } else {
      message.skip();
    }
  }
  auto labels = logql::parse_labels(text);
  if (labels) {
    builder.stream(*std::move(labels));
  } else {
    builder.refuse_stream("invalid_labels", "error parsing labels '" +
                                                std::string(text.substr(0, 200)) +
                                                "' with error: " + labels.error().message);
  }
  for (pbf_reader message(bytes); message.next();) {
    if (message.tag() == 2 && message.has_wire_type(kText)) {
      read_entry(message.get_message(), builder);
    } else {
      message.skip();
    }
  }
}

}  // namespace

Result<Pushed> parse_push_protobuf(std::string_view body, std::size_t max_bytes,
                                   const PushContext& context) {
  const auto no_snappy = [] {
    return fail(Errc::invalid,
                "push: the body is not snappy-compressed protobuf; for JSON send "
                "Content-Type: application/json");
  };
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &size)) return no_snappy();
  if (size > max_bytes) {
    return fail(Errc::too_large, "push: the body is over " + std::to_string(max_bytes) +
                                     " bytes when unpacked; send smaller pushes");
  }
  std::string bytes(size, '\0');
  if (!snappy::RawUncompress(body.data(), body.size(), bytes.data())) return no_snappy();
  try {
    PushBuilder builder(context, bytes.size());
    for (pbf_reader request(bytes); request.next();) {
      if (request.tag() == 1 && request.has_wire_type(kText)) {
        read_stream(request.get_view(), builder);
      } else {
        request.skip();
      }
    }
    return std::move(builder).finish();
  } catch (const protozero::exception& error) {
    return fail(Errc::invalid, std::string("push: not a PushRequest: ") + error.what());
  }
}

}  // namespace logboom::query
