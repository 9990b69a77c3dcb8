// Finding traces, and those of Python.
#include "query/why/traces.h"

#include <algorithm>

#include "query/why/tape.h"

namespace logboom::query::why {
namespace {

constexpr std::string_view kTraceback = "Traceback (most recent call last)";

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool same_kind(char a, char b) { return a == b || (digit(a) && digit(b)); }

// The margin of a group of exceptions: "  | ", "  +-+---- 1 ----".
std::string_view without_margin(std::string_view text) {
  const auto at = text.find_first_not_of(' ');
  if (at == std::string_view::npos || (text[at] != '|' && text[at] != '+')) return text;
  text.remove_prefix(at + 1);
  if (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}
bool is_group_rule(std::string_view text) {
  const auto rest = trimmed(text);
  return rest.starts_with("+") && rest.find("----") != std::string_view::npos;
}

// `  File "/srv/x.py", line 3, in f` -> x.py:f
std::string python_frame(std::string_view frame) {
  const auto end = frame.find('"', 6);
  if (end == std::string_view::npos) return {};
  std::string place(base_name(frame.substr(6, end - 6)));
  if (const auto in = frame.rfind(", in "); in != std::string_view::npos) {
    place += ':';
    place += frame.substr(in + 5);
  }
  return place;
}

// Reads one traceback after another: chains, and the members of groups.
class Python {
 public:
  Python(const Tape& tape, std::size_t i) : tape_(tape) {
    fold_.first = fold_.last = i;
    fold_.language = "python";
  }

  std::optional<Fold> run() {
    std::size_t at = fold_.first;
    auto link = Link::outer;
    while (fold_.heads.size() < kMaxHeads) {
      if (!section(at, link)) break;
      const auto following = chained(at, link);
      if (!following) break;
      at = *following;
    }
    if (fold_.heads.empty()) return std::nullopt;
    return std::move(fold_);
  }

  // A syntax error has no header: a File line, the code, a caret, the error.
  std::optional<Fold> syntax_error() {
    for (std::size_t j = fold_.first + 1; j <= fold_.first + 3 && j < tape_.size(); ++j) {
      const auto text = tape_.text(j);
      if (indented(text)) continue;
      const auto error = named_error(text);
      if (!error || (error->name != "SyntaxError" && error->name != "IndentationError" &&
                     error->name != "TabError")) {
        return std::nullopt;
      }
      fold_.last = j;
      fold_.heads.push_back({tape_.line(j), Link::outer, error->name, error->message,
                             python_frame(trimmed(tape_.text(fold_.first)))});
      return std::move(fold_);
    }
    return std::nullopt;
  }

 private:
  // Frames from the header at `at` to the line that names the error.
  bool section(std::size_t at, Link link) {
    std::string own, any;
    for (auto j = at + 1; j < tape_.size() && j - fold_.first < kMaxTrace; ++j) {
      const auto raw = tape_.text(j);
      const auto text = without_margin(raw);
      if (tape_.blank(j) || trimmed(text).empty()) continue;
      if (indented(text)) {
        const auto frame = trimmed(text);
        if (frame.starts_with("File \"")) {
          any = python_frame(frame);
          if (is_own(frame)) own = any;
        }
        fold_.last = j;
        continue;
      }
      const bool frames = fold_.last != at;
      const auto error = named_error(text);
      if (!error || (!frames && !is_error_name(error->name))) {
        // A log that goes on without naming the error: the header and its frames are a trace still.
        if (!frames || !fold_.heads.empty()) return false;
        fold_.heads.push_back({tape_.line(fold_.last), link, {}, {}, own.empty() ? any : own});
        return false;
      }
      fold_.last = j;
      fold_.heads.push_back(
          {tape_.line(j), link, error->name, error->message, own.empty() ? any : own});
      return true;
    }
    if (fold_.last > at && fold_.heads.empty()) {
      fold_.heads.push_back({tape_.line(fold_.last), link, {}, {}, own.empty() ? any : own});
    }
    return false;
  }

  // The header of the next traceback of the same event.
  std::optional<std::size_t> chained(std::size_t at, Link& link) {
    auto next = tape_.next(fold_.last);
    if (!next) return std::nullopt;
    auto text = tape_.text(*next);
    if (is_group_rule(text)) {
      link = Link::cause;
      fold_.last = *next;
      next = tape_.next(*next);
      if (!next) return std::nullopt;
      if (tape_.text(*next).find(kTraceback) != std::string_view::npos) return next;
      // A member that was never raised has no frames: its name follows at once.
      return *next - 1 > at ? std::optional(*next - 1) : std::nullopt;
    }
    const bool during = text.find("During handling of the above exception") != text.npos;
    const bool direct = text.find("was the direct cause of the following") != text.npos;
    if (!during && !direct) return std::nullopt;
    link = during ? Link::during : Link::direct;
    fold_.last = *next;
    next = tape_.next(*next);
    if (!next || tape_.text(*next).find(kTraceback) == std::string_view::npos) return std::nullopt;
    return next;
  }

  const Tape& tape_;
  Fold fold_;
};

std::vector<Trace> fold_tape(Tape tape) {
  std::vector<Trace> traces;
  std::size_t least = 0;
  for (std::size_t i = 0; i < tape.size();) {
    tape.set_prefix({});
    const auto text = tape.text(i);
    std::optional<Fold> fold;
    if (const auto at = text.find(kTraceback); at != std::string_view::npos) {
      // "+ Exception Group Traceback" and a member's margin are no prefix.
      const auto before = text.substr(0, at);
      if (before.find_first_not_of(" |+") != std::string_view::npos &&
          !before.ends_with("Exception Group ")) {
        tape.set_prefix(before);
      }
      fold = fold_python(tape, i);
    } else if (indented(text) && trimmed(text).starts_with("File \"")) {
      fold = Python(tape, i).syntax_error();
    } else if (is_at_frame(text)) {
      fold = fold_at(tape, i, least);
    } else {
      fold = fold_other(tape, i);
    }
    if (!fold) {
      ++i;
      continue;
    }
    Trace trace{.first = tape.line(fold->first),
                .last = tape.line(fold->last),
                .lines = {},
                .language = fold->language,
                .heads = std::move(fold->heads)};
    for (auto j = fold->first; j <= fold->last; ++j) trace.lines.push_back(tape.line(j));
    traces.push_back(std::move(trace));
    least = i = std::max(fold->last, i) + 1;
  }
  return traces;
}

}  // namespace

std::string_view Tape::text(std::size_t i) const {
  if (i >= size()) return {};
  auto text = log_.clean[lines_[i]];
  if (prefix_.empty() || text.size() < prefix_.size()) return text;
  for (std::size_t k = 0; k < prefix_.size(); ++k) {
    if (!same_kind(text[k], prefix_[k])) return text;
  }
  text.remove_prefix(prefix_.size());
  return text;
}

std::optional<std::size_t> Tape::next(std::size_t i, std::size_t most) const {
  for (std::size_t j = i + 1; j <= i + most && j < size(); ++j) {
    // Within a group, a margin alone is blank.
    if (!blank(j) && !trimmed(without_margin(text(j))).empty()) return j;
  }
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool indented(std::string_view text) {
  return !text.empty() && (text.front() == ' ' || text.front() == '\t');
}

std::string_view base_name(std::string_view path) {
  const auto slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::optional<Named> named_error(std::string_view line) {
  std::size_t end = 0;
  while (end < line.size()) {
    const char c = line[end];
    const bool colons = c == ':' && ((end + 1 < line.size() && line[end + 1] == ':') ||
                                     (end > 0 && line[end - 1] == ':'));
    if (!letter(c) && !digit(c) && c != '_' && c != '.' && c != '$' && c != '\\' && !colons) break;
    ++end;
  }
  if (end < 3 || digit(line.front())) return std::nullopt;
  const auto name = line.substr(0, end);
  if (name.back() == '.' || name.back() == ':') return std::nullopt;
  auto rest = line.substr(end);
  if (rest.starts_with(" [")) {  // JavaScript's code
    const auto close = rest.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(close + 1);
  } else if (rest.starts_with(" (") && rest.size() > 2 && digit(rest[2])) {  // C#'s number
    const auto close = rest.find_first_not_of("0123456789", 2);
    if (close == std::string_view::npos || rest[close] != ')') return std::nullopt;
    rest.remove_prefix(close + 1);
  }
  if (trimmed(rest).empty() || trimmed(rest) == "{") return Named{name, {}};
  if (!rest.starts_with(":")) return std::nullopt;
  return Named{name, trimmed(rest.substr(1))};
}

bool is_error_name(std::string_view name) {
  const auto at = name.find_last_of(".\\:$");
  const auto last = at == std::string_view::npos ? name : name.substr(at + 1);
  if (last.empty() || last.front() < 'A' || last.front() > 'Z') return false;
  constexpr std::string_view kEnds[] = {
      "Error", "Exception", "Interrupt", "Exit",  "Warning",   "Timeout", "Failure",
      "Fault", "Throwable", "NotFound",  "Death", "Rejection", "Abort",   "Expired"};
  return std::ranges::any_of(kEnds, [&](std::string_view end) { return last.ends_with(end); });
}

bool is_own(std::string_view place) {
  constexpr std::string_view kForeign[] = {"/usr/lib",        "/lib/python",
                                           "site-packages",   "dist-packages",
                                           "node_modules",    "node:",
                                           "internal/",       "/usr/local/go/",
                                           "/usr/local/lib/", "<frozen",
                                           "<string>",        "/rustc/",
                                           "/.cargo/",        "at java.",
                                           "java.base/",      "at javax.",
                                           "at jdk.",         "at sun.",
                                           "at com.sun.",     "at org.junit",
                                           "at org.apache.",  "at org.springframework",
                                           "at scala.",       "at kotlin.",
                                           "/vendor/",        "/gems/",
                                           "/lib/ruby/",      "/usr/share/",
                                           "runtime.",        "runtime/",
                                           "std::",           "core::",
                                           "at System.",      "at Microsoft.",
                                           "<anonymous>",     "(native",
                                           "<internal:",      "dart:",
                                           "lib/elixir",      "(stdlib",
                                           "(elixir ",        "Perl5",
                                           "/usr/src/"};
  return std::ranges::none_of(
      kForeign, [&](std::string_view part) { return place.find(part) != std::string_view::npos; });
}

std::optional<Fold> fold_python(const Tape& tape, std::size_t i) { return Python(tape, i).run(); }

std::vector<Trace> find_traces(const Prepared& log) {
  std::vector<std::uint32_t> out, err;
  for (std::uint32_t i = 0; i < log.size(); ++i) {
    (log.lines[i].channel == Channel::out ? out : err).push_back(i);
  }
  auto traces = fold_tape(Tape(log, std::move(out)));
  auto others = fold_tape(Tape(log, std::move(err)));
  traces.insert(traces.end(), std::make_move_iterator(others.begin()),
                std::make_move_iterator(others.end()));
  std::ranges::sort(traces, {}, &Trace::first);
  return traces;
}

}  // namespace logboom::query::why
