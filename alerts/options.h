// What telling people needs to be told: servers, names, who hears of what, and the limits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace logboom::alerts {

struct MailOptions {
  std::string url;   // smtp[s]://HOST:PORT; empty: no mail. smtp:// takes STARTTLS when offered
  bool tls = false;  // smtp:// without STARTTLS is an error
  std::string user, password;
  std::string from;     // alerts@example.org; its domain is that of Message-IDs and List-Ids
  std::string bounces;  // MAIL FROM where it differs; {id} becomes the message's id (VERP)
  std::string ca_file;  // PEM, instead of the system's
  std::chrono::milliseconds timeout{60'000};  // of one message
};

struct IrcOptions {
  std::string url;  // irc[s]://[NICK@]HOST[:PORT]; empty: no IRC
  std::string nick = "logboom";
  std::string user, password;  // SASL PLAIN, where both are set
  std::string ca_file;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds answer_timeout{30'000};  // to a message, a JOIN, a registration
  std::chrono::milliseconds quiet_limit{150'000};    // without a byte: the connection is dead
};

struct Options {
  MailOptions mail;
  IrcOptions irc;
  // [*|TOOL][/JOB][:KIND]=mailto:ADDRESS | irc:#CHANNEL | none; {tool} in an address is replaced.
  std::vector<std::string> recipients;
  std::string base_url;  // of the web page, for links; empty: commands instead

  std::size_t max_outbox = 10'000;     // messages not yet out; more are dropped and counted
  std::size_t messages_per_hour = 20;  // of one tool; what is more comes in one digest
  std::chrono::milliseconds frozen_after{600'000};
  std::chrono::milliseconds lost_after{300'000};
  std::chrono::milliseconds grace{300'000};  // of a check that names none

  std::function<std::int64_t()> now;  // empty: the system's clock
};

}  // namespace logboom::alerts
