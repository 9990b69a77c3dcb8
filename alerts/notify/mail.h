// Mail out through an SMTP server (libcurl): STARTTLS or TLS, a login, one connection kept.
#pragma once

#include <memory>

#include "alerts/notify/channel.h"
#include "alerts/options.h"

namespace logboom::alerts {

// A letter's bytes are a whole mail. What the server answers decides: a 5xx to the recipient or the
// message is `invalid`, a 4xx there `limit`; whatever it says before concerns everybody. A
// password goes out over TLS only, or to this machine.
// Errors: invalid (URL, from).
[[nodiscard]] Result<std::unique_ptr<Channel>> make_mail_channel(MailOptions options);

}  // namespace logboom::alerts
