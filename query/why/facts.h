// What is known from outside the log: how a run ended, and what that alone proves.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "query/why/why.h"

namespace logboom::query::why {

// What the facts say by themselves. `cause` empty: they prove none.
struct FactVerdict {
  std::string outcome;
  std::string_view cause = {};
  int confidence = 0;
  // The log may name a more specific cause: "exit code 1" is only how it ended.
  bool log_may_know_better = true;
  std::string headline = {};
  std::vector<std::pair<std::string, std::string>> slots = {};
  std::vector<Evidence> evidence = {};
  std::string exit_class = {};  // for the fingerprint: exit1, signal9, oom, ...
};

[[nodiscard]] FactVerdict judge_facts(const Case& the_case);

// The signal that ended it, also where a shell told of it as 128 + n; 0: none.
[[nodiscard]] int ending_signal(const Facts& facts);
[[nodiscard]] std::string signal_text(int number);  // SIGKILL

}  // namespace logboom::query::why
