// OTLP's AnyValue and KeyValue, read in place. Inside of core's OTLP files only.
//
// Errors:  malformed protobuf throws protozero::exception, which decode() turns into `invalid`.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logboom::otlp {

// What marks a batch of ours; see otlp.h.
inline constexpr std::string_view kOwnPrefix = "logboom.";
inline constexpr std::string_view kTool = "logboom.tool";
inline constexpr std::string_view kSource = "logboom.source";
inline constexpr std::string_view kPrevious = "logboom.previous";
inline constexpr std::string_view kNext = "logboom.next";
inline constexpr std::string_view kRedacted = "logboom.redacted";
inline constexpr std::string_view kPositions = "logboom.positions";
inline constexpr std::string_view kScopeName = "logboom";

// Arrays and lists inside each other; deeper values are refused.
inline constexpr int kMaxNesting = 32;

struct Value {
  enum class Kind : std::uint8_t { none, text, boolean, integer, number, bytes, array, list };
  Kind kind = Kind::none;
  std::string_view bytes;    // text, bytes; array and list: the encoded message
  std::int64_t integer = 0;  // boolean, integer
  double number = 0;

  [[nodiscard]] bool is_text() const { return kind == Kind::text || kind == Kind::bytes; }
};

struct KeyValue {
  std::string_view key;
  Value value;
};

[[nodiscard]] Value read_value(std::string_view any_value);
[[nodiscard]] KeyValue read_key_value(std::string_view key_value);

// The value as JSON text, bytes as base64. False: nested deeper than kMaxNesting.
[[nodiscard]] bool append_json(std::string& out, const Value& value, int depth = 0);

}  // namespace logboom::otlp
