#include "core/otlp_value.h"

#include <array>
#include <charconv>
#include <cmath>

#include "core/base64.h"
#include "core/json.h"

#define PROTOZERO_USE_VIEW std::string_view
#include <protozero/pbf_reader.hpp>

namespace logboom::otlp {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;
using protozero::tag_and_type;

constexpr std::uint32_t length_field(std::uint32_t tag) {
  return tag_and_type(tag, pbf_wire_type::length_delimited);
}

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

void append_double(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "\"NaN\"";
  } else if (std::isinf(number)) {
    out += number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    append_number(out, number);
  }
}

bool append_array(std::string& out, std::string_view message, int depth) {
  out += '[';
  bool first = true;
  for (pbf_reader reader(message); reader.next();) {
    if (reader.tag_and_type() != length_field(1)) {
      reader.skip();
      continue;
    }
    if (!first) out += ',';
    first = false;
    if (!append_json(out, read_value(reader.get_view()), depth + 1)) return false;
  }
  out += ']';
  return true;
}

bool append_list(std::string& out, std::string_view message, int depth) {
  out += '{';
  bool first = true;
  for (pbf_reader reader(message); reader.next();) {
    if (reader.tag_and_type() != length_field(1)) {
      reader.skip();
      continue;
    }
    if (!first) out += ',';
    first = false;
    const KeyValue entry = read_key_value(reader.get_view());
    append_json_string(out, entry.key);
    out += ':';
    if (!append_json(out, entry.value, depth + 1)) return false;
  }
  out += '}';
  return true;
}

}  // namespace

Value read_value(std::string_view any_value) {
  Value value;
  for (pbf_reader reader(any_value); reader.next();) {
    switch (reader.tag_and_type()) {
      case length_field(1):
        value = {.kind = Value::Kind::text, .bytes = reader.get_view()};
        break;
      case tag_and_type(2, pbf_wire_type::varint):
        value = {.kind = Value::Kind::boolean, .bytes = {}, .integer = reader.get_bool()};
        break;
      case tag_and_type(3, pbf_wire_type::varint):
        value = {.kind = Value::Kind::integer, .bytes = {}, .integer = reader.get_int64()};
        break;
      case tag_and_type(4, pbf_wire_type::fixed64):
        value = {
            .kind = Value::Kind::number, .bytes = {}, .integer = 0, .number = reader.get_double()};
        break;
      case length_field(5):
        value = {.kind = Value::Kind::array, .bytes = reader.get_view()};
        break;
      case length_field(6):
        value = {.kind = Value::Kind::list, .bytes = reader.get_view()};
        break;
      case length_field(7):
        value = {.kind = Value::Kind::bytes, .bytes = reader.get_view()};
        break;
      default:
        reader.skip();
    }
  }
  return value;
}

KeyValue read_key_value(std::string_view key_value) {
  KeyValue result;
  for (pbf_reader reader(key_value); reader.next();) {
    switch (reader.tag_and_type()) {
      case length_field(1):
        result.key = reader.get_view();
        break;
      case length_field(2):
        result.value = read_value(reader.get_view());
        break;
      default:
        reader.skip();
    }
  }
  return result;
}

bool append_json(std::string& out, const Value& value, int depth) {
  if (depth > kMaxNesting) return false;
  switch (value.kind) {
    case Value::Kind::none:
      out += "null";
      return true;
    case Value::Kind::text:
      append_json_string(out, value.bytes);
      return true;
    case Value::Kind::boolean:
      out += value.integer != 0 ? "true" : "false";
      return true;
    case Value::Kind::integer:
      append_number(out, value.integer);
      return true;
    case Value::Kind::number:
      append_double(out, value.number);
      return true;
    case Value::Kind::bytes:
      out += '"';
      out += base64(value.bytes);
      out += '"';
      return true;
    case Value::Kind::array:
      return append_array(out, value.bytes, depth);
    case Value::Kind::list:
      return append_list(out, value.bytes, depth);
  }
  return true;
}

}  // namespace logboom::otlp
