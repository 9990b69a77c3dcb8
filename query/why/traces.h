// Stack traces folded to one event each: its lines, the errors it names, and the program's own
// function nearest to each of them.
//
// Languages: Python (chains, groups, syntax errors), Java and its kin, JavaScript (with the code
// frame above and the properties below), C#, Go, Rust, PHP, Ruby, Perl with a backtrace, C++'s
// terminate and sanitizers, R, Elixir, Dart, Lua, Julia.
//
// Lines of the other output stream that came in between are left out of a trace. A logger's prefix
// before a trace, and the same prefix before its other lines, is overlooked.
//
// Limits:  kMaxTrace lines and kMaxHeads errors of one trace; what follows is no part of it.
// Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "query/why/text.h"

namespace logboom::query::why {

inline constexpr std::size_t kMaxTrace = 3'000, kMaxHeads = 30;

// How an error of a chain came to be there.
enum class Link : std::uint8_t {
  outer,   // it is the only one, or wraps those that follow it (Java's order)
  cause,   // it is the cause of the one before it (Caused by:, [cause]:, --->)
  direct,  // it was raised from the one before it (Python's order)
  during,  // it was raised while the one before it was handled
};

struct TraceHead {
  std::uint32_t line = 0;  // that names the error
  Link link = Link::outer;
  std::string_view exception;  // its type; "" where the language has none
  std::string_view message;
  std::string frame = {};  // file and function of the program itself, nearest to the error
};

struct Trace {
  std::uint32_t first = 0, last = 0;  // indexes of Prepared::lines, both included
  std::vector<std::uint32_t> lines;   // those that belong to it, ascending
  std::string_view language = {};
  std::vector<TraceHead> heads;  // at least one; in the order they were printed
};

// In order of `first`. No line belongs to two traces.
[[nodiscard]] std::vector<Trace> find_traces(const Prepared& log);

}  // namespace logboom::query::why
