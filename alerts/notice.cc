#include "alerts/notice.h"

#include "alerts/text.h"

namespace logboom::alerts {
namespace {

bool is_good_news(const Notice& notice) {
  return notice.tell == Tell::recovered || notice.tell == Tell::resumed ||
         (notice.tell == Tell::steady && !notice.incident.open());
}

bool says(const std::string& text, std::string_view word) {
  return text.find(word) != std::string::npos;
}

// "exit 1: ", where the headline does not say it itself.
std::string exit_words(const Notice& notice) {
  if (!notice.run || !notice.run->end) return {};
  const auto& end = *notice.run->end;
  const auto& headline = notice.incident.headline;
  if (says(headline, "exit") || says(headline, "SIG") || says(headline, "killed")) return {};
  if (end.signal > 0) return "killed by " + signal_words(end.signal) + ": ";
  if (end.exit_code > 0) return "exit " + std::to_string(end.exit_code) + ": ";
  return {};
}

std::string good_words(const Notice& notice) {
  const auto& incident = notice.incident;
  if (notice.tell == Tell::steady) return "steady again, three good runs in a row";
  const std::string lasted = duration_words(notice.now_ns - incident.first_bad_ns);
  switch (incident.kind) {
    case Kind::frozen:
      return notice.run && notice.run->end
                 ? "ended, after " + lasted + " without a sign of work"
                 : "works again, after " + lasted + " without a sign of it";
    case Kind::missed:
      return "ran, after " + counted(incident.failures, "missed or failed run") + " (" + lasted +
             ")";
    default:
      return "after " + counted(incident.failures, "failure") + " (" + lasted + ")";
  }
}

std::string link_or_command(const Notice& notice) {
  const auto& run = notice.incident.last_run;
  if (run.empty()) return notice.base_url;
  if (!notice.base_url.empty()) return notice.base_url + "/runs/" + run;
  return "logs why " + run;
}

std::string since_words(const Notice& notice) {
  if (is_good_news(notice) || notice.tell == Tell::test) return {};
  const auto& incident = notice.incident;
  std::string words = "first " + clock_words(incident.first_bad_ns, notice.now_ns);
  if (incident.failures > 1) words += ", " + counted(incident.failures, "failure");
  if (incident.good_before > 0) words += ", was ok " + counted(incident.good_before, "run");
  return " (" + words + ")";
}

}  // namespace

std::string Notice::id() const { return incident.id + "." + std::to_string(incident.messages); }

std::string status_word(const Notice& notice) {
  if (notice.tell == Tell::test) return "TEST";
  if (notice.tell == Tell::flapping) return "FLAPPING";
  if (is_good_news(notice)) return "RECOVERED";
  switch (notice.incident.kind) {
    case Kind::missed:
      return "MISSED";
    case Kind::lost:
      return "LOST";
    case Kind::frozen:
      return "FROZEN";
    case Kind::failed:
      break;
  }
  return "FAILED";
}

std::string summary(const Notice& notice) {
  const auto& incident = notice.incident;
  if (notice.tell == Tell::test) return clean_line(incident.headline);
  if (is_good_news(notice)) return good_words(notice);
  std::string words;
  if (notice.tell == Tell::changed) words = "now fails differently: ";
  if (notice.tell == Tell::flapping) {
    words = "failed and recovered in turn, " + std::to_string(JobState::kFlapChanges) +
            " changes in 24 h; quiet until three runs in a row agree; last: ";
    if (!incident.open()) return words + "good";
  }
  words += exit_words(notice);
  words +=
      incident.headline.empty() ? std::string("no cause found") : clean_line(incident.headline);
  while (words.ends_with('.')) words.pop_back();
  return words;
}

std::string irc_line(const Notice& notice) {
  const auto& incident = notice.incident;
  const std::string start =
      status_word(notice) + " " + clean_line(incident.tool + "/" + cut(incident.job, 80));
  const std::string end =
      since_words(notice) + " " + clean_line(link_or_command(notice)) + " [" + incident.id + "]";
  const std::string_view glue = is_good_news(notice) && notice.tell != Tell::steady ? " " : ": ";
  const std::size_t used = start.size() + glue.size() + end.size();
  const std::size_t room = used + 40 < kMaxIrcLine ? kMaxIrcLine - used : 40;
  return cut(start + std::string(glue) + cut(summary(notice), room) + end, kMaxIrcLine);
}

std::string digest_line(std::string_view tool, const std::vector<std::string>& lines,
                        std::string_view base_url) {
  std::string line = "DIGEST " + clean_line(tool) + ": " +
                     counted(static_cast<std::int64_t>(lines.size()), "message") +
                     " held back, too many in an hour; the last: ";
  const std::string end =
      base_url.empty() ? std::string(" - logs runs --failed") : " " + std::string(base_url);
  if (!lines.empty()) line += cut(lines.back(), kMaxIrcLine - line.size() - end.size());
  return cut(line + end, kMaxIrcLine);
}

}  // namespace logboom::alerts
