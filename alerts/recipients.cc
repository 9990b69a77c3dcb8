#include "alerts/recipients.h"

#include <algorithm>

#include "alerts/notify/irc_session.h"
#include "alerts/notify/mime.h"
#include "core/labels.h"

namespace logboom::alerts {
namespace {

// How exactly a rule fits; higher wins.
int rank(bool has_job, bool any_tool, bool has_kind) {
  return (has_job ? 4 : any_tool ? 0 : 2) + (has_kind ? 1 : 0);
}

Recipient filled(Recipient recipient, std::string_view tool) {
  if (const auto at = recipient.address.find("{tool}"); at != std::string::npos) {
    recipient.address.replace(at, 6, tool);
  }
  return recipient;
}

void sort_unique(std::vector<Recipient>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

std::string Recipient::text() const { return (way == Way::mail ? "mailto:" : "irc:") + address; }

Result<Recipient> parse_recipient(std::string_view text) {
  Recipient recipient;
  if (text.starts_with("mailto:")) {
    recipient.address = text.substr(7);
    if (valid_address(filled(recipient, "tool").address)) return recipient;
  } else if (text.starts_with("irc:")) {
    recipient.way = Recipient::Way::irc;
    recipient.address = text.substr(4);
    if (valid_channel(filled(recipient, "tool").address)) return recipient;
  }
  return fail(Errc::invalid, "recipient '" + std::string(text) +
                                 "': write mailto:someone@example.org or irc:#channel");
}

Result<Recipients> Recipients::parse(const std::vector<std::string>& rules) {
  Recipients result;
  if (rules.size() > kMaxRules) return fail(Errc::too_large, "too many recipients");
  for (const auto& text : rules) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Errc::invalid, "recipient '" + text +
                                     "': write TOOL=mailto:someone@example.org, "
                                     "TOOL/JOB=irc:#channel, *=... or ...=none");
    }
    Rule rule;
    std::string_view who = std::string_view(text).substr(0, equals);
    const std::string_view to = std::string_view(text).substr(equals + 1);
    if (const auto colon = who.rfind(':'); colon != std::string_view::npos) {
      rule.kind = parse_kind(who.substr(colon + 1));
      if (rule.kind) who = who.substr(0, colon);
    }
    const auto slash = who.find('/');
    rule.tool = who.substr(0, slash);
    if (slash != std::string_view::npos) rule.job = who.substr(slash + 1);
    if (rule.tool != "*") {
      if (auto good = check_tool_name(rule.tool); !good) {
        return fail(std::move(good).error().in("recipient '" + text + "'"));
      }
    }
    if (to != "none") {
      auto recipient = parse_recipient(to);
      if (!recipient) return fail(std::move(recipient).error());
      rule.to = *std::move(recipient);
    }
    result.rules_.push_back(std::move(rule));
  }
  return result;
}

std::vector<Recipient> Recipients::of(std::string_view tool, std::string_view job,
                                      Kind kind) const {
  std::vector<Recipient> found;
  int best = -1;
  for (const auto& rule : rules_) {
    if ((rule.tool != "*" && rule.tool != tool) || (!rule.job.empty() && rule.job != job) ||
        (rule.kind && *rule.kind != kind)) {
      continue;
    }
    const int fits = rank(!rule.job.empty(), rule.tool == "*", rule.kind.has_value());
    if (fits < best) continue;
    if (fits > best) found.clear();
    best = fits;
    if (rule.to) found.push_back(filled(*rule.to, tool));
  }
  sort_unique(found);
  return found;
}

std::vector<Recipient> Recipients::of_tool(std::string_view tool) const {
  std::vector<Recipient> found;
  for (const auto& rule : rules_) {
    if (rule.to && (rule.tool == tool || rule.tool == "*")) found.push_back(filled(*rule.to, tool));
  }
  sort_unique(found);
  return found;
}

bool Recipients::names(Recipient::Way way) const {
  return std::any_of(rules_.begin(), rules_.end(),
                     [&](const Rule& rule) { return rule.to && rule.to->way == way; });
}

}  // namespace logboom::alerts
