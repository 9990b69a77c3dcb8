// The IRC protocol of one connection, without a socket: lines in, lines out.
//
// Registration with CAP and SASL PLAIN, a nick with '_' where it is taken, JOIN when the first
// message is due, PRIVMSG at the pace that servers bear, and the certainty that a message is out:
// its echo (echo-message), or where the server has no echo the answer to a PING sent after it,
// with no refusal before.
//
// Units:   times are milliseconds of a steady clock, given by the caller.
// Errors:  of a message: limit (this channel does not take it now), unavailable. broken(): why the
//          connection is of no use any more.
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "alerts/options.h"
#include "core/result.h"

namespace logboom::alerts {

class IrcSession {
 public:
  // A burst, then one a second: what servers of the ratbox family bear.
  static constexpr std::int64_t kBurst = 4, kPaceMs = 1'000;
  // Our own sign of life, when nothing has come for so long.
  static constexpr std::int64_t kPingAfterMs = 60'000;

  // Registration begins at once: output() has its first lines.
  IrcSession(const IrcOptions& options, std::int64_t now_ms);

  void receive(std::string_view line, std::int64_t now_ms);
  // Deadlines and pace; call it at least once a second.
  void tick(std::int64_t now_ms);
  // What to send, in order, without CRLF. Empties it.
  [[nodiscard]] std::vector<std::string> output();

  [[nodiscard]] bool ready() const { return state_ == State::ready; }
  [[nodiscard]] const std::optional<Error>& broken() const { return broken_; }
  [[nodiscard]] const std::string& nick() const { return nick_; }

  // One message at a time, when ready and idle.
  [[nodiscard]] bool idle() const { return !message_; }
  void post(std::string channel, std::string text, std::int64_t now_ms);
  // What became of it, once.
  [[nodiscard]] std::optional<Result<void>> result();

 private:
  enum class State : std::uint8_t { registering, ready };
  enum class Step : std::uint8_t { joining, pacing, sent, barrier };
  struct Message {
    std::string channel, text;
    Step step = Step::joining;
    std::int64_t since_ms = 0;  // of the step
  };
  struct Line {
    std::string_view prefix, command;
    std::vector<std::string_view> params;
    [[nodiscard]] std::string_view param(std::size_t i) const {
      return i < params.size() ? params[i] : std::string_view();
    }
  };

  [[nodiscard]] static Line parse(std::string_view line);
  void say(std::string line) { output_.push_back(std::move(line)); }
  void breaks(Errc code, std::string why);
  void on_cap(const Line& line);
  void on_authenticate(const Line& line);
  void on_number(int number, const Line& line);
  void be_called(std::string_view nick);
  void on_nick_taken();
  void on_message_refused(const Line& line);
  void go_on(std::int64_t now_ms);  // with the message, as far as it goes
  void finish(Result<void> result);
  [[nodiscard]] bool is_me(std::string_view prefix) const;
  [[nodiscard]] bool wants_sasl() const {
    return !options_.user.empty() && !options_.password.empty();
  }

  const IrcOptions& options_;
  State state_ = State::registering;
  std::string nick_;
  int nick_tries_ = 0;
  bool echo_ = false;
  std::set<std::string, std::less<>> offered_;
  std::set<std::string> joined_;  // in lower case
  std::optional<Message> message_;
  std::optional<Result<void>> result_;
  std::optional<Error> broken_;
  std::vector<std::string> output_;
  std::int64_t started_ms_, heard_ms_, pinged_ms_ = 0;
  std::int64_t tokens_ = kBurst, refilled_ms_;
  std::uint64_t barriers_ = 0;
};

// A nick, channel and text as one line may carry them.
[[nodiscard]] bool valid_channel(std::string_view channel);
[[nodiscard]] bool valid_nick(std::string_view nick);

}  // namespace logboom::alerts
