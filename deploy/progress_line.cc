#include "deploy/progress_line.h"

#include <chrono>
#include <cstdio>

#include "core/time.h"
#include "query/long_task.h"

namespace logboom::deploy {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Between two showings.
std::int64_t pause_of(ProgressForm form) {
  switch (form) {
    case ProgressForm::terminal:
      return kSecond / 5;
    case ProgressForm::plain:
      return 5 * kSecond;
    case ProgressForm::json:
      return kSecond;
  }
  return kSecond;
}

std::string number(double value, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof text, value < 100 ? "%.1f %s" : "%.0f %s", value, unit);
  return text;
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes);
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(units); ++unit) value /= 1024;
  return number(value, units[unit]);
}

ProgressLine::ProgressLine(ProgressForm form, Write write, std::function<std::int64_t()> now_ns)
    : form_(form), write_(std::move(write)), now_ns_(std::move(now_ns)), shown_ns_(now_ns_()) {}

std::string ProgressLine::text(const store::Step& step, std::int64_t now) const {
  std::string line(step.what);
  if (step.total == 0) return line;
  if (step.unit != "bytes")
    return line + "  " + std::to_string(step.done) + "/" + std::to_string(step.total) + " " +
           std::string(step.unit);
  line += "  " + std::to_string(step.done * 100 / step.total) + " %";
  const auto seconds = static_cast<double>(now - since_ns_) / kSecond;
  if (seconds <= 0 || step.done <= from_) return line;
  const auto speed = static_cast<double>(step.done - from_) / seconds;
  line += "  " + number(speed / 1e6, "MB/s");
  const auto left = std::chrono::seconds(
      static_cast<std::int64_t>(static_cast<double>(step.total - step.done) / speed) + 1);
  return step.done < step.total ? line + "  " + format_duration(left) + " left" : line;
}

void ProgressLine::tell(const store::Step& step) {
  if (step.what.empty()) return;
  const auto now = now_ns_();
  if (step.what != what_) {
    what_ = step.what;
    since_ns_ = now;
    from_ = step.done;
  }
  if (now - shown_ns_ < pause_of(form_)) return;
  shown_ns_ = now;
  if (form_ == ProgressForm::json) {
    write_(query::progress_line(step));
    return;
  }
  shown_ = true;
  const auto line = text(step, now);
  write_(form_ == ProgressForm::terminal ? "\r\x1b[K" + line : line + "\n");
}

void ProgressLine::clear() {
  if (form_ == ProgressForm::terminal && shown_) write_("\r\x1b[K");
  shown_ = false;
}

}  // namespace logboom::deploy
