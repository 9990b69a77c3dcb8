#include "alerts/notify/irc.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "alerts/notify/irc_session.h"
#include "alerts/notify/irc_wire.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/stop.h"

namespace logboom::alerts {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTurn = std::chrono::milliseconds(200);
constexpr auto kLeastWait = std::chrono::seconds(1), kMostWait = std::chrono::seconds(120);
constexpr auto kStable = std::chrono::seconds(60);  // a connection so old ends the back-off

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch())
      .count();
}

// irc[s]://[NICK@]HOST[:PORT]
Result<WireOptions> parse_url(IrcOptions& options) {
  WireOptions wire;
  std::string_view rest = options.url;
  wire.tls = rest.starts_with("ircs://");
  const auto scheme = rest.find("://");
  const auto bad = [&] {
    return fail(Errc::invalid, "IRC server '" + options.url +
                                   "': write ircs://NICK@HOST:PORT, or irc:// without TLS");
  };
  if (!wire.tls && !rest.starts_with("irc://")) return bad();
  rest.remove_prefix(scheme + 3);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    options.nick = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  if (!valid_nick(options.nick)) return bad();
  wire.port = wire.tls ? 6697 : 6667;
  const auto bracket = rest.rfind(']');
  const auto colon = rest.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const auto port = rest.substr(colon + 1);
    const auto* end = port.data() + port.size();
    const auto [stopped, error] = std::from_chars(port.data(), end, wire.port);
    if (error != std::errc{} || stopped != end || wire.port == 0) return bad();
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  if (rest.empty() || rest.find_first_of(" /?#\r\n") != std::string_view::npos) return bad();
  wire.host = rest;
  wire.ca_file = options.ca_file;
  wire.connect_timeout = options.connect_timeout;
  return wire;
}

class IrcChannel final : public Channel {
 public:
  IrcChannel(IrcOptions options, WireOptions wire)
      : options_(std::move(options)),
        wire_options_(std::move(wire)),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  ~IrcChannel() override {
    thread_.request_stop();
    const std::lock_guard lock(mutex_);
    if (wire_) wire_->wake();
  }

  Result<void> send(const Letter& letter, std::stop_token stop) override {
    if (!valid_channel(letter.to) ||
        letter.bytes.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return fail(Errc::invalid, "IRC: no channel's name or no single line: " + letter.to);
    }
    std::unique_lock lock(mutex_);
    request_ = Request{letter.to, letter.bytes, ++requests_};
    answer_.reset();
    if (wire_) wire_->wake();
    const auto patience = options_.connect_timeout + 3 * options_.answer_timeout;
    changed_.wait_for(lock, stop, patience, [&] { return answer_.has_value(); });
    const bool begun = request_ && request_->begun;
    request_.reset();
    if (answer_) return *std::exchange(answer_, std::nullopt);
    if (stop.stop_requested()) return fail(Errc::cancelled, "IRC: stopping");
    return fail(Errc::unavailable, begun ? "IRC: no answer to a message" : trouble_);
  }

 private:
  struct Request {
    std::string channel, text;
    std::uint64_t number = 0;
    bool begun = false;
  };

  void run(const std::stop_token& stop) {
    auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(kLeastWait);
    auto& connects =
        metrics::counter("logboom_alerts_irc_connects_total", "Connections made to the IRC server");
    while (!stop.stop_requested()) {
      const auto start = Clock::now();
      Error ended = connection(stop, connects);
      if (stop.stop_requested()) return;
      if (Clock::now() - start > kStable) wait = kLeastWait;
      log::warn("IRC connection ended; trying again",
                {{"error", ended.message}, {"wait_ms", wait.count()}});
      answer_waiting(fail(Errc::unavailable, ended.message));
      (void)sleep_for(stop, wait);
      wait = std::min<std::chrono::milliseconds>(2 * wait, kMostWait);
    }
  }

  // From connecting to the end of it; says why it ended.
  Error connection(const std::stop_token& stop, metrics::Counter& connects) {
    auto connected = Wire::connect(wire_options_, stop);
    if (!connected) return std::move(connected).error().in("IRC");
    connects.add();
    {
      const std::lock_guard lock(mutex_);
      wire_ = *std::move(connected);
    }
    Error ended = talk(stop);
    const std::lock_guard lock(mutex_);
    wire_.reset();
    return ended;
  }

  Error talk(const std::stop_token& stop) {
    IrcSession session(options_, steady_ms());
    bool told = false;
    while (true) {
      for (const auto& line : session.output()) {
        if (auto sent = wire_->send(line); !sent) return std::move(sent).error().in("IRC");
      }
      if (session.broken()) return session_ended(session, *session.broken());
      if (stop.stop_requested()) {
        (void)wire_->send("QUIT :restarting");
        return {Errc::cancelled, "stopping"};
      }
      auto lines = wire_->receive(kTurn);
      if (!lines) return session_ended(session, std::move(lines).error().in("IRC"));
      for (const auto& line : *lines) session.receive(line, steady_ms());
      session.tick(steady_ms());
      if (session.ready() && !std::exchange(told, session.ready())) {
        log::info("on IRC", {{"server", wire_options_.host}, {"nick", session.nick()}});
      }
      if (auto result = session.result()) answer_waiting(*std::move(result), in_session_);
      take_request(session);
    }
  }

  Error session_ended(IrcSession& session, Error why) {
    auto result = session.result();
    if (result || !session.idle()) {
      answer_waiting(result ? *std::move(result) : fail(Errc::unavailable, why.message),
                     in_session_);
    }
    return why;
  }

  void take_request(IrcSession& session) {
    if (!session.ready() || !session.idle()) return;
    const std::lock_guard lock(mutex_);
    if (!request_ || request_->begun) return;
    request_->begun = true;
    in_session_ = request_->number;
    session.post(request_->channel, request_->text, steady_ms());
  }

  // For the request of that number; 0: whichever waits.
  void answer_waiting(Result<void> answer, std::uint64_t number = 0) {
    {
      const std::lock_guard lock(mutex_);
      if (!answer) trouble_ = answer.error().message;
      if (!request_ || (number != 0 && request_->number != number)) return;
      answer_ = std::move(answer);
      request_.reset();
    }
    changed_.notify_all();
  }

  IrcOptions options_;
  WireOptions wire_options_;
  std::uint64_t in_session_ = 0;  // only the thread's: the number of what it has begun
  std::mutex mutex_;              // guards the next six; only the thread below changes wire_
  std::condition_variable_any changed_;
  std::unique_ptr<Wire> wire_;
  std::optional<Request> request_;
  std::uint64_t requests_ = 0;
  std::optional<Result<void>> answer_;
  std::string trouble_ = "IRC: not connected yet";
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<Channel>> make_irc_channel(IrcOptions options) {
  auto wire = parse_url(options);
  if (!wire) return fail(std::move(wire).error());
  return std::make_unique<IrcChannel>(std::move(options), *std::move(wire));
}

}  // namespace logboom::alerts
