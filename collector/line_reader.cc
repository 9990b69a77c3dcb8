#include "collector/line_reader.h"

#include <algorithm>

namespace logboom::collector {

std::optional<RawLine> LineReader::next(std::string_view& bytes, std::uint64_t& position) {
  const auto newline = bytes.find('\n');
  const auto length = std::min(newline, bytes.size());
  if (newline == std::string_view::npos) {
    if (!holding_ && length <= max_line_) return std::nullopt;
    if (!holding_) {
      held_.assign(bytes.substr(0, max_line_));
      holding_ = true;
      begin_ = position;
      size_ = 0;
    }
    size_ += length;
    position += length;
    bytes = {};
    return std::nullopt;
  }
  const auto text = bytes.substr(0, length);
  const auto begin = position;
  position += length + 1;
  bytes.remove_prefix(length + 1);
  if (holding_) {
    size_ += length;
    return release(position);
  }
  return RawLine{text.substr(0, max_line_), begin, position, length};
}

std::optional<RawLine> LineReader::rest(std::string_view& bytes, std::uint64_t& position) {
  if (!holding_ && bytes.empty()) return std::nullopt;
  const auto text = bytes;
  const auto begin = position;
  position += text.size();
  bytes = {};
  if (holding_) {
    size_ += text.size();
    return release(position);
  }
  return RawLine{text.substr(0, max_line_), begin, position, text.size()};
}

RawLine LineReader::release(std::uint64_t end) {
  holding_ = false;
  return {held_, begin_, end, size_};
}

std::optional<std::uint64_t> LineReader::held_from() const {
  return holding_ ? std::optional(begin_) : std::nullopt;
}

void LineReader::reset() {
  holding_ = false;
  held_ = {};
}

}  // namespace logboom::collector
