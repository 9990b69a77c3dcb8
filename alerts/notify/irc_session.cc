#include "alerts/notify/irc_session.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base64.h"

namespace logboom::alerts {
namespace {

constexpr std::size_t kMaxOffered = 200;  // capabilities remembered
constexpr std::size_t kSaslChunk = 400;   // of AUTHENTICATE
constexpr int kMaxNickTries = 8;
constexpr std::int64_t kEchoWaitMs = 5'000;  // before we ask whether the echo will come at all

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::string_view next_word(std::string_view& text) {
  const auto end = std::min(text.find(' '), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(end);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return word;
}

}  // namespace

bool valid_channel(std::string_view channel) {
  return channel.size() > 1 && channel.size() <= 64 && (channel[0] == '#' || channel[0] == '&') &&
         std::all_of(channel.begin(), channel.end(), [](char c) {
           return static_cast<unsigned char>(c) > ' ' && c != ',' && c != ':' && c != 0x7f;
         });
}

bool valid_nick(std::string_view nick) {
  constexpr std::string_view kMarks = "[]\\`_^{|}-";
  return !nick.empty() && nick.size() <= 30 && !(nick[0] >= '0' && nick[0] <= '9') &&
         nick[0] != '-' && std::all_of(nick.begin(), nick.end(), [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  kMarks.find(c) != std::string_view::npos;
         });
}

IrcSession::IrcSession(const IrcOptions& options, std::int64_t now_ms)
    : options_(options),
      nick_(options.nick),
      started_ms_(now_ms),
      heard_ms_(now_ms),
      refilled_ms_(now_ms) {
  say("CAP LS 302");
  say("NICK " + nick_);
  say("USER " + (options.user.empty() ? options.nick : options.user) + " 0 * :Logboom alerts");
}

IrcSession::Line IrcSession::parse(std::string_view line) {
  Line parsed;
  if (line.starts_with('@')) next_word(line);
  if (line.starts_with(':')) parsed.prefix = next_word(line).substr(1);
  parsed.command = next_word(line);
  while (!line.empty() && parsed.params.size() < 20) {
    if (line.starts_with(':')) {
      parsed.params.push_back(line.substr(1));
      break;
    }
    parsed.params.push_back(next_word(line));
  }
  return parsed;
}

bool IrcSession::is_me(std::string_view prefix) const {
  return lower(prefix.substr(0, prefix.find('!'))) == lower(nick_);
}

void IrcSession::breaks(Errc code, std::string why) {
  if (broken_) return;
  broken_ = Error{code, std::move(why)};
  if (message_) finish(fail(Errc::unavailable, broken_->message));
}

void IrcSession::finish(Result<void> result) {
  message_.reset();
  result_ = std::move(result);
}

std::vector<std::string> IrcSession::output() { return std::exchange(output_, {}); }

std::optional<Result<void>> IrcSession::result() { return std::exchange(result_, std::nullopt); }

void IrcSession::post(std::string channel, std::string text, std::int64_t now_ms) {
  const bool joined = joined_.contains(lower(channel));
  if (!joined) say("JOIN " + channel);
  message_ =
      Message{std::move(channel), std::move(text), joined ? Step::pacing : Step::joining, now_ms};
  go_on(now_ms);
}

void IrcSession::go_on(std::int64_t now_ms) {
  if (!message_ || message_->step != Step::pacing) return;
  const std::int64_t refill = (now_ms - refilled_ms_) / kPaceMs;
  tokens_ = std::min(kBurst, tokens_ + refill);
  refilled_ms_ = tokens_ == kBurst ? now_ms : refilled_ms_ + refill * kPaceMs;
  if (tokens_ == 0) return;
  --tokens_;
  say("PRIVMSG " + message_->channel + " :" + message_->text);
  message_->since_ms = now_ms;
  message_->step = Step::sent;
  if (!echo_) {
    message_->step = Step::barrier;
    say("PING :out-" + std::to_string(++barriers_));
  }
}

void IrcSession::tick(std::int64_t now_ms) {
  const std::int64_t patience = options_.answer_timeout.count();
  if (state_ == State::registering && now_ms - started_ms_ > patience) {
    breaks(Errc::timeout,
           "IRC: the server did not let us in within " + std::to_string(patience / 1000) + " s");
  }
  if (now_ms - heard_ms_ > options_.quiet_limit.count()) {
    breaks(Errc::timeout, "IRC: nothing from the server for too long");
  }
  if (state_ == State::ready && now_ms - heard_ms_ > kPingAfterMs &&
      now_ms - pinged_ms_ > kPingAfterMs) {
    pinged_ms_ = now_ms;
    say("PING :alive");
  }
  if (!message_) return;
  go_on(now_ms);
  if (message_->step == Step::sent && now_ms - message_->since_ms > kEchoWaitMs) {
    message_->step = Step::barrier;
    message_->since_ms = now_ms;
    say("PING :out-" + std::to_string(++barriers_));
  }
  if (message_->step != Step::pacing && now_ms - message_->since_ms > patience) {
    const bool join = message_->step == Step::joining;
    const std::string channel = message_->channel;
    if (join) {
      finish(fail(Errc::limit, "IRC: no answer to JOIN " + channel));
    } else {
      breaks(Errc::timeout, "IRC: no answer to a message to " + channel);
    }
  }
}

void IrcSession::receive(std::string_view text, std::int64_t now_ms) {
  heard_ms_ = now_ms;
  const Line line = parse(text);
  int number = 0;
  const auto* end = line.command.data() + line.command.size();
  if (line.command.size() == 3 && std::from_chars(line.command.data(), end, number).ptr == end) {
    return on_number(number, line);
  }
  if (line.command == "PING") return say("PONG :" + std::string(line.param(0)));
  if (line.command == "CAP") return on_cap(line);
  if (line.command == "AUTHENTICATE") return on_authenticate(line);
  if (line.command == "ERROR") {
    return breaks(Errc::unavailable, "IRC: " + std::string(line.param(0).substr(0, 300)));
  }
  if (line.command == "NICK" && is_me(line.prefix)) be_called(line.param(0));
  const std::string channel = lower(line.param(0));
  const bool ours = message_ && channel == lower(message_->channel);
  if (line.command == "JOIN" && is_me(line.prefix)) {
    joined_.insert(channel);
    if (ours && message_->step == Step::joining) {
      message_->step = Step::pacing;
      go_on(now_ms);
    }
  } else if ((line.command == "PART" && is_me(line.prefix)) ||
             (line.command == "KICK" && lower(line.param(1)) == lower(nick_))) {
    joined_.erase(channel);
    if (ours) finish(fail(Errc::limit, "IRC: we were put out of " + message_->channel));
  } else if (line.command == "PRIVMSG" && is_me(line.prefix) && ours &&
             (message_->step == Step::sent || message_->step == Step::barrier)) {
    finish({});
  } else if (line.command == "PONG" && message_ && message_->step == Step::barrier &&
             line.params.size() > 1 && line.params.back() == "out-" + std::to_string(barriers_)) {
    if (echo_) {
      finish(fail(Errc::limit, "IRC: the server kept a message to " + message_->channel +
                                   " to itself; a filter?"));
    } else {
      finish({});
    }
  }
}

void IrcSession::on_cap(const Line& line) {
  const auto what = line.param(1);
  std::string_view names = line.params.empty() ? std::string_view() : line.params.back();
  if (what == "LS") {
    while (!names.empty() && offered_.size() < kMaxOffered) {
      const auto word = next_word(names);
      offered_.emplace(word.substr(0, word.find('=')));
    }
    if (line.param(2) == "*" && line.params.size() > 3) return;  // more of it comes
    if (wants_sasl() && !offered_.contains("sasl")) {
      return breaks(Errc::denied, "IRC: the server offers no SASL now; are its services up?");
    }
    std::string wanted;
    if (offered_.contains("echo-message")) wanted = "echo-message";
    if (wants_sasl()) wanted += wanted.empty() ? "sasl" : " sasl";
    say(wanted.empty() ? "CAP END" : "CAP REQ :" + wanted);
  } else if (what == "ACK") {
    bool sasl = false;
    while (!names.empty()) {
      const auto word = next_word(names);
      echo_ |= word == "echo-message";
      sasl |= word == "sasl";
    }
    if (state_ == State::registering) say(sasl ? "AUTHENTICATE PLAIN" : "CAP END");
  } else if (what == "NAK") {
    if (wants_sasl()) return breaks(Errc::denied, "IRC: the server refused SASL");
    if (state_ == State::registering) say("CAP END");
  } else if (what == "DEL" && names.find("echo-message") != std::string_view::npos) {
    echo_ = false;
  }
}

void IrcSession::on_authenticate(const Line& line) {
  if (line.param(0) != "+" || !wants_sasl()) return;
  std::string secret = options_.user;
  secret += '\0';
  secret += options_.user;
  secret += '\0';
  secret += options_.password;
  const std::string text = base64(secret);
  for (std::size_t at = 0; at < text.size(); at += kSaslChunk) {
    say("AUTHENTICATE " + text.substr(at, kSaslChunk));
  }
  if (text.size() % kSaslChunk == 0) say("AUTHENTICATE +");
}

// A line that names nobody changes nothing: as nobody, we would take any line for our own.
void IrcSession::be_called(std::string_view nick) {
  if (!nick.empty()) nick_ = nick;
}

void IrcSession::on_nick_taken() {
  if (state_ == State::ready) return;
  if (++nick_tries_ > kMaxNickTries) {
    return breaks(Errc::denied, "IRC: the nick " + options_.nick + " and its like are taken");
  }
  nick_ += '_';
  say("NICK " + nick_);
}

void IrcSession::on_message_refused(const Line& line) {
  if (!message_ || lower(line.param(1)) != lower(message_->channel)) return;
  finish(fail(Errc::limit,
              "IRC: " + message_->channel + ": " + std::string(line.params.back().substr(0, 300))));
}

void IrcSession::on_number(int number, const Line& line) {
  switch (number) {
    case 1:
      be_called(line.param(0));
      state_ = State::ready;
      return;
    case 432:
    case 433:
    case 436:
    case 437:
      return on_nick_taken();
    case 903:
      return say("CAP END");
    case 902:
    case 904:
    case 905:
    case 906:
    case 908:
      return breaks(Errc::denied,
                    "IRC: SASL: " + std::string(line.param(line.params.size() - 1).substr(0, 300)) +
                        "; are alerts.irc_user and its password right?");
    case 464:
    case 465:
      return breaks(Errc::denied,
                    "IRC: " + std::string(line.param(line.params.size() - 1).substr(0, 300)));
    case 403:  // no such channel, cannot send, too many channels, no such nick, ...
    case 401:
    case 404:
    case 405:
    case 442:
      if (number == 442 || number == 404) joined_.erase(lower(line.param(1)));
      return on_message_refused(line);
    case 407:
    case 415:
    case 471:  // full, invite only, banned, key, ...
    case 473:
    case 474:
    case 475:
    case 476:
    case 477:
    case 480:
    case 489:
    case 520:
      return on_message_refused(line);
    default:
      return;
  }
}

}  // namespace logboom::alerts
