// One output stream of a log as the trace readers see it, and the small steps they share.
//
// Owns: nothing; `log` must outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "query/why/text.h"
#include "query/why/traces.h"

namespace logboom::query::why {

class Tape {
 public:
  Tape(const Prepared& log, std::vector<std::uint32_t> lines)
      : log_(log), lines_(std::move(lines)) {}

  [[nodiscard]] std::size_t size() const { return lines_.size(); }
  [[nodiscard]] std::uint32_t line(std::size_t i) const { return lines_[i]; }
  // Without the prefix, where the line has one of the same form. "" behind the end.
  [[nodiscard]] std::string_view text(std::size_t i) const;
  [[nodiscard]] bool blank(std::size_t i) const {
    return i >= size() || text(i).find_first_not_of(" \t") == std::string_view::npos;
  }
  // The next line that is not blank, if it is one of the next `most`.
  [[nodiscard]] std::optional<std::size_t> next(std::size_t i, std::size_t most = 3) const;

  void set_prefix(std::string_view prefix) { prefix_ = prefix; }

 private:
  const Prepared& log_;
  std::vector<std::uint32_t> lines_;
  std::string_view prefix_;
};

// A trace that covers the tape's lines [first, last].
struct Fold {
  std::size_t first = 0, last = 0;
  std::string_view language;
  std::vector<TraceHead> heads;
};

[[nodiscard]] std::string_view trimmed(std::string_view text);
[[nodiscard]] bool indented(std::string_view text);

// "pkg.SomeError: words", "SomeError", "Error [ERR_X]: words"; nothing where the line is none.
struct Named {
  std::string_view name, message;
};
[[nodiscard]] std::optional<Named> named_error(std::string_view line);
// Whether that is the name of an error, by how such names end.
[[nodiscard]] bool is_error_name(std::string_view name);
// A place in the program itself, not in a language's or a library's files.
[[nodiscard]] bool is_own(std::string_view place);
[[nodiscard]] std::string_view base_name(std::string_view path);

// Each reads a trace that begins at line i, or nothing. fold_at() is for line i being the first
// "at ..." frame; `least` is the first line it may take.
[[nodiscard]] std::optional<Fold> fold_python(const Tape& tape, std::size_t i);
[[nodiscard]] std::optional<Fold> fold_at(const Tape& tape, std::size_t i, std::size_t least);
[[nodiscard]] std::optional<Fold> fold_other(const Tape& tape, std::size_t i);

[[nodiscard]] bool is_at_frame(std::string_view text);

}  // namespace logboom::query::why
