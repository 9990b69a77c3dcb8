// What cannot be read is counted each time and logged once a minute per path.
#pragma once

#include <chrono>
#include <string>
#include <unordered_map>

#include "collector/meters.h"
#include "core/log.h"

namespace logboom::collector {

class Troubles {
 public:
  static constexpr std::size_t kMaxPaths = 1'000;
  static constexpr std::chrono::minutes kQuiet{1};

  void note(const std::string& path, const std::string& what) {
    meters().troubles.add();
    const auto now = std::chrono::steady_clock::now();
    if (logged_.size() >= kMaxPaths) {
      std::erase_if(logged_, [&](const auto& entry) { return now - entry.second >= kQuiet; });
    }
    if (logged_.size() >= kMaxPaths) return;
    const auto [entry, first] = logged_.try_emplace(path, now);
    if (!first && now - entry->second < kQuiet) return;
    entry->second = now;
    log::warn("cannot read: will be tried again", {{"path", path}, {"error", what}});
  }

 private:
  std::unordered_map<std::string, std::chrono::steady_clock::time_point> logged_;
};

}  // namespace logboom::collector
