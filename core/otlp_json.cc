// OTLP/JSON: rewritten as protobuf and decoded there, so that one reader holds all rules and
// limits.
#include <simdjson.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#define PROTOZERO_USE_VIEW std::string_view
#include <protozero/pbf_writer.hpp>

#include "core/otlp.h"
#include "core/otlp_value.h"

namespace logboom::otlp {
namespace {

using protozero::pbf_writer;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

// Brackets inside each other: the request's own plus four for each level of an AnyValue.
constexpr std::size_t kMaxDepth = 16 + 4 * (kMaxNesting + 2);

std::unexpected<Error> wrong(std::string_view field, std::string_view wanted) {
  return fail(Errc::invalid, std::string(field) + ": not " + std::string(wanted));
}

// Runs the steps until one fails.
template <class... Steps>
Result<void> in_order(Steps&&... steps) {
  Result<void> done;
  static_cast<void>(((done = steps(), done.has_value()) && ...));
  return done;
}

// What a field holds; null counts as absent, as in protobuf's JSON.
std::optional<element> field(const object& in, std::string_view name) {
  element value;
  if (in[name].get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

Result<std::string_view> text(const element& value, std::string_view name) {
  std::string_view result;
  if (value.get(result) != simdjson::SUCCESS) return wrong(name, "a string");
  return result;
}

// A 64-bit number, which protobuf's JSON writes as a string.
template <class Number>
Result<Number> integer(const element& value, std::string_view name) {
  Number result = 0;
  if (std::conditional_t<std::is_signed_v<Number>, std::int64_t, std::uint64_t> whole = 0;
      value.get(whole) == simdjson::SUCCESS) {
    if (!std::in_range<Number>(whole)) return wrong(name, "an integer in its range");
    return static_cast<Number>(whole);
  }
  std::string_view digits;
  if (value.get(digits) != simdjson::SUCCESS) return wrong(name, "an integer");
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return wrong(name, "an integer in its range");
  return result;
}

Result<double> number(const element& value, std::string_view name) {
  double result = 0;
  if (value.get(result) == simdjson::SUCCESS) return result;
  std::string_view word;
  if (value.get(word) != simdjson::SUCCESS) return wrong(name, "a number");
  if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (word == "Infinity") return std::numeric_limits<double>::infinity();
  if (word == "-Infinity") return -std::numeric_limits<double>::infinity();
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), result);
  if (error != std::errc{} || end != word.data() + word.size()) return wrong(name, "a number");
  return result;
}

int digit_value(char c, int base) {
  if (base == 16) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  }
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

// Hex (4 bits a digit) or base64 (6 bits, standard or URL alphabet, padded or not).
std::optional<std::string> decode_digits(std::string_view digits, int base) {
  const unsigned bits = base == 16 ? 4 : 6;
  if (base == 64)
    while (digits.ends_with('=')) digits.remove_suffix(1);
  std::string out;
  std::uint32_t held = 0;
  unsigned held_bits = 0;
  for (const char c : digits) {
    const int value = digit_value(c, base);
    if (value < 0) return std::nullopt;
    held = held << bits | static_cast<std::uint32_t>(value);
    held_bits += bits;
    if (held_bits < 8) continue;
    held_bits -= 8;
    out += static_cast<char>(held >> held_bits & 0xff);
  }
  if (base == 16 ? digits.size() % 2 != 0 : digits.size() % 4 == 1) return std::nullopt;
  return out;
}

// SEVERITY_NUMBER_WARN2, or the number itself.
Result<std::uint32_t> severity(const element& value) {
  static constexpr std::array<std::string_view, 6> kNames = {"TRACE", "DEBUG", "INFO",
                                                             "WARN",  "ERROR", "FATAL"};
  std::string_view word;
  if (value.get(word) != simdjson::SUCCESS) return integer<std::uint32_t>(value, "severityNumber");
  constexpr std::string_view kPrefix = "SEVERITY_NUMBER_";
  if (word == "SEVERITY_NUMBER_UNSPECIFIED") return 0;
  if (word.starts_with(kPrefix)) word.remove_prefix(kPrefix.size());
  for (std::uint32_t i = 0; i < kNames.size(); ++i) {
    if (!word.starts_with(kNames[i])) continue;
    const std::string_view rest = word.substr(kNames[i].size());
    if (rest.empty()) return 4 * i + 1;
    if (rest.size() == 1 && rest[0] >= '2' && rest[0] <= '4')
      return 4 * i + static_cast<std::uint32_t>(rest[0] - '0');
  }
  return wrong("severityNumber", "a severity");
}

// Writes each element of an array through `write`; an absent array is an empty one.
template <class Write>
Result<void> each(const object& in, std::string_view name, Write&& write) {
  const auto value = field(in, name);
  if (!value) return {};
  simdjson::dom::array items;
  if (value->get(items) != simdjson::SUCCESS) return wrong(name, "an array");
  std::size_t index = 0;
  for (const element item : items) {
    object message;
    Result<void> written = item.get(message) == simdjson::SUCCESS
                               ? write(message)
                               : Result<void>(wrong("element", "an object"));
    if (!written)
      return fail(
          std::move(written).error().in(std::string(name) + "[" + std::to_string(index) + "]"));
    ++index;
  }
  return {};
}

template <class Write>
Result<void> message(const object& in, std::string_view name, Write&& write) {
  const auto value = field(in, name);
  if (!value) return {};
  object inner;
  if (value->get(inner) != simdjson::SUCCESS) return wrong(name, "an object");
  Result<void> written = write(inner);
  if (!written) return fail(std::move(written).error().in(name));
  return {};
}

Result<void> write_text(pbf_writer& to, std::uint32_t tag, const object& in,
                        std::string_view name) {
  const auto value = field(in, name);
  if (!value) return {};
  const auto word = text(*value, name);
  if (!word) return fail(word.error());
  to.add_string(tag, word->data(), word->size());
  return {};
}

Result<void> write_digits(pbf_writer& to, std::uint32_t tag, const object& in,
                          std::string_view name, int base) {
  const auto value = field(in, name);
  if (!value) return {};
  const auto word = text(*value, name);
  if (!word) return fail(word.error());
  const auto bytes = decode_digits(*word, base);
  if (!bytes) return wrong(name, base == 16 ? "hexadecimal" : "base64");
  to.add_bytes(tag, *bytes);
  return {};
}

Result<void> write_key_value(pbf_writer& to, const object& in, int depth);

Result<void> write_value(pbf_writer& to, const object& in, int depth) {
  // The reader refuses what nests this deep: no need to write it out.
  if (depth > kMaxNesting + 1) return {};
  if (field(in, "stringValue")) return write_text(to, 1, in, "stringValue");
  if (field(in, "bytesValue")) return write_digits(to, 7, in, "bytesValue", 64);
  if (const auto value = field(in, "boolValue")) {
    bool truth = false;
    if (value->get(truth) != simdjson::SUCCESS) return wrong("boolValue", "true or false");
    to.add_bool(2, truth);
    return {};
  }
  if (const auto value = field(in, "intValue")) {
    const auto whole = integer<std::int64_t>(*value, "intValue");
    if (!whole) return fail(whole.error());
    to.add_int64(3, *whole);
    return {};
  }
  if (const auto value = field(in, "doubleValue")) {
    const auto real = number(*value, "doubleValue");
    if (!real) return fail(real.error());
    to.add_double(4, *real);
    return {};
  }
  if (field(in, "arrayValue")) {
    std::string inner;
    pbf_writer array(inner);
    auto written = message(in, "arrayValue", [&](const object& list) {
      return each(list, "values", [&](const object& item) {
        std::string encoded;
        pbf_writer value(encoded);
        auto done = write_value(value, item, depth + 1);
        array.add_message(1, encoded);
        return done;
      });
    });
    to.add_message(5, inner);
    return written;
  }
  if (field(in, "kvlistValue")) {
    std::string inner;
    pbf_writer entries(inner);
    auto written = message(in, "kvlistValue", [&](const object& list) {
      return each(list, "values", [&](const object& item) {
        std::string encoded;
        pbf_writer entry(encoded);
        auto done = write_key_value(entry, item, depth + 1);
        entries.add_message(1, encoded);
        return done;
      });
    });
    to.add_message(6, inner);
    return written;
  }
  return {};
}

Result<void> write_any(pbf_writer& to, std::uint32_t tag, const object& in, std::string_view name,
                       int depth) {
  return message(in, name, [&](const object& value) {
    std::string encoded;
    pbf_writer any(encoded);
    auto written = write_value(any, value, depth);
    to.add_message(tag, encoded);
    return written;
  });
}

Result<void> write_key_value(pbf_writer& to, const object& in, int depth) {
  auto key = write_text(to, 1, in, "key");
  if (!key) return key;
  return write_any(to, 2, in, "value", depth);
}

Result<void> write_attributes(pbf_writer& to, std::uint32_t tag, const object& in) {
  return each(in, "attributes", [&](const object& attribute) {
    std::string encoded;
    pbf_writer entry(encoded);
    auto written = write_key_value(entry, attribute, 0);
    to.add_message(tag, encoded);
    return written;
  });
}

Result<void> write_record(pbf_writer& to, const object& in) {
  for (const auto& [tag, name] : {std::pair{1u, "timeUnixNano"}, {11u, "observedTimeUnixNano"}}) {
    const auto value = field(in, name);
    if (!value) continue;
    const auto time = integer<std::uint64_t>(*value, name);
    if (!time) return fail(time.error());
    to.add_fixed64(tag, *time);
  }
  if (const auto value = field(in, "severityNumber")) {
    const auto known = severity(*value);
    if (!known) return fail(known.error());
    to.add_uint32(2, *known);
  }
  return in_order([&] { return write_text(to, 3, in, "severityText"); },
                  [&] { return write_any(to, 5, in, "body", 0); },
                  [&] { return write_attributes(to, 6, in); },
                  [&] { return write_digits(to, 9, in, "traceId", 16); },
                  [&] { return write_digits(to, 10, in, "spanId", 16); });
}

Result<void> write_scope_logs(pbf_writer& to, const object& in) {
  auto scope = message(in, "scope", [&](const object& header) {
    pbf_writer writer(to, 1);
    return in_order([&] { return write_text(writer, 1, header, "name"); },
                    [&] { return write_text(writer, 2, header, "version"); },
                    [&] { return write_attributes(writer, 3, header); });
  });
  if (!scope) return scope;
  return each(in, "logRecords", [&](const object& record) {
    std::string encoded;
    pbf_writer writer(encoded);
    auto written = write_record(writer, record);
    to.add_message(2, encoded);
    return written;
  });
}

Result<void> write_resource_logs(pbf_writer& to, const object& in) {
  auto resource = message(in, "resource", [&](const object& attributes) {
    pbf_writer writer(to, 1);
    return write_attributes(writer, 1, attributes);
  });
  if (!resource) return resource;
  return each(in, "scopeLogs", [&](const object& scope) {
    pbf_writer writer(to, 2);
    return write_scope_logs(writer, scope);
  });
}

}  // namespace

Result<Decoded> decode_json(std::string_view json, std::string_view tool) {
  simdjson::dom::parser parser;
  object request;
  auto error = parser.allocate(json.size(), kMaxDepth);
  if (!error) error = parser.parse(json.data(), json.size()).get(request);
  if (error)
    return fail(Errc::invalid,
                std::string("OTLP/JSON: not an object: ") + simdjson::error_message(error));

  std::string bytes;
  pbf_writer writer(bytes);
  auto written = each(request, "resourceLogs", [&](const object& logs) {
    pbf_writer inner(writer, 1);
    return write_resource_logs(inner, logs);
  });
  if (!written) return fail(std::move(written).error().in("OTLP/JSON"));
  return decode(std::move(bytes), tool);
}

}  // namespace logboom::otlp
