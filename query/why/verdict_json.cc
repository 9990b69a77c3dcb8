// to_json(), from_json(): see why.h.
#include <simdjson.h>

#include "core/json.h"
#include "query/why/why.h"

namespace logboom::query::why {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view value) {
  append_json_name(out, name);
  append_json_string(out, value);
}

std::string share(int percent) {
  if (percent >= 100) return "1.0";
  const auto two = std::to_string(percent);
  return percent < 10 ? "0.0" + two : "0." + two;
}

std::string text_at(simdjson::dom::element json, std::string_view name) {
  std::string_view text;
  return json[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::uint32_t number_of(simdjson::dom::element json) {
  std::uint64_t number = 0;
  return json.get(number) == simdjson::SUCCESS && number <= UINT32_MAX
             ? static_cast<std::uint32_t>(number)
             : 0;
}

std::uint32_t number_at(simdjson::dom::element json, std::string_view name) {
  simdjson::dom::element found;
  return json[name].get(found) == simdjson::SUCCESS ? number_of(found) : 0;
}

template <class Take>
void each(simdjson::dom::element json, std::string_view name, const Take& take) {
  simdjson::dom::array array;
  if (json[name].get(array) != simdjson::SUCCESS) return;
  for (const auto element : array) take(element);
}

}  // namespace

std::string to_json(const Verdict& verdict) {
  std::string out = "{";
  append_member(out, "outcome", verdict.outcome);
  append_member(out, "class", verdict.cause);
  append_json_name(out, "confidence");
  out += share(verdict.confidence);
  append_member(out, "headline", verdict.headline);
  append_json_name(out, "slots");
  out += '{';
  for (const auto& [name, value] : verdict.slots) append_member(out, name, value);
  out += '}';
  append_json_name(out, "lines");
  out += '[';
  for (const auto& line : verdict.lines) {
    out += out.ends_with('[') ? "{\"n\":" : ",{\"n\":";
    out += std::to_string(line.number);
    append_member(out, "text", line.text);
    out += '}';
  }
  out += ']';
  append_json_name(out, "excerpt");
  out += '[';
  for (const auto& [first, last] : verdict.excerpt) {
    out += out.ends_with('[') ? "[" : ",[";
    out += std::to_string(first) + "," + std::to_string(last) + "]";
  }
  out += ']';
  append_json_name(out, "evidence");
  out += '[';
  for (const auto& evidence : verdict.evidence) {
    out += out.ends_with('[') ? "{" : ",{";
    append_member(out, "kind", evidence.kind);
    append_member(out, "text", evidence.text);
    if (evidence.line) {
      append_json_name(out, "line");
      out += std::to_string(*evidence.line);
    }
    out += '}';
  }
  out += ']';
  append_member(out, "fingerprint", verdict.fingerprint);
  return out + "}";
}

std::optional<Verdict> from_json(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(simdjson::padded_string(json)).get(root) != simdjson::SUCCESS) return {};
  if (!root.is_object()) return {};
  Verdict verdict;
  verdict.outcome = text_at(root, "outcome");
  if (verdict.outcome.empty()) return {};
  verdict.cause = text_at(root, "class");
  double confidence = 0;
  if (root["confidence"].get(confidence) == simdjson::SUCCESS && confidence >= 0 &&
      confidence <= 1) {
    verdict.confidence = static_cast<int>(confidence * 100 + 0.5);
  }
  verdict.headline = text_at(root, "headline");
  verdict.fingerprint = text_at(root, "fingerprint");
  simdjson::dom::object slots;
  if (root["slots"].get(slots) == simdjson::SUCCESS) {
    for (const auto [name, value] : slots) {
      std::string_view text;
      if (value.get(text) == simdjson::SUCCESS) verdict.slots.emplace_back(name, text);
    }
  }
  each(root, "lines", [&](simdjson::dom::element line) {
    verdict.lines.push_back({number_at(line, "n"), text_at(line, "text")});
  });
  each(root, "excerpt", [&](simdjson::dom::element range) {
    simdjson::dom::array ends;
    if (range.get(ends) != simdjson::SUCCESS || ends.size() != 2) return;
    verdict.excerpt.emplace_back(number_of(ends.at(0)), number_of(ends.at(1)));
  });
  each(root, "evidence", [&](simdjson::dom::element evidence) {
    Evidence one{text_at(evidence, "kind"), text_at(evidence, "text"), std::nullopt};
    if (const auto line = number_at(evidence, "line"); line > 0) one.line = line;
    verdict.evidence.push_back(std::move(one));
  });
  return verdict;
}

}  // namespace logboom::query::why
