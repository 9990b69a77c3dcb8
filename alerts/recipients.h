// Who hears of what.
//
//   *=mailto:tools.{tool}@example.org      everybody's default
//   bot=irc:#bot-alerts                    a tool's own, instead of the default
//   bot/report=none                        nothing of this job
//   bot/report:frozen=none                 ... only of this kind
//
// The most exact rules that fit decide alone: a job's before a tool's before '*', and of those with
// a kind before those without.
// Errors: invalid, naming the rule.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "alerts/incident.h"
#include "core/result.h"

namespace logboom::alerts {

struct Recipient {
  enum class Way : std::uint8_t { mail, irc };
  Way way = Way::mail;
  std::string address;  // someone@example.org, #channel

  [[nodiscard]] std::string text() const;  // mailto:someone@example.org, irc:#channel
  friend auto operator<=>(const Recipient&, const Recipient&) = default;
};
[[nodiscard]] Result<Recipient> parse_recipient(std::string_view text);

class Recipients {
 public:
  static constexpr std::size_t kMaxRules = 100'000;

  static Result<Recipients> parse(const std::vector<std::string>& rules);
  [[nodiscard]] std::vector<Recipient> of(std::string_view tool, std::string_view job,
                                          Kind kind) const;
  // All that a tool's rules name, whatever the job and kind.
  [[nodiscard]] std::vector<Recipient> of_tool(std::string_view tool) const;
  [[nodiscard]] bool names(Recipient::Way way) const;

 private:
  struct Rule {
    std::string tool, job;  // "*": every tool; empty: every job
    std::optional<Kind> kind;
    std::optional<Recipient> to;  // none: nobody
  };
  std::vector<Rule> rules_;
};

}  // namespace logboom::alerts
