#include "query/why/slots.h"

#include <re2/re2.h>

#include <algorithm>
#include <memory>

namespace logboom::query::why {
namespace {

struct Source {
  std::string_view causes;  // classes or families, separated by |
  std::string_view slot;
  const char* pattern;          // group 1 is the value
  std::uint32_t before, after;  // lines looked at
};

constexpr Source kSources[] = {
    {"external/", "host",
     R"r(\b[a-z]{2,12}://(?:[^/@\s]+@)?([\w.-]*\w)(?::\d+)?(?:[/\s"'?),;]|$))r", 200, 3},
    {"external/", "host",
     R"r((?:^|[\s,{"])(?:host|hostname|server|addr|address|endpoint|peer)"?[=:] ?"?([A-Za-z0-9][\w.-]*[A-Za-z0-9])\b)r",
     40, 3},
    {"external/", "host",
     R"r((?:^|[\s("'@])([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|localhost):\d{2,5}\b)r", 40, 3},
    {"external/", "host",
     R"r(\b([a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+\.(?:example|internal|local|localdomain|lan|org|com|net|io|dev|cloud|edu|gov|svc|invalid|test))\b)r",
     10, 3},
    {"external/connect|external/reset|external/tls|external/http_status|external/database|external/"
     "auth|external/rate_limit",
     "port",
     R"r((?:\b[a-z]{2,12}://(?:[^/@\s]+@)?[^/\s:]+|\b\d{1,3}(?:\.\d{1,3}){3}|\blocalhost|\b[a-z0-9-]+(?:\.[a-z0-9-]+)+\.[a-z]{2,8}|\[[0-9a-f:]+\]):(\d{2,5})(?:[/\s"'?),;]|$))r",
     40, 3},
    {"external/connect|external/database", "port", R"r(\bport"?[=: ]+"?(\d{2,5})\b)r", 40, 3},
    {"external/http_status|external/rate_limit", "status",
     R"r(\b(?:HTTP|status|code|error|Error)\S*[ :=]+(?:Error |error |status |code )*"?([45]\d\d)\b)r",
     4, 4},
    {"external/auth", "status",
     R"r(\b(?:HTTP|status|code|error|Error)\S*[ :=]+(?:Error |error |status |code )*"?(40[13])\b)r",
     4, 4},
    {"external/auth", "code", R"r(\b(5\d\d)[ -]5\.7\.\d)r", 1, 1},
    {"external/auth", "user",
     R"r(\b(?:user|login|account|as)(?:name)?[ =:]+['"]?([A-Za-z][\w.-]*[\w])['"]?)r", 6, 2},
    {"external/database", "code", R"r(\b(?:errno|error|code)[ =:#(]+(\d{4})\b)r", 4, 4},
    {"resource/quota", "bucket", R"r(\bbucket"?(?:=|: ?| ')"?([A-Za-z0-9][\w.-]*[A-Za-z0-9]))r",
     500, 20},
    {"resource/quota|external/auth|external/http_status", "bucket",
     R"r(\b(?:s3|gs)://([A-Za-z0-9][\w.-]*[A-Za-z0-9]))r", 200, 20},
    {"data/input_format|data/empty_input|script/file_missing|script/permission|resource/file_size",
     "file",
     R"r((?:^|[\s'"`=(\[])((?:[\w~.-]*/)?[\w.@+-]*[\w@+-]\.(?:json|jsonl|ndjson|csv|tsv|xml|ya?ml|toml|ini|conf|cfg|txt|log|gz|bz2|xz|zst|zip|tar|tgz|db|sqlite3?|sql|parquet|avro|html?|pdf|png|jpe?g|gif|tiff?|svg|xlsx?|ods|docx?|dat|bin|md|rst|dump|bak|eml|ics|geojson|shp|gpx|wav|ogg|mp3|mp4))(?:[\s'"`,:;)\]]|$))r",
     20, 2},
    {"script/syntax|code/assertion", "file",
     R"r((?:^|[\s'"`(])([\w./+-]*[\w+-]\.(?:py|sh|bash|pl|pm|rb|php|js|mjs|ts|go|rs|java|c|cc|cpp|h|lua|r|R|awk|sql|ya?ml))(?::\d|", line|: line|[\s'",:)]|$))r",
     4, 1},
    {"control/upstream_failed", "job", R"r(\b(?:job|task|upstream)[ =:'"]+([\w.-]*\w))r", 4, 2},
};

struct Compiled {
  const Source* source;
  std::unique_ptr<re2::RE2> program;
};

const std::vector<Compiled>& sources() {
  static const auto compiled = [] {
    std::vector<Compiled> result;
    for (const auto& source : kSources) {
      re2::RE2::Options options;
      options.set_log_errors(false);
      result.push_back({&source, std::make_unique<re2::RE2>(source.pattern, options)});
    }
    return result;
  }();
  return compiled;
}

bool is_about(std::string_view cause, std::string_view causes) {
  while (!causes.empty()) {
    const auto end = causes.find('|');
    if (cause.starts_with(causes.substr(0, end))) return true;
    causes = end == std::string_view::npos ? std::string_view{} : causes.substr(end + 1);
  }
  return false;
}

void crash_signal(std::string_view line, Slots& slots) {
  struct Words {
    std::string_view words, signal;
  };
  constexpr Words kWords[] = {{"egmentation fault", "SIGSEGV"},
                              {"SIGSEGV", "SIGSEGV"},
                              {"segfault", "SIGSEGV"},
                              {"us error", "SIGBUS"},
                              {"SIGBUS", "SIGBUS"},
                              {"loating point exception", "SIGFPE"},
                              {"SIGFPE", "SIGFPE"},
                              {"llegal instruction", "SIGILL"},
                              {"SIGILL", "SIGILL"},
                              {"Aborted", "SIGABRT"},
                              {"SIGABRT", "SIGABRT"},
                              {"corruption", "SIGABRT"},
                              {"free()", "SIGABRT"},
                              {"malloc()", "SIGABRT"},
                              {"smashing", "SIGABRT"}};
  for (const auto& [words, signal] : kWords) {
    if (line.find(words) != line.npos) return set_slot(slots, "signal", signal);
  }
}

// Where a word was taken for a name and the line has a better one.
void improve(std::string_view line, std::string_view name, const re2::RE2& better, Slots& slots) {
  const auto known = std::ranges::find(slots, name, &Slots::value_type::first);
  if (known == slots.end() || known->second.find_first_of("./:") != std::string::npos) return;
  std::string found;
  if (known->second != "localhost" &&
      re2::RE2::PartialMatch({line.data(), line.size()}, better, &found)) {
    known->second = found;
  }
}

}  // namespace

void complete_slots(const Prepared& log, const Finding& finding, Slots& slots) {
  static const re2::RE2 host(
      R"((?:^|[\s'"(@=])([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[a-z]{2,12})\b)");
  static const re2::RE2 path(R"((?:^|[\s'"(=])((?:\.{0,2}/|[\w-]+/)[\w./+-]*\w))");
  const auto words = log.clean[finding.line].substr(0, kRuleBytes);
  if (finding.cause == "external/dns") improve(words, "host", host, slots);
  if (is_about(finding.cause, "platform/exec|script/file_missing|script/permission")) {
    improve(words, "file", path, slots);
  }
  if (finding.cause == "code/crash_signal") crash_signal(log.clean[finding.line], slots);
  const auto size = static_cast<std::uint32_t>(log.size());
  for (const auto& [source, program] : sources()) {
    if (!is_about(finding.cause, source->causes) || !slot(slots, source->slot).empty()) continue;
    const auto take = [&](std::uint32_t i) {
      const auto text = log.clean[i].substr(0, kRuleBytes);
      re2::StringPiece groups[2];
      if (!program->Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED, groups,
                          2)) {
        return false;
      }
      set_slot(slots, source->slot, {groups[1].data(), groups[1].size()});
      return true;
    };
    if (take(finding.line)) continue;
    bool done = false;
    // ... but where the program itself is at fault.
    if (is_about(finding.cause, "script/syntax|code/assertion")) {
      for (auto i = finding.line; !done && i > finding.first;) done = take(--i);
      for (auto i = finding.line + 1; !done && i <= finding.last; ++i) done = take(i);
    }
    // Frames and source lines of a trace speak of the program, not of what it worked on.
    for (std::uint32_t d = 1; !done && d <= source->before && d <= finding.first; ++d) {
      done = take(finding.first - d);
    }
    for (std::uint32_t d = 1; !done && d <= source->after && finding.last + d < size; ++d) {
      done = take(finding.last + d);
    }
  }
}

}  // namespace logboom::query::why
