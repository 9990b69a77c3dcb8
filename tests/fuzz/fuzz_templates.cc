// The template codec of stored lines. The first byte chooses: whether the rest is lines, which
// must come back and be searched as they are, or a book and streams, which decode or are an error.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "store/templates.h"
#include "store/templates_format.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace logboom::store;
using logboom::fuzz::hold;

// With the padding that the readers want, and nothing behind it.
class Padded {
 public:
  explicit Padded(const Streams& streams) {
    for (std::size_t i = 0; i < kStreams; ++i) {
      bytes_[i].assign(streams[i].begin(), streams[i].end());
      bytes_[i].resize(streams[i].size() + kPadding, 'x');
    }
  }
  [[nodiscard]] StreamReader reader() const {
    return [this](Stream which) -> logboom::Result<std::string_view> {
      const auto& bytes = bytes_[static_cast<std::size_t>(which)];
      return std::string_view(bytes.data(), bytes.size() - kPadding);
    };
  }

 private:
  std::array<std::vector<char>, kStreams> bytes_;
};

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Lines, ended by line ends, in frames of so many; what is behind the last end is searched.
void try_lines(std::string_view text, CutRule rule, std::size_t frame_lines) {
  std::vector<std::string_view> lines;
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  TemplateCoder coder(rule);
  std::vector<Streams> frames;
  for (std::size_t i = 0; i < lines.size(); i += frame_lines)
    coder.encode(std::span(lines).subspan(i, std::min(frame_lines, lines.size() - i)),
                 frames.emplace_back());
  const auto book = TemplateBook::read(coder.book());
  hold(book.has_value(), "a book reads");
  std::size_t line = 0;
  for (const auto& frame : frames) {
    const auto first = line;
    const auto count = std::min(frame_lines, lines.size() - first);
    std::size_t bytes = 0;
    bool there = false;
    for (; line < first + count; ++line) {
      bytes += lines[line].size();
      there = there || lines[line].find(text) != std::string_view::npos;
    }
    const Padded padded(frame);
    std::string bodies;
    std::vector<std::uint32_t> lengths;
    hold(book->decode(padded.reader(), count, bytes, bodies, lengths).has_value(), "lines decode");
    std::string_view rest(bodies);
    for (std::size_t i = 0; i < count; ++i) {
      hold(rest.substr(0, lengths[i]) == lines[first + i], "lines round-trip");
      rest.remove_prefix(lengths[i]);
    }
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_word)) continue;
    const auto found = book->may_contain(padded.reader(), count, text, false);
    hold(found && *found == there, "a frame is searched as its lines are");
    const auto any_case = book->may_contain(padded.reader(), count, text, true);
    hold(any_case && (*any_case || !there), "what is there is there in any case");
  }
}

// Varints: lines, raw bytes; then texts: the book, the streams. Each byte stands for the one below
// it, so that the corpus is of files without zero bytes, which diffs can show.
void try_streams(std::string_view shifted) {
  std::string bytes(shifted);
  for (auto& byte : bytes) --byte;
  ByteReader reader(bytes);
  const auto lines = reader.varint_upto(kMaxFrameLines);
  const auto raw_bytes = reader.varint_upto(1U << 20U);
  const auto book = TemplateBook::read(reader.text());
  if (!book) return;
  Streams streams;
  for (auto& stream : streams) stream = reader.text();
  const Padded padded(streams);
  std::string bodies;
  std::vector<std::uint32_t> lengths;
  if (book->decode(padded.reader(), lines, raw_bytes, bodies, lengths)) {
    hold(lengths.size() == lines, "so many lines as are wanted");
    std::size_t sum = 0;
    for (const auto length : lengths) sum += length;
    hold(sum == raw_bytes, "so many bytes as are wanted");
  }
  for (const std::string_view run : {"12", "abc", "x"})
    (void)book->may_contain(padded.reader(), lines, run, true).has_value();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = logboom::fuzz::text_of(data + 1, size - 1);
  if ((data[0] & 1U) != 0) {
    try_streams(bytes);
  } else {
    try_lines(bytes, (data[0] & 2U) != 0 ? CutRule::quotes : CutRule::names, 1 + data[0] / 4U);
  }
  return 0;
}
