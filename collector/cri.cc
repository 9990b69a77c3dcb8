#include "collector/cri.h"

#include <algorithm>

#include "core/time.h"

namespace logboom::collector {
namespace {

// Cuts off the text up to the next space; empty when there is none.
std::string_view take_word(std::string_view& line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return {};
  const auto word = line.substr(0, space);
  line.remove_prefix(space + 1);
  return word;
}

}  // namespace

std::optional<Piece> parse_cri(std::string_view line) {
  Piece piece;
  const auto time = take_word(line);
  // The shortest time is 2026-01-31T12:00:00Z; asked first, so that garbage costs no error text.
  if (time.size() < 20 || time[4] != '-' || time[10] != 'T') return std::nullopt;
  const auto stream = take_word(line);
  if (stream != "stdout" && stream != "stderr") return std::nullopt;
  piece.stream = stream == "stderr" ? kStderr : kStdout;
  // An empty message may come without the space before it.
  auto tags = take_word(line);
  if (tags.empty()) {
    tags = line;
    line = {};
  }
  const auto first = tags.substr(0, tags.find(':'));
  if (first != "P" && first != "F") return std::nullopt;
  piece.partial = first == "P";
  piece.text = line;
  const auto parsed = parse_rfc3339(time);
  if (!parsed) return std::nullopt;
  piece.time_ns = *parsed;
  return piece;
}

std::optional<ContainerLine> PieceJoiner::add(const Piece& piece, std::uint64_t begin,
                                              std::uint64_t end, std::uint64_t left_out) {
  auto& open = streams_[piece.stream];
  const auto size = piece.text.size() + left_out;
  if (!open.open && !piece.partial) {
    return ContainerLine{piece.time_ns, piece.stream, piece.text.substr(0, max_line_), end, size};
  }
  if (!open.open) {
    open.open = true;
    open.time_ns = piece.time_ns;
    open.begin = begin;
    open.size = 0;
    open.text.clear();
  }
  // Once something was left out, later pieces must not close the hole unseen.
  if (open.size == open.text.size()) {
    open.text.append(piece.text.substr(0, max_line_ - std::min(max_line_, open.text.size())));
  }
  open.size += size;
  if (piece.partial) return std::nullopt;
  return flush(piece.stream, end);
}

std::optional<ContainerLine> PieceJoiner::flush(std::uint32_t stream, std::uint64_t end) {
  auto& open = streams_[stream];
  if (!open.open) return std::nullopt;
  open.open = false;
  return ContainerLine{open.time_ns, stream, open.text, end, open.size};
}

std::optional<std::uint64_t> PieceJoiner::oldest_begin() const {
  std::optional<std::uint64_t> oldest;
  for (const auto& stream : streams_) {
    if (stream.open) oldest = std::min(oldest.value_or(stream.begin), stream.begin);
  }
  return oldest;
}

void PieceJoiner::reset() { streams_ = {}; }

}  // namespace logboom::collector
