#include "ui/cli/log_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>

#include "query/why/why.h"

namespace logboom::ui::cli {
namespace {

namespace why = query::why;

constexpr std::size_t kMaxTailBytes = 256 << 20;  // of the end of a log too long to keep whole

// The lines of a log of any length: its beginning and its end.
class Lines {
 public:
  void read(std::istream& in) {
    std::string chunk(64 * 1024, '\0');
    while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())), in.gcount() > 0) {
      add({chunk.data(), static_cast<std::size_t>(in.gcount())});
    }
    if (partial_) end_line();
  }

  [[nodiscard]] std::vector<why::LogLine> views() const {
    std::vector<why::LogLine> lines;
    lines.reserve(head_.size() + tail_.size());
    const auto add = [&](const NumberedLine& line) {
      lines.push_back({.number = line.number, .text = line.text});
    };
    std::ranges::for_each(head_, add);
    std::ranges::for_each(tail_, add);
    return lines;
  }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const auto part = bytes.substr(0, end);
      const auto room = why::kMaxLineBytes - std::min(why::kMaxLineBytes, line_.size());
      line_.append(part.substr(0, room));
      partial_ = true;
      if (end == std::string_view::npos) return;
      end_line();
      bytes.remove_prefix(end + 1);
    }
  }

  void end_line() {
    NumberedLine line{++number_, std::move(line_)};
    line_.clear();
    partial_ = false;
    if (head_.size() < why::kHeadLines) {
      head_.push_back(std::move(line));
      return;
    }
    tail_bytes_ += line.text.size();
    tail_.push_back(std::move(line));
    while (tail_.size() > why::kMaxLines - why::kHeadLines || tail_bytes_ > kMaxTailBytes) {
      tail_bytes_ -= tail_.front().text.size();
      tail_.pop_front();
      ++dropped_;
    }
  }

  std::vector<NumberedLine> head_;
  std::deque<NumberedLine> tail_;
  std::string line_;
  bool partial_ = false;
  std::uint32_t number_ = 0;
  std::size_t tail_bytes_ = 0;
  std::uint64_t dropped_ = 0;
};

Result<Lines> read(const std::string& path, std::istream& in) {
  Lines lines;
  if (path == "-") {
    lines.read(in);
    return lines;
  }
  const auto refused = [&](std::string_view reason) {
    return fail(Errc::io, "cannot read '" + path + "': " + std::string(reason));
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return refused("it is a directory");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return refused(std::strerror(errno == 0 ? EIO : errno));
  lines.read(file);
  if (file.bad()) return refused(std::strerror(errno == 0 ? EIO : errno));
  return lines;
}

RunEvent ended_with(std::int64_t exit_code) {
  RunEvent end;
  end.kind = RunEvent::Kind::end;
  end.exit_code = exit_code;
  return end;
}

// The cited lines' neighbours, as the server would answer them.
std::vector<NumberedLine> context(const why::Verdict& verdict,
                                  const std::vector<why::LogLine>& lines) {
  std::vector<NumberedLine> result;
  for (const auto& [first, last] : verdict.excerpt) {
    auto line = std::ranges::lower_bound(lines, first, {}, &why::LogLine::number);
    for (; line != lines.end() && line->number <= last; ++line) {
      result.push_back({line->number, std::string(line->text)});
    }
  }
  return result;
}

// The members that only a ledger knows, so that the answer has the form of the server's.
std::string without_history(std::string json) {
  if (json.ends_with('}')) json.pop_back();
  return json + (json.ends_with('{') ? "" : ",") +
         R"("run":null,"failing_since":null,"last_good":null,"first_seen":null})";
}

VerdictInfo info(const why::Verdict& verdict, const std::vector<why::LogLine>& lines) {
  VerdictInfo info;
  info.outcome = verdict.outcome;
  info.cause = verdict.cause;
  info.headline = verdict.headline;
  info.fingerprint = verdict.fingerprint;
  info.confidence = verdict.confidence;
  info.slots = verdict.slots;
  for (const auto& line : verdict.lines) info.lines.push_back({line.number, line.text});
  info.context = context(verdict, lines);
  for (const auto& evidence : verdict.evidence) {
    info.evidence.push_back({evidence.kind, evidence.text, evidence.line.value_or(0)});
  }
  return info;
}

}  // namespace

Result<FileVerdict> explain_file(const std::string& path, std::istream& in,
                                 const std::vector<std::string>& baselines,
                                 std::optional<std::int64_t> exit_code) {
  why::Case the_case;
  the_case.facts.from_file = true;
  if (exit_code) the_case.facts.end = ended_with(*exit_code);
  const auto log = read(path, in);
  if (!log) return fail(log.error());
  for (const auto& baseline : baselines) {
    if (the_case.good.size() == kMaxBaselines) break;
    const auto good = read(baseline, in);
    if (!good) return fail(good.error());
    why::Facts facts;
    facts.end = ended_with(0);
    facts.from_file = true;
    the_case.good.push_back(why::sketch(good->views(), facts));
  }
  the_case.lines = log->views();
  the_case.dropped_lines = log->dropped();
  const auto verdict = why::explain(the_case);
  return FileVerdict{.verdict = info(verdict, the_case.lines),
                     .json = without_history(why::to_json(verdict)),
                     .empty = the_case.lines.empty()};
}

}  // namespace logboom::ui::cli
