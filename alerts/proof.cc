#include "alerts/proof.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "alerts/text.h"

namespace logboom::alerts {
namespace {

using Lines = std::map<std::int64_t, Proof::Line>;

void take_lines(const simdjson::dom::element& verdict, std::string_view member, bool cited,
                Lines& lines) {
  simdjson::dom::array array;
  if (verdict[member].get(array) != simdjson::SUCCESS) return;
  for (const auto item : array) {
    std::int64_t number = 0;
    std::string_view text;
    if (item["n"].get(number) != simdjson::SUCCESS || item["text"].get(text) != simdjson::SUCCESS) {
      continue;
    }
    auto found = lines.find(number);
    if (found == lines.end()) {
      if (lines.size() == Proof::kMaxLines) continue;
      found = lines.emplace(number, Proof::Line{number, false, clean_line(text)}).first;
      found->second.text = cut(found->second.text, Proof::kMaxText);
    }
    found->second.cited |= cited;
  }
}

}  // namespace

Proof read_proof(std::string_view verdict_json) {
  Proof proof;
  simdjson::dom::parser parser;
  simdjson::dom::element verdict;
  if (parser.parse(verdict_json.data(), verdict_json.size()).get(verdict) != simdjson::SUCCESS) {
    return proof;
  }
  double confidence = 0;
  if (verdict["confidence"].get(confidence) == simdjson::SUCCESS) {
    proof.confidence = static_cast<int>(std::lround(std::clamp(confidence, 0.0, 1.0) * 100));
  }
  bool complete = true;
  if (verdict["complete"].get(complete) == simdjson::SUCCESS) proof.complete = complete;
  simdjson::dom::array evidence;
  if (verdict["evidence"].get(evidence) == simdjson::SUCCESS) {
    for (const auto item : evidence) {
      std::string_view text;
      if (item["text"].get(text) != simdjson::SUCCESS) continue;
      if (proof.evidence.size() == Proof::kMaxEvidence) break;
      proof.evidence.push_back(cut(clean_line(text), Proof::kMaxText));
    }
  }
  Lines lines;
  take_lines(verdict, "lines", true, lines);  // first: they may not fall to the limit
  take_lines(verdict, "excerpt_lines", false, lines);
  for (auto& [number, line] : lines) proof.lines.push_back(std::move(line));
  return proof;
}

}  // namespace logboom::alerts
