// Traces of every language but Python.
#include <algorithm>

#include "query/why/tape.h"

namespace logboom::query::why {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string_view after(std::string_view text, std::string_view part) {
  const auto at = text.find(part);
  return at == std::string_view::npos ? std::string_view() : text.substr(at + part.size());
}

// What stands before an error's name: Exception in thread "main", Caused by:, Uncaught, --->.
struct Titled {
  std::string_view text;
  bool cause = false;  // of the error before it
  bool titled = false;
};
Titled without_title(std::string_view line) {
  Titled result{trimmed(line)};
  struct Title {
    std::string_view words;
    bool cause;
  };
  constexpr Title kTitles[] = {{"Caused by: ", true},
                               {"[cause]: ", true},
                               {"---> ", true},
                               {"(Inner Exception #", true},
                               {"Uncaught ", false},
                               {"Unhandled exception. ", false},
                               {"Unhandled Exception: ", false},
                               {"[ERROR] FATAL UNHANDLED EXCEPTION: ", false},
                               {"Suppressed: ", false}};
  for (const auto& title : kTitles) {
    if (!result.text.starts_with(title.words)) continue;
    result.text.remove_prefix(title.words.size());
    result.cause = title.cause;
    result.titled = true;
    break;
  }
  if (result.text.starts_with("Exception in thread \"")) {
    const auto end = result.text.find("\" ", 21);
    if (end != std::string_view::npos) {
      result.text.remove_prefix(end + 2);
      result.titled = true;
    }
  }
  return result;
}

// The error a line names, also behind a logger's words: "ERROR app - pkg.SomeError: words".
std::optional<Named> error_in(std::string_view line) {
  const auto titled = without_title(line);
  if (const auto error = named_error(titled.text);
      error && (titled.titled || is_error_name(error->name) || has(error->name, "."))) {
    return error;
  }
  for (auto at = line.find(' '); at != std::string_view::npos; at = line.find(' ', at + 1)) {
    const auto error = named_error(line.substr(at + 1));
    if (error && is_error_name(error->name)) return error;
  }
  return std::nullopt;
}

std::string at_place(std::string_view frame) {  // "at a.b.C.f(C.java:3)", "at f (/x/y.js:3:1)"
  auto place = frame.substr(3);
  if (place.starts_with("async ")) place.remove_prefix(6);
  const auto open = place.find_first_of("(");
  if (open == std::string_view::npos) {  // "at /x/y.js:3:1"
    place = base_name(place);
    return std::string(place.substr(0, place.find(':')));
  }
  return std::string(trimmed(place.substr(0, open)));
}

class AtFrames {
 public:
  AtFrames(const Tape& tape, std::size_t i, std::size_t least)
      : tape_(tape), at_(i), least_(least) {}

  std::optional<Fold> run() {
    if (!find_head()) return std::nullopt;
    auto j = at_;
    for (; j < tape_.size() && j - fold_.first < kMaxTrace; ++j) {
      if (!take(j)) break;
    }
    end_of_javascript();
    return std::move(fold_);
  }

 private:
  // Upwards from the first frame: a message may have several lines.
  bool find_head() {
    constexpr std::size_t kMessageLines = 12;
    for (std::size_t back = 1; back <= kMessageLines && at_ >= least_ + back; ++back) {
      const auto i = at_ - back;
      const auto text = tape_.text(i);
      const auto error = error_in(text);
      if (!error) {
        if (tape_.blank(i) && back > 1) return false;
        continue;
      }
      // C# prints the errors that an error wraps before the first frame.
      auto top = i;
      while (top > least_ && without_title(tape_.text(top)).cause &&
             error_in(tape_.text(top - 1))) {
        --top;
      }
      fold_.first = top;
      fold_.last = at_;
      const bool places = has(tape_.text(at_), ".js:") || has(tape_.text(at_), ".mjs:") ||
                          has(tape_.text(at_), ".cjs:") || has(tape_.text(at_), ".ts:") ||
                          has(tape_.text(at_), "node:") || has(tape_.text(at_), "<anonymous>");
      javascript_ = places;
      fold_.language = places ? "javascript" : "java";
      const auto title = tape_.text(top);
      if (has(tape_.text(at_), ") in /") || has(title, "Unhandled exception. ") ||
          has(title, "Unhandled Exception: ")) {
        fold_.language = "c#";
      }
      head(top, Link::outer);
      for (auto inner = top + 1; inner <= i; ++inner) head(inner, Link::cause);
      if (javascript_) code_frame();
      return true;
    }
    return false;
  }

  void head(std::size_t i, Link link) {
    if (fold_.heads.size() >= kMaxHeads) return;
    const auto error = error_in(tape_.text(i));
    own_ = false;
    fold_.heads.push_back({tape_.line(i),
                           link,
                           error ? error->name : std::string_view(),
                           error ? error->message : trimmed(tape_.text(i)),
                           {}});
  }

  // Node prints where it was thrown: the place, the line, a caret, a blank.
  void code_frame() {
    if (fold_.first < least_ + 4) return;
    const auto i = fold_.first;
    const auto caret = trimmed(tape_.text(i - 2));
    if (!tape_.blank(i - 1) || caret.empty() ||
        caret.find_first_not_of("^~") != std::string_view::npos) {
      return;
    }
    for (std::size_t back = 3; back <= 6 && i >= least_ + back; ++back) {
      const auto text = tape_.text(i - back);
      const auto colon = text.rfind(':');
      if (!indented(text) && colon != std::string_view::npos && colon + 1 < text.size() &&
          text.find_first_not_of("0123456789", colon + 1) == std::string_view::npos) {
        fold_.first = i - back;
        return;
      }
    }
  }

  bool take(std::size_t j) {
    const auto text = tape_.text(j);
    const auto part = trimmed(text);
    const bool frame = is_at_frame(text);
    const auto titled = without_title(text);
    if (frame) {
      auto& place = fold_.heads.back().frame;
      const bool own = is_own(part);
      if (place.empty() || (own && !own_)) place = at_place(part);
      own_ |= own;
    } else if (titled.cause && (error_in(text) || titled.titled)) {
      // C# prints the innermost first line last: each names the cause of the one before.
      head(j, Link::cause);
    } else if (part.starts_with("Suppressed: ") || part.starts_with("--- End of") ||
               (part.starts_with("... ") && (has(part, " more") || has(part, "common frames")))) {
      // part of it, names nothing
    } else if (javascript_ && properties_ && !tape_.blank(j)) {
      if (part == "}" || part == "}," || part == "]") properties_ = indented(text);
    } else {
      return false;
    }
    if (javascript_ && part.ends_with("{")) properties_ = true;
    fold_.last = j;
    return true;
  }

  void end_of_javascript() {
    if (!javascript_) return;
    const auto next = tape_.next(fold_.last);
    if (next && tape_.text(*next).starts_with("Node.js v")) fold_.last = *next;
  }

  const Tape& tape_;
  std::size_t at_, least_;
  bool javascript_ = false, properties_ = false, own_ = false;
  Fold fold_;
};

// Lines below the first one, as long as `belongs` says so.
template <class Belongs>
void extend(const Tape& tape, Fold& fold, const Belongs& belongs) {
  while (fold.last + 1 < tape.size() && fold.last - fold.first < kMaxTrace &&
         belongs(tape.text(fold.last + 1))) {
    ++fold.last;
  }
}

Fold begin(const Tape& tape, std::size_t i, std::string_view language, std::string_view exception,
           std::string_view message) {
  return {i, i, language, {{tape.line(i), Link::outer, exception, message, {}}}};
}

// "panic: words", "goroutine 1 [running]:", "main.f(0x1)", "\t/x/y.go:3 +0x1d".
std::optional<Fold> fold_go(const Tape& tape, std::size_t i) {
  const auto text = tape.text(i);
  auto fold = begin(tape, i, "go", "panic", after(text, ": "));
  auto& frame = fold.heads.back().frame;
  bool running = false;
  extend(tape, fold, [&](std::string_view next) {
    if (trimmed(next).empty()) return true;
    if (next.starts_with("goroutine ")) return running = true;
    if (!running) {
      return indented(next) || next.starts_with("[signal ") || next.starts_with("panic: ");
    }
    const bool call = next.ends_with(")") && !indented(next);
    if (frame.empty() && call && !next.starts_with("panic(") && is_own(next)) {
      frame = next.substr(0, next.rfind('('));
    }
    return call || indented(next) || next.starts_with("created by ") ||
           next.starts_with("exit status ");
  });
  while (fold.last > fold.first && tape.blank(fold.last)) --fold.last;
  return fold;
}

// The message stands on the next line, or (until 2023) behind "panicked at" in quotes.
std::optional<Fold> fold_rust(const Tape& tape, std::size_t i) {
  const auto rest = after(tape.text(i), "panicked at ");
  auto fold = begin(tape, i, "rust", "panic", rest);
  auto& head = fold.heads.back();
  if (rest.starts_with("'") || !rest.ends_with(":")) {
    const auto end = rest.rfind("', ");
    if (end != std::string_view::npos) {
      head.frame = rest.substr(end + 3);
      head.message = rest.substr(1, end - 1);
    }
  } else {
    head.frame = rest.substr(0, rest.size() - 1);
    if (i + 1 < tape.size()) {
      head.message = tape.text(i + 1);
      head.line = tape.line(i + 1);
      fold.last = i + 1;
    }
  }
  // A place's line number moves with every edit.
  head.frame = head.frame.substr(0, head.frame.find(':'));
  bool backtrace = false;
  extend(tape, fold, [&](std::string_view next) {
    if (next.starts_with("stack backtrace")) backtrace = true;
    return next.starts_with("note: ") || next.starts_with("stack backtrace") ||
           (backtrace && indented(next));
  });
  return fold;
}

// The innermost error comes first; "Next" wraps it.
std::optional<Fold> fold_php(const Tape& tape, std::size_t i) {
  const auto text = tape.text(i);
  const auto uncaught = after(text, "Uncaught ");
  const auto error = named_error(uncaught);
  auto fold = begin(tape, i, "php", error ? error->name : std::string_view(),
                    error ? error->message : trimmed(after(text, "atal error:")));
  if (uncaught.empty() && !has(text, "PHP Fatal error:")) return std::nullopt;
  bool stack = false;
  extend(tape, fold, [&](std::string_view next) {
    auto part = trimmed(next);
    if (part.starts_with("PHP ")) part = trimmed(part.substr(4));
    auto& frame = fold.heads.front().frame;
    const bool call = part.size() > 1 && part[0] == '#' && part[1] >= '0' && part[1] <= '9';
    if (call && frame.empty() && is_own(part)) {
      const auto colon = part.rfind(": ");
      frame = colon == std::string_view::npos ? part.substr(part.find(' ') + 1)
                                              : part.substr(colon + 2);
      frame = frame.substr(0, frame.find('('));
    }
    if (part.starts_with("Stack trace:")) stack = true;
    return call || part.starts_with("Stack trace:") || part.starts_with("thrown in ") ||
           (stack && (part.empty() || part.starts_with("Next ")));
  });
  while (fold.last > fold.first && tape.blank(fold.last)) --fold.last;
  return fold;
}

// "x.rb:3:in `f': words (SomeError)", "\tfrom y.rb:4:in `g'"; a cause follows in the same form.
std::optional<Fold> fold_ruby(const Tape& tape, std::size_t i) {
  const auto head = [&](std::size_t at, Link link) -> std::optional<TraceHead> {
    const auto text = tape.text(at);
    const auto in = text.find(":in ");
    if (in == std::string_view::npos || !has(text.substr(0, in), ".rb:")) return std::nullopt;
    const auto colon = text.find("': ", in);
    if (colon == std::string_view::npos) return std::nullopt;
    const auto open = text.rfind(" (");
    TraceHead result{tape.line(at), link, {}, text.substr(colon + 3), {}};
    if (open != std::string_view::npos && open > colon && text.ends_with(')')) {
      result.exception = text.substr(open + 2, text.size() - open - 3);
      result.message = text.substr(colon + 3, open - colon - 3);
    }
    if (is_own(text.substr(0, in))) {
      result.frame = std::string(base_name(text.substr(0, text.find(".rb:") + 3))) + ":" +
                     std::string(text.substr(in + 5, colon - in - 5));
    }
    return result;
  };
  auto first = head(i, Link::outer);
  if (!first) return std::nullopt;
  if (first->exception.empty() && !trimmed(tape.text(i + 1)).starts_with("from ")) {
    return std::nullopt;
  }
  Fold fold{i, i, "ruby", {*std::move(first)}};
  extend(tape, fold, [&](std::string_view next) {
    const auto part = trimmed(next);
    if (indented(next) && part.starts_with("from ")) {
      auto& frame = fold.heads.back().frame;
      const auto in = part.find(":in ");
      if (frame.empty() && in != std::string_view::npos && is_own(part)) {
        const auto file = part.substr(5, in - 5);
        frame = std::string(base_name(file.substr(0, file.rfind(':')))) + ":" +
                std::string(part.substr(in + 5, part.size() - in - 6));
      }
      return true;
    }
    if (auto cause = head(fold.last + 1, Link::cause); cause && fold.heads.size() < kMaxHeads) {
      fold.heads.push_back(*std::move(cause));
      return true;
    }
    return false;
  });
  return fold;
}

std::optional<Fold> fold_cxx(const Tape& tape, std::size_t i) {
  const auto text = tape.text(i);
  auto type = after(text, "an instance of '");
  if (type.empty()) type = after(text, "exception of type ");
  const auto what = after(type, ": ");
  auto fold =
      begin(tape, i, "c++", type.substr(0, std::min(type.find('\''), type.find(": "))), what);
  auto& head = fold.heads.back();
  if (const auto next = trimmed(tape.text(i + 1)); next.starts_with("what():")) {
    fold.last = i + 1;
    head.message = trimmed(next.substr(7));
  }
  return fold;
}

// "==7==ERROR: AddressSanitizer: words", "    #0 0x1 in f /x/y.c:3".
std::optional<Fold> fold_sanitizer(const Tape& tape, std::size_t i) {
  auto fold = begin(tape, i, "c", {}, after(tape.text(i), "Sanitizer: "));
  auto& frame = fold.heads.back().frame;
  extend(tape, fold, [&](std::string_view next) {
    const auto part = trimmed(next);
    if (frame.empty() && part.starts_with("#") && is_own(part)) {
      const auto in = after(part, " in ");
      if (!in.starts_with("__")) frame = in.substr(0, in.find(' '));
    }
    return part.empty() || part.starts_with("#") || indented(next) || part.starts_with("==") ||
           part.starts_with("SUMMARY: ") || part.starts_with("0x") || has(part, " located ") ||
           part.starts_with("Shadow ") || part.starts_with("=>") || part.starts_with("freed by") ||
           part.starts_with("previously allocated") || part.starts_with("READ of") ||
           part.starts_with("WRITE of");
  });
  while (fold.last > fold.first && tape.blank(fold.last)) --fold.last;
  return fold;
}

// A first line, then lines of one form: R, Elixir, Dart, Lua, Julia, Perl's backtrace.
std::optional<Fold> fold_small(const Tape& tape, std::size_t i) {
  const auto text = tape.text(i);
  const auto next = trimmed(tape.text(i + 1));
  if (text.starts_with("Error in ") || text.starts_with("Error: ")) {  // R
    auto fold = begin(tape, i, "r", {}, after(text, ": "));
    if (trimmed(after(text, ": ")).empty() && indented(tape.text(i + 1))) {
      fold.last = i + 1;
      fold.heads.back().line = tape.line(i + 1);
      fold.heads.back().message = next;
    }
    if (text.starts_with("Error in ")) {
      const auto call = text.substr(9);
      fold.heads.back().frame = call.substr(0, call.find('('));
    }
    bool halted = false;
    extend(tape, fold, [&](std::string_view line) {
      if (line.starts_with("Execution halted")) return halted = true;
      return line.starts_with("Calls: ") || line.starts_with("In addition: ") ||
             line.starts_with("Backtrace:");
    });
    if (!halted) return std::nullopt;
    return fold;
  }
  if (text.starts_with("** (") || has(text, " ** (")) {  // Elixir
    const auto name = after(text, "** (");
    const auto close = name.find(')');
    if (close == std::string_view::npos || !is_error_name(name.substr(0, close))) {
      return std::nullopt;
    }
    auto fold = begin(tape, i, "elixir", name.substr(0, close), trimmed(name.substr(close + 1)));
    auto& frame = fold.heads.back().frame;
    extend(tape, fold, [&](std::string_view line) {
      if (frame.empty() && has(line, ".ex") && is_own(line)) frame = after(line, ": ");
      return indented(line);
    });
    return fold;
  }
  if (text == "Unhandled exception:" && !next.empty()) {  // Dart
    const auto error = named_error(next);
    auto fold = begin(tape, i, "dart", error ? error->name : std::string_view(), next);
    fold.last = i + 1;
    fold.heads.back().line = tape.line(i + 1);
    extend(tape, fold, [](std::string_view line) { return line.starts_with("#"); });
    return fold;
  }
  if (next == "stack traceback:") {  // Lua
    auto fold = begin(tape, i, "lua", {}, after(text, ": "));
    fold.last = i + 1;
    extend(tape, fold, [](std::string_view line) { return indented(line); });
    return fold;
  }
  if (text.starts_with("ERROR: ") && next == "Stacktrace:") {  // Julia
    const auto error = named_error(text.substr(7));
    auto fold = begin(tape, i, "julia", error ? error->name : std::string_view(), text.substr(7));
    fold.last = i + 1;
    extend(tape, fold, [](std::string_view line) { return indented(line); });
    return fold;
  }
  if (tape.text(i + 1).starts_with("\t") && has(next, " called at ") &&
      has(text, " at ")) {  // Perl
    auto fold = begin(tape, i, "perl", {}, text.substr(0, text.rfind(" at ")));
    fold.heads.back().frame = next.substr(0, next.find('('));
    extend(tape, fold, [](std::string_view line) {
      return line.starts_with("\t") && has(line, " called at ");
    });
    return fold;
  }
  return std::nullopt;
}

}  // namespace

bool is_at_frame(std::string_view text) {
  if (!indented(text)) return false;
  const auto frame = trimmed(text);
  return frame.starts_with("at ") && frame.size() > 5 &&
         (frame.find('(') != std::string_view::npos || frame.find(':') != std::string_view::npos);
}

std::optional<Fold> fold_at(const Tape& tape, std::size_t i, std::size_t least) {
  return AtFrames(tape, i, least).run();
}

std::optional<Fold> fold_other(const Tape& tape, std::size_t i) {
  const auto text = tape.text(i);
  if (text.size() < 6) return std::nullopt;
  if (text.starts_with("panic: ") || text.starts_with("fatal error: ")) {
    const auto next = tape.next(i, 12);
    if (text.starts_with("panic: ") || (next && tape.text(*next).starts_with("goroutine "))) {
      return fold_go(tape, i);
    }
  }
  if (text.starts_with("thread '") && has(text, "panicked at ")) return fold_rust(tape, i);
  if (has(text, "atal error:") && (has(text, "PHP ") || has(text, "Uncaught "))) {
    return fold_php(tape, i);
  }
  if (has(text, "terminate called after throwing") ||
      text.starts_with("terminating with uncaught") ||
      text.starts_with("terminating due to uncaught")) {
    return fold_cxx(tape, i);
  }
  if (has(text, "ERROR: ") && has(text, "Sanitizer: ")) return fold_sanitizer(tape, i);
  if (has(text, ".rb:")) {
    if (auto ruby = fold_ruby(tape, i)) return ruby;
  }
  return fold_small(tape, i);
}

}  // namespace logboom::query::why
