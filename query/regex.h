// A compiled regular expression (RE2's syntax, which is Go's and so LogQL's).
//
// Work is linear in the text. A program over its memory budget is refused, never grown.
// Threads: const from any. A copy shares the program.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "core/result.h"

namespace re2 {
class RE2;
}

namespace logboom::query {

class Regex {
 public:
  // Program and match states; beyond it matching goes on, slower, without more memory.
  static constexpr std::size_t kMaxMemory = 2 << 20;

  // Errors: invalid: "error parsing regexp: missing ]: [a".
  [[nodiscard]] static Result<Regex> compile(std::string_view pattern);
  [[nodiscard]] bool matches_whole(std::string_view text) const;
  [[nodiscard]] bool found_in(std::string_view text) const;

 private:
  explicit Regex(std::shared_ptr<const re2::RE2> program) : program_(std::move(program)) {}
  std::shared_ptr<const re2::RE2> program_;
};

}  // namespace logboom::query
