// Expected failure as a value: Result<T> is std::expected<T, Error>.
//
//   Result<Rule> parse_rule(std::string_view text) {
//     auto query = parse(text);
//     if (!query) return fail(std::move(query).error().in("rule"));
//     ...
//     if (!bounded) return fail(Errc::invalid, "rule: needs a time range");
//
// Functions that return a Result are [[nodiscard]]. Foreign errors (RocksDB, Kafka, errno) become
// an Error in the file that owns the library, with what we were doing and, for people, the remedy.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace logboom {

// What a caller can do about it, not where it came from.
enum class Errc : std::uint8_t {
  invalid,      // the input is wrong: tell whoever sent it
  not_found,    // no such thing
  conflict,     // it contradicts what is stored, e.g. a jump in a source's positions
  too_large,    // over a named limit of size
  limit,        // over a named limit of rate or number: later, or less
  busy,         // someone else holds it
  full,         // no space left
  unavailable,  // the other side is away: try again
  timeout,      // it took longer than allowed
  cancelled,    // whoever asked is gone, or we are stopping
  denied,       // not allowed
  corrupt,      // stored bytes are not what was written
  io,           // the operating system refused
  internal,     // a bug of ours, or a library's surprise
};

[[nodiscard]] std::string_view name(Errc code);

struct Error {
  Errc code = Errc::internal;
  std::string message;

  // Prefixes where it happened: fail(...).in("rules.yml:12").
  [[nodiscard]] Error in(std::string_view where) && {
    message = std::string(where) + ": " + message;
    return std::move(*this);
  }
};

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string message) {
  return std::unexpected<Error>(Error{code, std::move(message)});
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

// The operating system's word for errno, with what we were doing: "open /x: No such file".
[[nodiscard]] Error system_error(std::string_view doing, int error_number);

}  // namespace logboom
