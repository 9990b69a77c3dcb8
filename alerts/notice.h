// One thing to be told to people, with all that a message says; and how it reads as an IRC line and
// as a mail's parts. Pure: the same notice gives the same bytes.
//
// Units: times are UTC nanoseconds, 0: not known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "alerts/incident.h"
#include "alerts/proof.h"
#include "store/ledger.h"

namespace logboom::alerts {

struct Notice {
  Tell tell = Tell::failed;
  Incident incident;  // as it is now; `messages` counts this one too
  std::optional<store::Run> run;
  Proof proof;
  std::int64_t now_ns = 0;
  std::int64_t last_good_ns = 0, next_tick_ns = 0;
  std::string base_url;  // no slash at its end; empty: none

  // <incident>.<number>: the message's name everywhere, the same when it is sent again.
  [[nodiscard]] std::string id() const;
};

inline constexpr std::size_t kMaxIrcLine = 400;  // bytes

// FAILED, MISSED, LOST, FROZEN, RECOVERED, FLAPPING, TEST.
[[nodiscard]] std::string status_word(const Notice& notice);
// What happened in one sentence: "exit 1: ImportError: No module named 'x'".
[[nodiscard]] std::string summary(const Notice& notice);
[[nodiscard]] std::string irc_line(const Notice& notice);

struct MailParts {
  std::string subject;  // one line
  std::string plain;    // at most 78 columns, \n
  std::string html;
};
// `recipient` and `unsubscribe_url` (may be empty) are named in the footer.
[[nodiscard]] MailParts mail_parts(const Notice& notice, std::string_view recipient,
                                   std::string_view unsubscribe_url);

// The same from what was held back of a tool: one line each, already rendered for IRC.
[[nodiscard]] MailParts digest_parts(std::string_view tool, const std::vector<std::string>& lines,
                                     std::string_view base_url, std::string_view unsubscribe_url);
[[nodiscard]] std::string digest_line(std::string_view tool, const std::vector<std::string>& lines,
                                      std::string_view base_url);

}  // namespace logboom::alerts
