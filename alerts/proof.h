// What a message cites of a verdict: read from the verdict's JSON as it is kept.
//
// Limits: at most kMaxLines lines and kMaxEvidence sentences, each cut to kMaxText bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logboom::alerts {

struct Proof {
  static constexpr std::size_t kMaxLines = 40, kMaxEvidence = 12, kMaxText = 400;

  struct Line {
    std::int64_t number = 0;
    bool cited = false;  // else context
    std::string text;
  };
  int confidence = 0;  // of 100
  bool complete = true;
  std::vector<std::string> evidence;
  std::vector<Line> lines;  // ascending
};

// Whatever of it is there: a message with less proof is better than none.
[[nodiscard]] Proof read_proof(std::string_view verdict_json);

}  // namespace logboom::alerts
