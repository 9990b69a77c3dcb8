// How far a long task of the store has come, for whoever waits for it.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace logboom::store {

struct Step {
  std::uint64_t done = 0, total = 0;  // total 0: not known
  std::string_view unit = {};         // bytes, families
  std::string_view what = {};         // "checking blocks"
};
// Called on the thread of the task, often: be quick. Empty: nobody asks.
using Progress = std::function<void(const Step&)>;

}  // namespace logboom::store
