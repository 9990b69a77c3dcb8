#include "alerts/fields.h"

#include <simdjson.h>

#include <utility>

#include "core/json.h"

namespace logboom::alerts {

std::optional<Fields> Fields::parse(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS) return std::nullopt;
  Fields fields;
  for (const auto& [key, value] : object) {
    std::string_view text;
    std::int64_t number = 0;
    simdjson::dom::array array;
    if (value.get(text) == simdjson::SUCCESS) {
      fields.set(key, text);
    } else if (value.get(number) == simdjson::SUCCESS) {
      fields.set(key, number);
    } else if (value.get(array) == simdjson::SUCCESS) {
      std::vector<std::string> list;
      for (const auto item : array) {
        if (list.size() < kMaxList && item.get(text) == simdjson::SUCCESS) list.emplace_back(text);
      }
      fields.set(key, std::move(list));
    }
  }
  return fields;
}

std::string Fields::text(std::string_view name) const {
  const auto found = texts_.find(name);
  return found == texts_.end() ? std::string() : found->second;
}

std::int64_t Fields::number(std::string_view name) const {
  const auto found = numbers_.find(name);
  return found == numbers_.end() ? 0 : found->second;
}

std::vector<std::string> Fields::list(std::string_view name) const {
  const auto found = lists_.find(name);
  return found == lists_.end() ? std::vector<std::string>() : found->second;
}

void Fields::set(std::string_view name, std::string_view value) {
  if (!value.empty()) texts_.insert_or_assign(std::string(name), value);
}

void Fields::set(std::string_view name, std::int64_t value) {
  if (value != 0) numbers_.insert_or_assign(std::string(name), value);
}

void Fields::set(std::string_view name, std::vector<std::string> value) {
  if (!value.empty()) lists_.insert_or_assign(std::string(name), std::move(value));
}

std::string Fields::json() const {
  std::string out = "{";
  for (const auto& [name, value] : texts_) {
    append_json_name(out, name);
    append_json_string(out, value);
  }
  for (const auto& [name, value] : numbers_) {
    append_json_name(out, name);
    out += std::to_string(value);
  }
  for (const auto& [name, values] : lists_) {
    append_json_name(out, name);
    out += '[';
    for (const auto& value : values) {
      append_json_comma(out);
      append_json_string(out, value);
    }
    out += ']';
  }
  return out + "}";
}

}  // namespace logboom::alerts
