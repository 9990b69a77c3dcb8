#include "core/redaction.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <map>
#include <utility>
#include <vector>

#include "core/batch.h"
#include "core/metrics.h"
#include "core/redaction/rules.h"

namespace logboom {
namespace {

using redaction::Line;
using redaction::Mark;
using redaction::Span;
namespace bytes = redaction::bytes;

// A line whose rules look at more bytes than this is withheld.
constexpr std::size_t kBudgetBytes = 16 << 20;
// A line is scanned until a pass changes nothing: a mark may bring two halves of something
// together. Ordinary lines with a match take two passes.
constexpr int kMostPasses = 8;

constexpr std::array<bool, 256> kTriggers = [] {
  std::array<bool, 256> table{};
  for (const char c : {'.', ':', '=', '@', '%', '-', '>'})
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

std::optional<Span> percent_rules(Line& line, std::size_t at) {
  const char high = line.peek(at + 1);
  const char low = bytes::lower(line.peek(at + 2));
  if (high == '4' && low == '0') return redaction::email(line, at, 3);
  if (high != '3') return std::nullopt;
  if (low == 'd') return redaction::secret(line, {at, at + 3, false});
  if (low != 'a') return std::nullopt;
  if (const auto span = redaction::userinfo_percent_encoded(line, at)) return span;
  if (const auto span = redaction::ipv6_percent_encoded(line, at)) return span;
  return redaction::secret(line, {at, at + 3, true});
}

std::optional<Span> rules_at(Line& line, std::size_t at) {
  const auto text = line.text;
  const char before = at > 0 ? text[at - 1] : '\0';
  const char next = line.peek(at + 1);
  switch (text[at]) {
    case '.':
      if (!bytes::digit(before) || !bytes::digit(next)) return std::nullopt;
      return redaction::ipv4(line, at);
    case ':':
      if (next == '/' || next == '\\') {
        if (const auto span = redaction::userinfo(line, at)) return span;
      } else if (next == ':' || bytes::hex(next)) {
        if (const auto span = redaction::ipv6(line, at)) return span;
      }
      return redaction::secret(line, {at, at + 1, true});
    case '=':
      return redaction::secret(line, {at, at + 1, false});
    case '@':
      return redaction::email(line, at, 1);
    case '%':
      return percent_rules(line, at);
    case '-':
      return next == '-' ? redaction::secret_flag(line, at) : std::nullopt;
    case '>':
      return bytes::word(before) ? redaction::secret_element(line, at) : std::nullopt;
    default:
      return std::nullopt;
  }
}

enum class Outcome : std::uint8_t { clean, changed, over_budget };

// One pass over the line; `out` is written only when something matched.
Outcome pass(std::string_view text, std::string& out, std::size_t& work) {
  Line line{.text = text, .floor = 0, .work = work + text.size()};
  std::size_t copied = 0;
  bool changed = false;
  for (std::size_t at = 0; at < text.size() && line.work <= kBudgetBytes; ++at) {
    if (!kTriggers[static_cast<unsigned char>(text[at])]) continue;
    const auto span = rules_at(line, at);
    if (!span) continue;
    if (!std::exchange(changed, true)) out.clear();
    out.append(text, copied, span->begin - copied);
    out += redaction::kMarks[static_cast<std::size_t>(span->mark)];
    copied = line.floor = span->end;
    at = span->end - 1;
  }
  work = line.work;
  if (work > kBudgetBytes) return Outcome::over_budget;
  if (!changed) return Outcome::clean;
  out.append(text, copied);
  return Outcome::changed;
}

}  // namespace

struct Redactor::Engine {
  metrics::Counter& changed = metrics::counter("logboom_core_redacted_lines_total",
                                               "Lines in which something private was replaced");
  metrics::Counter& withheld = metrics::counter(
      "logboom_core_withheld_lines_total", "Lines withheld since redaction went over its budget");

  bool redact(std::string_view& text, Arena& arena, std::string& out, const Redactor& redactor) {
    const auto safe = redactor.redact(text, out);
    if (safe.data() == text.data() && safe.size() == text.size()) return false;
    text = arena.copy(safe);
    return true;
  }

  void redact(std::vector<Attribute>& attributes, Arena& arena, std::string& out,
              const Redactor& redactor) {
    for (auto& [name, value] : attributes) {
      if (const auto mark = mark_for(name, value); !mark.empty()) {
        value = mark;
      } else {
        redact(value, arena, out, redactor);
      }
    }
  }

  // The mark for the whole value where the name alone says that it is a secret, else "".
  static std::string_view mark_for(std::string_view name, std::string_view value) {
    if (name.size() < 2 || !redaction::may_end_secret_key(name[name.size() - 2], name.back())) {
      return {};
    }
    const auto key = redaction::secret_key(name);
    if (!key || redaction::benign_value(value, *key, false)) return {};
    return redaction::kMarks[static_cast<std::size_t>(key->mark)];
  }
};

Redactor::Redactor() : engine_(std::make_unique<Engine>()) {}
Redactor::~Redactor() = default;

std::string_view Redactor::redact(std::string_view line, std::string& out) const {
  std::size_t work = 0;
  auto outcome = pass(line, out, work);
  if (outcome == Outcome::clean) return line;
  std::string again;
  for (int passes = 1; outcome == Outcome::changed && passes < kMostPasses; ++passes) {
    outcome = pass(out, again, work);
    if (outcome == Outcome::changed) out.swap(again);
  }
  if (outcome == Outcome::clean) {
    engine_->changed.add();
    return out;
  }
  engine_->withheld.add();
  out = redaction::kWithheld;
  return out;
}

namespace {

// Two streams that differed only in what was taken out are one stream now.
void merge_equal_streams(Batch& batch) {
  std::map<Labels, std::uint32_t> known;
  std::vector<Labels> streams;
  std::vector<std::uint32_t> moved;
  for (auto& labels : batch.streams) {
    const auto next = static_cast<std::uint32_t>(streams.size());
    const auto [place, added] = known.try_emplace(labels, next);
    moved.push_back(place->second);
    if (added) streams.push_back(std::move(labels));
  }
  for (auto& record : batch.records) {
    assert(record.stream < moved.size());
    record.stream = moved[record.stream];
  }
  batch.streams = std::move(streams);
}

}  // namespace

void Redactor::redact(Batch& batch) const {
  std::string out;
  for (auto& record : batch.records) {
    engine_->redact(record.body, batch.arena, out, *this);
    engine_->redact(record.metadata, batch.arena, out, *this);
  }
  engine_->redact(batch.columns, batch.arena, out, *this);

  bool changed = false;
  for (auto& labels : batch.streams) {
    auto pairs = labels.pairs();
    bool differs = false;
    for (auto& [name, value] : pairs) {
      const auto mark = Engine::mark_for(name, value);
      const auto safe = mark.empty() ? redact(value, out) : mark;
      if (safe == value) continue;
      value = std::string(safe);
      differs = true;
    }
    if (differs) labels = Labels(std::move(pairs));
    changed = changed || differs;
  }
  if (changed) merge_equal_streams(batch);
  batch.redacted = true;
}

}  // namespace logboom
