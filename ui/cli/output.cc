#include "ui/cli/output.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/options.h"
#include "core/time.h"
#include "ui/cli/answer.h"
#include "ui/cli/terminal.h"

namespace logboom::ui::cli {
namespace {

constexpr std::string_view kReset = "\x1b[0m", kDim = "\x1b[2m", kHit = "\x1b[1;7m";
// Colours that read well on light and dark backgrounds; red and yellow are kept for levels.
constexpr auto kJobColours =
    std::to_array<std::string_view>({"\x1b[36m", "\x1b[32m", "\x1b[35m", "\x1b[34m", "\x1b[96m",
                                     "\x1b[92m", "\x1b[95m", "\x1b[94m"});

std::string_view level_colour(Level level) {
  switch (level) {
    case Level::critical:
      return "\x1b[1;31m";
    case Level::error:
      return "\x1b[31m";
    case Level::warn:
      return "\x1b[33m";
    case Level::debug:
    case Level::trace:
      return kDim;
    default:
      return "";
  }
}

std::string_view job_colour(std::string_view job) {
  std::uint32_t hash = 2'166'136'261u;  // FNV-1a: the same job has the same colour every day
  for (const char c : job) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619u;
  return kJobColours[hash % kJobColours.size()];
}

// What a line comes from, in one word.
std::string_view source_name(const Line& line) {
  for (const char* name : {"job", "service_name", "container", "filename"}) {
    if (const auto value = line.get(name); !value.empty()) return value;
  }
  return "-";
}

struct Span {
  std::size_t start, end;
};

// Where the words stand, joined where they touch.
std::vector<Span> hits(std::string_view text, const Words& words) {
  std::vector<Span> spans;
  const auto folded = lower(text);
  for (const auto& word : words.wanted) {
    for (std::size_t at = 0; (at = folded.find(word, at)) != std::string::npos; at += word.size()) {
      spans.push_back({at, at + word.size()});
    }
  }
  std::ranges::sort(spans, {}, &Span::start);
  std::vector<Span> joined;
  for (const auto& span : spans) {
    if (!joined.empty() && span.start <= joined.back().end) {
      joined.back().end = std::max(joined.back().end, span.end);
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

std::string paint(std::string_view text, std::string_view colour, const Words& words) {
  std::string out(colour);
  std::size_t done = 0;
  for (const auto& span : hits(text, words)) {
    out.append(text.substr(done, span.start - done)).append(kHit);
    out.append(text.substr(span.start, span.end - span.start)).append(kReset).append(colour);
    done = span.end;
  }
  out.append(text.substr(done));
  return out.append(out.contains('\x1b') ? kReset : "");
}

std::string csv_quote(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out += '"';
}

std::string logfmt_quote(std::string_view text) {
  const bool plain = !text.empty() && std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' || c == '\x7f';
  });
  return plain ? std::string(text) : json_quote(text);
}

std::string labels_json(const Line& line) {
  std::string out = "{";
  const auto add = [&](const auto& pair) {
    if (out.size() > 1) out += ',';
    out.append(json_quote(pair.first)).append(":").append(json_quote(pair.second));
  };
  if (line.labels) std::ranges::for_each(line.labels->pairs(), add);
  for (const auto& pair : line.metadata) {
    // A name may stand once in an object; the stream's label is the one to keep.
    if (!line.labels || line.labels->get(pair.first).empty()) add(pair);
  }
  return out += '}';
}

const std::vector<std::string>& default_fields(Format format) {
  static const std::vector<std::string> object = {"ts",    "tenant", "job",    "run", "stream",
                                                  "level", "line",   "labels", "id"};
  static const std::vector<std::string> row = {"ts", "job", "stream", "level", "line"};
  return format == Format::json || format == Format::jsonl ? object : row;
}

}  // namespace

Result<Format> parse_format(std::string_view text) {
  static const std::vector<std::string> names = {"text", "raw", "json", "jsonl", "logfmt", "csv"};
  const auto found = std::ranges::find(names, text);
  if (found != names.end()) return static_cast<Format>(found - names.begin());
  const auto near = nearest(text, names);
  return fail(Errc::invalid, "--output: unknown format '" + std::string(text) + "'" +
                                 (near.empty() ? "; one of text, raw, json, jsonl, logfmt, csv"
                                               : "; did you mean '" + near + "'?"));
}

Printer::Printer(OutputOptions options, std::ostream& out)
    : options_(std::move(options)), out_(out) {
  if (options_.fields.empty()) {
    if (options_.format != Format::text) options_.fields = default_fields(options_.format);
  } else if (options_.format == Format::raw) {
    options_.format = Format::text;
  }
  if (options_.format == Format::json) out_ << '[';
  if (options_.format == Format::csv) {
    for (std::size_t i = 0; i < options_.fields.size(); ++i) {
      out_ << (i == 0 ? "" : ",") << csv_quote(options_.fields[i]);
    }
    out_ << "\n";
  }
}

std::string Printer::shown(std::string_view text) const {
  return options_.safe ? printable(text) : std::string(text);
}

std::string Printer::field(const Line& line, std::string_view name) const {
  if (name == "ts" || name == "time") return format_rfc3339(line.time_ns);
  if (name == "tenant" || name == "tool") return options_.tool;
  if (name == "line") return line.body;
  if (name == "id") return line.id;
  if (name == "level") return std::string(logboom::name(line.level()));
  if (name == "labels") return labels_json(line);
  return std::string(line.get(name));
}

// A line that holds line breaks goes on indented, so that no part of it passes for another line.
std::string Printer::body(const Line& line) const {
  std::string text;
  std::string_view rest = line.body;
  for (;;) {
    const auto end = rest.find('\n');
    text += shown(rest.substr(0, end));
    if (end == std::string_view::npos || end + 1 == rest.size()) break;
    text += options_.format == Format::raw ? "\n" : "\n    ";
    rest.remove_prefix(end + 1);
  }
  const bool plain = !options_.colour || options_.format == Format::raw;
  return plain ? text : paint(text, level_colour(line.level()), options_.highlight);
}

void Printer::print_text(const Line& line) {
  const std::string_view dim = options_.colour ? kDim : "", reset = options_.colour ? kReset : "";
  if (!options_.fields.empty()) {
    for (std::size_t i = 0; i < options_.fields.size(); ++i) {
      out_ << (i == 0 ? "" : "\t") << shown(field(line, options_.fields[i]));
    }
    out_ << "\n";
    return;
  }
  const auto time = format_when(line.time_ns, options_.times, options_.now(), options_.zone);
  if (!time.empty()) out_ << dim << time << reset << ' ';
  if (options_.show_job) {
    const auto job = source_name(line);
    out_ << (options_.colour ? job_colour(job) : "") << printable(job) << reset << ' ';
  }
  if (options_.colour && line.get("stream") == "stderr") {
    out_ << "\x1b[2;31m\xe2\x94\x82" << kReset << ' ';  // a thin bar
  }
  out_ << body(line) << "\n";
}

void Printer::print_object(const Line& line) {
  out_ << '{';
  for (std::size_t i = 0; i < options_.fields.size(); ++i) {
    const auto& name = options_.fields[i];
    const auto value = field(line, name);
    out_ << (i == 0 ? "" : ",") << json_quote(name) << ':'
         << (name == "labels" ? value : json_quote(value));
  }
  out_ << '}';
}

void Printer::print_row(const Line& line) {
  const bool csv = options_.format == Format::csv;
  const char* separator = "";
  for (const auto& name : options_.fields) {
    const auto value = shown(field(line, name));
    if (!csv && value.empty()) continue;
    out_ << separator << (csv ? "" : name + "=") << (csv ? csv_quote(value) : logfmt_quote(value));
    separator = csv ? "," : " ";
  }
  out_ << "\n";
}

void Printer::print(const Line& line) {
  switch (options_.format) {
    case Format::text:
      print_text(line);
      break;
    case Format::raw:
      out_ << body(line) << "\n";
      break;
    case Format::json:
      out_ << (first_ ? "\n" : ",\n");
      print_object(line);
      break;
    case Format::jsonl:
      print_object(line);
      out_ << "\n";
      break;
    case Format::logfmt:
    case Format::csv:
      print_row(line);
      break;
  }
  first_ = false;
}

void Printer::separate() {
  if (options_.format != Format::text && options_.format != Format::raw) return;
  out_ << (options_.colour ? "\x1b[2m--\x1b[0m\n" : "--\n");
}

void Printer::finish() {
  if (options_.format == Format::json) out_ << (first_ ? "]\n" : "\n]\n");
}

}  // namespace logboom::ui::cli
