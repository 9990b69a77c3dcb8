#include "query/why/rules.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <cassert>
#include <functional>
#include <memory>
#include <optional>

#include "query/why/words.h"

namespace logboom::query::why {
namespace {

// Short forms in patterns, so that the tables stay readable.
constexpr std::pair<std::string_view, std::string_view> kShort[] = {
    // Where something listens; a word alone only with a port.
    {"~addr",
     "~q(?:\\w+://"
     ")?(?:(?P<host>\\d{1,3}(?:\\.\\d{1,3}){3}|localhost|[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]+)"
     "+)(?:(?::|,? port )(?P<port>\\d{1,5}))?|(?P<host2>[A-Za-z][\\w-]*):(?P<port2>\\d{1,5}))~q"},
    // A name with a slash or an ending.
    {"~path",
     "(?P<file>[\\w~.@%+-]*/[\\w~./@%+-]*\\w/?|[\\w-]+(?:\\.[\\w-]+)*\\.[A-Za-z][A-Za-z0-9]{0,4})"},
    {"~quoted", "['\"`‘“](?P<file>[^'\"`’”]+)['\"’”]"},
    {"~q", "(?:['\"`‘’“”]|\\\\\")?"},
    // What stands between "cannot open" and a file's name.
    {"~nouns",
     "(?: "
     "(?:the|an?|this|its|input|output|log|lock|temp\\w*|data|config\\w*|source|target|local|"
     "remote|required|files?|director(?:y|ies)|dir|folder|path|script|module|image|database|named|"
     "called|to|from|for)){0,4}"},
    {"~file", "(?P<file>[^\\s'\"`‘’“”:;,()<>|=\\\\]+)"},
    // What names of files end in that are not programs.
    {"~data",
     "\\.(?:log|txt|csv|tsv|json|xml|out|err|pid|lock|tmp|t?gz|bz2|xz|zip|db|sqlite|html?|md|dat|"
     "data|bak|old|new|sql|ya?ml|conf|cfg|ini|state|status|done|flag|stamp|cache|part|jsonl|ndjson|"
     "rss|ics|tex|pdf|svg|png|jpe?g)"},
    {"~host", "(?P<host>[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)"},
    // What a server may answer that it does not want to.
    {"~status", "(?:40\\d|41[0-8]|42[1-689]|431|451|50[0-8]|51[01]|52[0-7]|530)"},
    {"~port", "(?P<port>\\d{1,5})"},
    {"~name", "[A-Za-z_][\\w.+-]*"},
    {"~number", "\\d[\\d.,]*"},
};

constexpr std::span<const Rule> (*kTables[])() = {resource_rules,   start_rules, external_rules,
                                                  code_rules,       data_rules,  words_rules,
                                                  consequence_rules};

std::string expanded(std::string_view pattern) {
  std::string text(pattern);
  for (const auto& [name, meaning] : kShort) {
    for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;) {
      text.replace(at, name.size(), meaning);
      at += meaning.size();
    }
  }
  return text;
}

class Rulebook {
 public:
  struct Entry {
    const Rule* rule;
    std::vector<std::string> groups;  // by number - 1; "": not a slot
  };

  static const Rulebook& get() {
    static const Rulebook book;
    return book;
  }

  // The rules whose words are in the line.
  void candidates(std::string_view line, std::vector<int>& found) const {
    thread_local std::vector<WordFinder::Id> ids;
    thread_local std::vector<int> atoms;
    words_->find(line, ids);
    atoms.assign(ids.begin(), ids.end());
    filter_.AllPotentials(atoms, &found);
  }
  [[nodiscard]] const Entry& entry(int id) const { return entries_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] const re2::RE2& program(int id) const { return filter_.GetRE2(id); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  static constexpr int kLeastWord = 3;  // shorter words are in every line

  Rulebook() : filter_(kLeastWord) {
    for (const auto table : kTables) {
      for (const auto& rule : table()) add(rule);
    }
    filter_.Compile(&atoms_);
    std::vector<std::pair<std::string_view, WordFinder::Id>> pairs;
    for (std::size_t i = 0; i < atoms_.size(); ++i) {
      pairs.emplace_back(atoms_[i], static_cast<WordFinder::Id>(i));
    }
    words_ = std::make_unique<WordFinder>(pairs);
  }

  void add(const Rule& rule) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    int id = 0;
    const bool ok = filter_.Add(expanded(rule.pattern), options, &id) == re2::RE2::NoError;
    assert(ok && "a rule's pattern is wrong");
    if (!ok) return;
    const auto& program = filter_.GetRE2(id);
    std::vector<std::string> groups(static_cast<std::size_t>(program.NumberOfCapturingGroups()));
    for (const auto& [number, name] : program.CapturingGroupNames()) {
      // A pattern may name a slot in several places: host, host2, host3.
      auto slot = name;
      while (!slot.empty() && slot.back() >= '0' && slot.back() <= '9') slot.pop_back();
      groups[static_cast<std::size_t>(number) - 1] = slot;
    }
    entries_.push_back({&rule, std::move(groups)});
  }

  re2::FilteredRE2 filter_;
  std::vector<Entry> entries_;  // by the filter's id
  std::vector<std::string> atoms_;
  std::unique_ptr<WordFinder> words_;
};

// What is written where something did not go as it should.
bool sounds_like_trouble(std::string_view line) {
  static const WordFinder words = {
      "fail",     "error",    "cannot",    "can't",    "can not",     "could not",  "couldn't",
      "unable",   "not able", "refus",     "reject",   "denied",      "declin",     "abort",
      "exceed",   "exhaust",  "expired",   "invalid",  "illegal",     "missing",    "unexpected",
      "wrong",    "mismatch", "conflict",  "broke",    "corrupt",     "fatal",      "panic",
      "critical", "severe",   "gave up",   "give up",  "giving up",   "killed",     "crash",
      "violat",   "unavail",  "unreach",   "no such",  "no more",     "too many",   "too large",
      "too big",  "too low",  "too small", "too long", "reached",     "out of",     "ran out",
      "hit the",  "hit its",  "stuck",     "hung",     "cancel",      "forbidden",  "stopped",
      "terminat", "timed",    "lost",      "never ",   "throttl",     "slow down",  "incompatib",
      "beyond",   "greater",  "larger",    "bigger",   "unsupported", "above the ", "over the ",
      "blocked",  "warn",     "problem",   "trouble"};
  return words.holds_any(line);
}

// A slot's value as people write it: no quotes or full stop around it.
std::string_view tidy(std::string_view value) {
  constexpr std::string_view kAround = "'\"`, ";
  while (!value.empty() && kAround.find(value.front()) != std::string_view::npos) {
    value.remove_prefix(1);
  }
  while (!value.empty() && (kAround.find(value.back()) != std::string_view::npos)) {
    value.remove_suffix(1);
  }
  return value.substr(0, 300);
}

}  // namespace

void set_slot(Slots& slots, std::string_view name, std::string_view value) {
  if (value.empty() || !slot(slots, name).empty()) return;
  const auto at = std::ranges::lower_bound(
      slots, name, {}, [](const auto& s) -> std::string_view { return s.first; });
  slots.insert(at, {std::string(name), std::string(value)});
}

std::string_view slot(const Slots& slots, std::string_view name) {
  for (const auto& [key, value] : slots) {
    if (key == name) return value;
  }
  return {};
}

// A web server's access log of a request that went well: its words are the client's.
bool served_well(std::string_view line) {
  constexpr std::string_view kProtocol = " HTTP/";
  const auto at = line.find(kProtocol);
  if (at == std::string_view::npos) return false;
  const auto quote = line.find_first_not_of("0123456789.", at + kProtocol.size());
  if (quote == std::string_view::npos || line.size() < quote + 5) return false;
  const auto status = line.substr(quote + 2, 3);
  return line[quote] == '"' && line[quote + 1] == ' ' && status[0] >= '1' && status[0] <= '3' &&
         status.find_first_not_of("0123456789") == std::string_view::npos;
}

void match_rules(std::string_view line, std::vector<RuleHit>& hits) {
  hits.clear();
  line = line.substr(0, kRuleBytes);
  if (served_well(line)) return;
  const auto& book = Rulebook::get();
  thread_local std::vector<int> found;
  book.candidates(line, found);
  const re2::StringPiece text(line.data(), line.size());
  std::optional<bool> trouble;  // asked of few lines
  for (const auto id : found) {
    const auto& entry = book.entry(id);
    if (entry.rule->in_trouble) {
      if (!trouble) trouble = sounds_like_trouble(line);
      if (!*trouble) continue;
    }
    const auto& program = book.program(id);
    re2::StringPiece groups[8];
    const int wanted = std::min<int>(8, program.NumberOfCapturingGroups() + 1);
    if (!program.Match(text, 0, line.size(), re2::RE2::UNANCHORED, groups, wanted)) continue;
    RuleHit hit{entry.rule, {}};
    for (int g = 1; g < wanted; ++g) {
      const auto& name = entry.groups[static_cast<std::size_t>(g) - 1];
      if (name.empty() || groups[g].empty()) continue;
      set_slot(hit.slots, name, tidy({groups[g].data(), groups[g].size()}));
    }
    hits.push_back(std::move(hit));
  }
}

// Some answers mean more than that it was one.
void by_status(Meanings& meanings) {
  constexpr std::pair<std::string_view, std::string_view> kMore[] = {{"401", "external/auth"},
                                                                     {"403", "external/auth"},
                                                                     {"429", "external/rate_limit"},
                                                                     {"507", "resource/quota"}};
  for (auto& meaning : meanings.causes) {
    if (meaning.cause != "external/http_status") continue;
    const auto status = slot(meaning.slots, "status");
    for (const auto& [code, cause] : kMore) {
      if (status == code) meaning.cause = cause;
    }
  }
}

Meanings meanings_of(std::string_view line) {
  std::vector<RuleHit> hits;
  match_rules(line, hits);
  std::ranges::stable_sort(hits, std::greater{},
                           [](const RuleHit& hit) { return hit.rule->strength; });
  Meanings meanings;
  for (auto& hit : hits) {
    if (hit.rule->cause.empty()) {
      meanings.consequence = true;
      continue;
    }
    const auto known = std::ranges::find(meanings.causes, hit.rule->cause, &Meaning::cause);
    if (known == meanings.causes.end()) {
      meanings.causes.push_back({hit.rule->cause, hit.rule->strength, std::move(hit.slots)});
    } else {
      for (const auto& [name, value] : hit.slots) set_slot(known->slots, name, value);
    }
  }
  by_status(meanings);
  return meanings;
}

RuleCount count_rules() {
  RuleCount count{Rulebook::get().size(), 0};
  for (const auto table : kTables) count.written += table().size();
  return count;
}

}  // namespace logboom::query::why
