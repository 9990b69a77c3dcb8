// Lines of one kind, told apart from lines of another: what varies from run to run becomes a mark.
//
//   dates and times   <time>     12:03:04, 2024-05-01T12:03:04Z, 1 May 2024
//   durations, sizes  <dur> <size> <pct>
//   addresses         <ip> <mail> <url>
//   hex, uuids, ids   <id>       0x7f.., 550e8400-.., 7d9f8c6b5-x2v4q, aB3dE5fG7hK9..
//   quoted words      "*" '*'    not those that are keys of JSON, plain small words, or sentences
//   numbers           #          also within words and paths; a list of them is one
//   temporary files   /tmp/*
// Runs of white space and of one punctuation character shrink, so progress bars and tables agree.
//
// Errors: none: any bytes have a template. Only kMaskedBytes of a line count.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace logboom::query::why {

inline constexpr std::size_t kMaskedBytes = 1024;

struct Mask {
  std::string text;
  // The greatest whole number that stood alone: a count, not part of a name, date or size.
  std::optional<std::int64_t> greatest;
};

// `clean`: as prepare() makes it. `mask.text` is replaced; its memory is used again.
void mask_line(std::string_view clean, Mask& mask);

// The template's hash; 0 only for a blank line.
[[nodiscard]] std::uint64_t hash_of(const Mask& mask);

}  // namespace logboom::query::why
