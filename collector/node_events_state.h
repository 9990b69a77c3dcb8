// Rows of words in a small file, replaced as a whole: what the collector knows of containers and
// schedules beyond its own life.
//
//   logboom-state 1
//   <word> <word> ...        (percent-encoded; an empty word is "-")
//   end <xxHash64 of all before, hex>
//
// Errors:  save(): io; the file on disk is then the one before. A file that is torn or not ours is
//          logged and counts as empty.
// Limits:  kMaxBytes.
// Threads: one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace logboom::collector {

using StateRows = std::vector<std::vector<std::string>>;

[[nodiscard]] std::string print_state(const StateRows& rows);
// Errors: corrupt, naming the line.
[[nodiscard]] Result<StateRows> parse_state(std::string_view text);

class StateFile {
 public:
  static constexpr std::size_t kMaxBytes = 64 << 20;
  explicit StateFile(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] StateRows load() const;
  [[nodiscard]] Result<void> save(const StateRows& rows);

 private:
  std::string path_;
};

}  // namespace logboom::collector
