// A container's log file: lines, records, joined lines. The first byte says where it is read in
// two.
#include <string>
#include <vector>

#include "collector/cri.h"
#include "collector/line_reader.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace logboom::collector;
using logboom::fuzz::hold;

constexpr std::size_t kLine = 64;  // small, so that inputs reach it

struct Line {
  std::string text;
  std::uint64_t begin = 0, end = 0, size = 0;
  friend bool operator==(const Line&, const Line&) = default;
};

// Reads as the collector does: what is left of one read is offered again with the next.
std::vector<Line> lines_of(std::string_view file, std::size_t cut) {
  std::vector<Line> lines;
  LineReader reader(kLine);
  std::uint64_t position = 0;
  for (const std::size_t known : {cut, file.size()}) {
    auto bytes = file.substr(position, known - position);
    while (const auto line = reader.next(bytes, position)) {
      lines.push_back({std::string(line->text), line->begin, line->end, line->size});
    }
  }
  auto bytes = file.substr(position);
  if (const auto line = reader.rest(bytes, position)) {
    lines.push_back({std::string(line->text), line->begin, line->end, line->size});
  }
  return lines;
}

void check(const ContainerLine& line, std::uint64_t& before) {
  hold(line.text.size() <= kLine, "a joined line keeps to the limit");
  hold(line.size >= line.text.size(), "a line's size counts what was cut");
  hold(line.end >= before, "positions rise");
  before = line.end;
}

void join(const std::vector<Line>& lines) {
  PieceJoiner joiner(kLine);
  std::string scratch;
  std::uint64_t before = 0, end = 0;
  for (const auto& line : lines) {
    end = line.end;
    auto piece = parse_cri(line.text);
    if (!piece) piece = parse_docker(line.text, scratch);
    if (!piece) continue;
    hold(piece->stream <= kStderr, "a stream is stdout or stderr");
    if (const auto joined = joiner.add(*piece, line.begin, line.end, line.size - line.text.size()))
      check(*joined, before);
    if (const auto oldest = joiner.oldest_begin())
      hold(*oldest <= line.begin, "an unfinished line began in the past");
  }
  for (const auto stream : {kStdout, kStderr}) {
    if (const auto joined = joiner.flush(stream, end)) check(*joined, before);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto file = logboom::fuzz::text_of(data + 1, size - 1);
  const auto whole = lines_of(file, file.size());
  hold(lines_of(file, data[0] % (file.size() + 1)) == whole, "lines do not depend on the reads");
  std::uint64_t position = 0;
  for (const auto& line : whole) {
    hold(line.begin == position && line.end > line.begin, "lines lie one behind the other");
    hold(line.text.size() <= kLine, "a line keeps to the limit");
    position = line.end;
  }
  hold(position == file.size(), "every byte belongs to a line");
  join(whole);
  return 0;
}
