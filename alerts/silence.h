// Who wants to hear no more of a tool: the link at the end of every mail.
//
// A link carries a key made from recipient, tool and a secret of this server, so that nobody can
// silence anybody else. Asking for the page changes nothing; only the POST does (RFC 8058).
// Threads: any.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "alerts/recipients.h"
#include "alerts/records.h"

namespace logboom::alerts {

class Silence {
 public:
  // Makes the secret where there is none. `records` must outlive it.
  static Result<std::unique_ptr<Silence>> open(Records& records, std::string base_url);

  // "" without a base URL.
  [[nodiscard]] std::string link(const Recipient& to, std::string_view tool) const;
  [[nodiscard]] bool good_key(std::string_view key, const Recipient& to,
                              std::string_view tool) const;
  [[nodiscard]] Result<bool> wanted(const Recipient& to, std::string_view tool) const;
  [[nodiscard]] Result<void> silence(const Recipient& to, std::string_view tool);

  Silence(Records& records, std::string base_url, std::string secret);

 private:
  [[nodiscard]] std::string key_of(const Recipient& to, std::string_view tool) const;

  Records& records_;
  std::string base_url_, secret_;
};

}  // namespace logboom::alerts
