// Any bytes are a log, and any bytes may be asked to be a verdict.
//
// A log's explanation cites only lines that exist, at most so many, is the same twice, and its JSON
// reads back. Text that reads as a verdict writes back to the same text from then on.
#include <string>
#include <string_view>
#include <vector>

#include "query/why/why.h"
#include "tests/fuzz/fuzz.h"

namespace {

using logboom::RunEvent;
using logboom::fuzz::hold;
namespace why = logboom::query::why;

std::vector<why::LogLine> lines_of(std::string_view text) {
  std::vector<why::LogLine> lines;
  while (!text.empty() && lines.size() < 2'000) {
    const auto end = text.find('\n');
    // Two streams, in turn by the parity of a line's length.
    const auto line = text.substr(0, end);
    lines.push_back({static_cast<std::uint32_t>(lines.size() + 1),
                     line.size() % 5 == 0 ? why::Channel::out : why::Channel::err, 0, line});
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

void check_verdict(const why::Verdict& verdict, std::size_t lines) {
  hold(verdict.lines.size() <= why::kMaxCited, "few lines are cited");
  for (const auto& cited : verdict.lines)
    hold(cited.number >= 1 && cited.number <= lines, "a cited line exists");
  hold(verdict.excerpt.size() <= 3, "an excerpt has few ranges");
  for (const auto& [first, last] : verdict.excerpt) {
    hold(first >= 1 && first <= last && last <= lines, "a range lies in the log");
  }
  hold(verdict.confidence >= 0 && verdict.confidence <= 100, "a confidence is a share");
  hold(!verdict.headline.empty(), "a verdict says something");
  const auto json = to_json(verdict);
  const auto again = why::from_json(json);
  hold(again.has_value() && to_json(*again) == json, "a verdict's JSON reads back");
}

void explain_log(std::string_view text, std::uint8_t choice) {
  why::Case the_case;
  the_case.lines = lines_of(text);
  the_case.facts.from_file = (choice & 1U) != 0;
  if ((choice & 2U) != 0) {
    RunEvent end;
    end.kind = RunEvent::Kind::end;
    end.exit_code = choice >> 3U;
    end.wall_ms = 1'000;
    the_case.facts.end = end;
  }
  if ((choice & 4U) != 0) {
    // Every other line is what good runs print.
    std::vector<why::LogLine> usual;
    for (std::size_t i = 0; i < the_case.lines.size(); i += 2) usual.push_back(the_case.lines[i]);
    the_case.good.assign(5, why::sketch(usual, the_case.facts));
  }
  const auto verdict = why::explain(the_case);
  check_verdict(verdict, the_case.lines.size());
  hold(to_json(why::explain(the_case)) == to_json(verdict), "the same case gives the same bytes");
}

void read_verdict(std::string_view text) {
  const auto verdict = why::from_json(text);
  if (!verdict) return;
  const auto json = to_json(*verdict);
  const auto again = why::from_json(json);
  hold(again.has_value() && to_json(*again) == json, "what reads as a verdict writes back");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = logboom::fuzz::text_of(data + 1, size - 1);
  read_verdict(text);
  explain_log(text, data[0]);
  return 0;
}
