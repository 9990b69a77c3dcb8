// A run's sketch, as the ledger keeps it: whatever is accepted encodes to the same bytes. And any
// bytes are a log that can be sketched, masked and ranked.
#include <algorithm>
#include <vector>

#include "query/why/findings.h"
#include "query/why/rank.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using logboom::fuzz::hold;
  namespace why = logboom::query::why;
  const auto text = logboom::fuzz::text_of(data, size);
  if (const auto sketch = why::Sketch::decode(text)) {
    hold(sketch->encode() == text, "a sketch has one encoding");
  }

  std::vector<why::LogLine> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back({.number = static_cast<std::uint32_t>(lines.size() + 1),
                     .text = text.substr(at, end - at)});
    at = end + 1;
  }
  const auto made = why::sketch(lines, {});
  const auto again = why::Sketch::decode(made.encode());
  hold(again && again->templates == made.templates, "what sketch() makes can be decoded");

  const auto log = why::prepare(lines);
  for (std::size_t i = 0; i < log.size(); ++i) {
    hold(log.hash[i] == why::template_hash(lines[i].text), "a line has one template");
  }
  const auto findings = why::find(log);
  const auto ranking = why::rank(log, findings, {made});
  std::size_t shown = 0;
  for (const auto& [first, last] : why::excerpt(log, findings, ranking)) {
    hold(first <= last && last < log.size(), "an excerpt lies within the log");
    shown += last - first + 1;
  }
  hold(shown <= why::kMaxExcerpt, "an excerpt is short");
  for (const auto& ranked : ranking.best) {
    hold(ranked.line < log.size() && !log.blank(ranked.line), "a ranked line says something");
  }
  return 0;
}
