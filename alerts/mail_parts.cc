// A notice as the plain and the HTML part of a mail. Both are made of the same sections, so that
// neither says less than the other.
#include <algorithm>
#include <utility>
#include <vector>

#include "alerts/notice.h"
#include "alerts/text.h"

namespace logboom::alerts {
namespace {

constexpr std::size_t kColumns = 76;
constexpr std::size_t kLineRows = 4;  // of the screen, for one line of a log

using Rows = std::vector<std::pair<std::string, std::string>>;

struct Sections {
  std::string status, title, summary, cause;
  std::vector<std::string> evidence;
  std::vector<Proof::Line> lines;
  std::int64_t more_lines = 0;
  Rows facts;
  std::vector<std::string> notes, commands;
  std::string link;
  std::vector<std::string> footer;
  std::string unsubscribe;  // a link; never broken
};

void add(Rows& rows, std::string name, std::string value) {
  if (!value.empty()) rows.emplace_back(std::move(name), std::move(value));
}

std::string exit_fact(const RunEvent& end) {
  std::string text;
  if (end.signal > 0) {
    text = "killed by " + signal_words(end.signal);
    if (end.core_dumped == 1) text += ", core dumped";
  } else if (end.exit_code >= 0) {
    text = std::to_string(end.exit_code);
  }
  if (end.timed_out == 1) text += text.empty() ? "time limit" : ", at its time limit";
  if (end.oom_kills > 0) text += text.empty() ? "out of memory" : ", out of memory";
  if (!end.reason.empty()) text += (text.empty() ? "" : ", ") + end.reason;
  return clean_line(text);
}

std::string memory_fact(const store::Run& run) {
  std::string text;
  const auto& last = run.end ? run.end : run.last_sample;
  if (last && last->memory_bytes >= 0) {
    text = size_words(last->memory_bytes) + (run.end ? " at its peak" : "");
  }
  std::int64_t limit = run.start ? run.start->memory_limit_bytes : -1;
  if (run.last_sample && run.last_sample->memory_limit_bytes > 0) {
    limit = run.last_sample->memory_limit_bytes;
  }
  if (limit > 0) text += (text.empty() ? "limit " : " of ") + size_words(limit);
  return text;
}

void add_run_facts(Rows& rows, const store::Run& run) {
  add(rows, "run", run.id);
  if (run.start) {
    add(rows, "command", cut(clean_line(run.start->command), 300));
    const auto& where = run.start->pod.empty() ? run.start->node : run.start->pod;
    add(rows, "where", clean_line(where));
    add(rows, "started", time_words(run.start->time_ns));
  }
  if (!run.end) return;
  add(rows, "exit", exit_fact(*run.end));
  if (run.end->wall_ms >= 0) add(rows, "duration", duration_words(run.end->wall_ms * 1'000'000));
  if (run.end->cpu_ms >= 0) add(rows, "CPU time", duration_words(run.end->cpu_ms * 1'000'000));
}

Rows facts(const Notice& notice) {
  Rows rows;
  const auto& incident = notice.incident;
  if (notice.run) {
    add_run_facts(rows, *notice.run);
    add(rows, "memory", memory_fact(*notice.run));
  }
  if (incident.first_bad_ns > 0) {
    add(rows, incident.open() ? "failing since" : "failed since",
        time_words(incident.first_bad_ns) + ", run " + incident.first_run +
            (incident.failures > 0 ? " (" + counted(incident.failures, "failure") + ")" : ""));
  }
  if (!incident.last_good.empty()) {
    std::string good = "run " + incident.last_good;
    if (notice.last_good_ns > 0) good = time_words(notice.last_good_ns) + ", " + good;
    if (incident.good_before > 0) good += " (" + counted(incident.good_before, "good run") + ")";
    add(rows, "last good", good);
  } else if (notice.tell == Tell::failed && incident.kind != Kind::missed) {
    add(rows, "last good", "none known");
  }
  if (notice.next_tick_ns > 0) add(rows, "next run due", time_words(notice.next_tick_ns));
  return rows;
}

// For pasting into a shell.
std::string shell_word(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._/-").find(c) != std::string_view::npos;
  });
  if (plain) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string title_of(const Notice& notice) {
  return clean_line(notice.incident.tool + "/" + notice.incident.job);
}

Sections sections(const Notice& notice, std::string_view recipient,
                  std::string_view unsubscribe_url) {
  Sections s;
  const auto& incident = notice.incident;
  s.status = status_word(notice);
  s.title = title_of(notice);
  s.summary = summary(notice);
  const bool bad = s.status != "RECOVERED" && notice.tell != Tell::test;
  if (bad && !incident.cause.empty()) {
    s.cause = clean_line(incident.cause);
    if (notice.proof.confidence > 0) {
      s.cause += ", " + std::to_string(notice.proof.confidence) + " % sure";
    }
    if (!notice.proof.complete) s.cause += "; the log is incomplete";
  }
  if (bad) {
    s.evidence = notice.proof.evidence;
    s.lines = notice.proof.lines;
    const std::int64_t all = notice.run && notice.run->end ? notice.run->end->lines : 0;
    s.more_lines = std::max<std::int64_t>(0, all - static_cast<std::int64_t>(s.lines.size()));
  }
  s.facts = facts(notice);
  for (const auto& note : incident.notes) s.notes.push_back(cut(clean_line(note), 300));
  if (!incident.last_run.empty()) {
    s.commands.push_back("logs why " + incident.last_run);
    s.commands.push_back("logs runs " + shell_word(s.title));
    if (!notice.base_url.empty()) s.link = notice.base_url + "/runs/" + incident.last_run;
  }
  s.footer.push_back("You get this because " + std::string(recipient) +
                     " is named among the recipients (alerts.recipients) of the tool " +
                     incident.tool + ".");
  s.footer.push_back("Incident " + incident.id + ", message " + std::to_string(incident.messages) +
                     ".");
  s.unsubscribe = unsubscribe_url;
  return s;
}

// A log line on a few rows of the screen, its number before it.
std::string numbered(const Proof::Line& line) {
  std::string number = std::to_string(line.number);
  if (number.size() < 6) number.insert(0, 6 - number.size(), ' ');
  const std::string head = (line.cited ? "> " : "  ") + number + " | ";
  std::string text = wrapped(head + line.text, std::string(8, ' ') + " | ", kColumns);
  std::size_t end = 0;
  for (std::size_t row = 0; row < kLineRows; ++row) {
    end = text.find('\n', end);
    if (end == std::string::npos) return text;
    ++end;
  }
  if (end < text.size()) text.replace(end, std::string::npos, std::string(8, ' ') + " | \u2026\n");
  return text;
}

std::string plain_text(const Sections& s) {
  std::string out = wrapped(s.status + " " + s.title, "", kColumns) + "\n";
  out += wrapped(s.summary, "", kColumns);
  if (!s.cause.empty()) out += wrapped("Cause: " + s.cause, "", kColumns);
  if (!s.evidence.empty()) out += "\nWhy\n";
  for (const auto& sentence : s.evidence) out += wrapped("  - " + sentence, "    ", kColumns);
  if (!s.lines.empty()) out += "\nLines\n";
  std::int64_t before = s.lines.empty() ? 0 : s.lines.front().number - 1;
  for (const auto& line : s.lines) {
    if (line.number > before + 1) out += "         :\n";
    before = line.number;
    out += numbered(line);
  }
  if (!s.lines.empty() && s.more_lines > 0) {
    out += "  \u2026 " + counted(s.more_lines, "more line") + "\n";
  }
  if (!s.facts.empty()) out += "\nFacts\n";
  for (const auto& [name, value] : s.facts) {
    out +=
        wrapped("  " + name + std::string(15 - std::min<std::size_t>(14, name.size()), ' ') + value,
                std::string(17, ' '), kColumns);
  }
  if (!s.notes.empty()) out += "\nAlso in this incident\n";
  for (const auto& note : s.notes) out += wrapped("  - " + note, "    ", kColumns);
  if (!s.commands.empty()) out += "\nMore\n";
  for (const auto& command : s.commands) out += "  " + command + "\n";
  if (!s.link.empty()) out += "  " + s.link + "\n";
  out += "\n-- \n";
  for (const auto& sentence : s.footer) out += wrapped(sentence, "", kColumns);
  if (!s.unsubscribe.empty()) out += "No more of this tool:\n" + s.unsubscribe + "\n";
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string html_lines(const Sections& s) {
  std::string out =
      "<pre style=\"background:#f6f6f6;padding:8px;white-space:pre-wrap;overflow-wrap:anywhere\">";
  for (const auto& line : s.lines) {
    const std::string text = std::to_string(line.number) + "  " + escaped(line.text);
    out += line.cited ? "<b>&gt; " + text + "</b>\n" : "  " + text + "\n";
  }
  if (s.more_lines > 0) out += "\u2026 " + counted(s.more_lines, "more line") + "\n";
  return out + "</pre>\n";
}

std::string html_list(std::string_view title, const std::vector<std::string>& items) {
  if (items.empty()) return {};
  std::string out = "<h2 style=\"font-size:1em\">" + std::string(title) + "</h2>\n<ul>\n";
  for (const auto& item : items) out += "<li>" + escaped(item) + "</li>\n";
  return out + "</ul>\n";
}

std::string html_text(const Sections& s) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<title>" +
      escaped(s.status + " " + s.title) +
      "</title></head>\n"
      "<body style=\"font-family:sans-serif;max-width:60em\">\n";
  out += "<h1 style=\"font-size:1.2em\">" + escaped(s.status + " " + s.title) + "</h1>\n";
  out += "<p><b>" + escaped(s.summary) + "</b></p>\n";
  if (!s.cause.empty()) out += "<p>Cause: " + escaped(s.cause) + "</p>\n";
  out += html_list("Why", s.evidence);
  if (!s.lines.empty()) out += "<h2 style=\"font-size:1em\">Lines</h2>\n" + html_lines(s);
  if (!s.facts.empty()) {
    out += "<table style=\"border-spacing:12px 2px;text-align:left\">\n";
    for (const auto& [name, value] : s.facts) {
      out +=
          "<tr><th scope=\"row\">" + escaped(name) + "</th><td>" + escaped(value) + "</td></tr>\n";
    }
    out += "</table>\n";
  }
  out += html_list("Also in this incident", s.notes);
  for (const auto& command : s.commands) out += "<p><code>" + escaped(command) + "</code></p>\n";
  if (!s.link.empty()) {
    out += "<p><a href=\"" + escaped(s.link) + "\">" + escaped(s.link) + "</a></p>\n";
  }
  out += "<hr>\n";
  for (const auto& sentence : s.footer) {
    out += "<p style=\"color:#555;font-size:.85em\">" + escaped(sentence) + "</p>\n";
  }
  if (!s.unsubscribe.empty()) {
    out += "<p style=\"font-size:.85em\"><a href=\"" + escaped(s.unsubscribe) +
           "\">No more of this tool</a></p>\n";
  }
  return out + "</body></html>\n";
}

}  // namespace

MailParts mail_parts(const Notice& notice, std::string_view recipient,
                     std::string_view unsubscribe_url) {
  const Sections s = sections(notice, recipient, unsubscribe_url);
  MailParts parts;
  parts.subject = cut("[" + clean_line(notice.incident.tool) + "] " + s.status + " " +
                          clean_line(notice.incident.job) + ": " + s.summary,
                      200);
  parts.plain = plain_text(s);
  parts.html = html_text(s);
  return parts;
}

MailParts digest_parts(std::string_view tool, const std::vector<std::string>& lines,
                       std::string_view base_url, std::string_view unsubscribe_url) {
  Sections s;
  s.status = "DIGEST";
  s.title = clean_line(tool);
  s.summary = counted(static_cast<std::int64_t>(lines.size()), "message") +
              " held back, since there were too many in an hour";
  s.evidence = lines;
  s.commands = {"logs runs --failed"};
  s.link = base_url;
  s.unsubscribe = unsubscribe_url;
  return {"[" + s.title + "] DIGEST: " + s.summary, plain_text(s), html_text(s)};
}

}  // namespace logboom::alerts
