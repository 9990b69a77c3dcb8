#include "ui/cli/follow.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>

#include "core/stop.h"

namespace logboom::ui::cli {
namespace {

constexpr std::chrono::milliseconds kReadTimeout{1'000};  // how often a quiet tail looks at `stop`

bool worth_retrying(Errc code) {
  return code == Errc::unavailable || code == Errc::timeout || code == Errc::limit ||
         code == Errc::internal || code == Errc::cancelled || code == Errc::io;
}

std::string lost(const Error& error) {
  if (error.code == Errc::internal)
    return "the server ended the tail (" + error.message + "), retrying ...";
  return "connection lost, retrying ...";
}

class Follower {
 public:
  explicit Follower(Follow options) : options_(std::move(options)) {}

  Result<void> run() {
    for (;;) {
      auto connection = http::WebSocketClient::connect(options_.client,
                                                       tail_target(options_.query, options_.start));
      auto ended = connection ? read_frames(**connection) : fail(std::move(connection).error());
      if (ended) return {};
      if (options_.stop.stop_requested()) return fail(Errc::cancelled, "interrupted");
      if (!connected_ || !worth_retrying(ended.error().code)) {
        return fail(explain(std::move(ended).error(), options_.client.url));
      }
      if (!waiting_) options_.notice(lost(ended.error()));
      waiting_ = true;
      if (options_.start.cursor.empty() && !shown_.empty()) {
        repeats_ = shown_;
        options_.start.limit = kMaxPage;
      }
      if (!sleep_for(options_.stop, backoff_.next())) return fail(Errc::cancelled, "interrupted");
    }
  }

 private:
  // Success: the reader has gone. Every other end is an error.
  Result<void> read_frames(http::WebSocketClient& connection) {
    connected_ = true;
    const std::stop_callback wake(options_.stop, [&] { connection.cancel(); });
    // Our server sends a first frame with a cursor at once; only a stock Loki may stay silent.
    if (options_.start.cursor.empty()) resumed();
    while (!options_.stop.stop_requested()) {
      auto text = connection.read(kReadTimeout);
      if (!text) return fail(std::move(text).error());
      if (!*text) continue;
      auto frame = decode_frame(**text);
      if (!frame) return fail(std::move(frame).error());
      resumed();
      if (!take(*std::move(frame))) return {};
    }
    return fail(Errc::cancelled, "interrupted");
  }

  void resumed() {
    backoff_.reset();
    if (!waiting_) return;
    waiting_ = false;
    if (!options_.start.cursor.empty()) {
      options_.notice("reconnected, nothing missed");
    } else if (shown_.empty()) {
      options_.notice("reconnected");
    } else {
      options_.notice("reconnected; this server keeps no position, late lines may be missing");
    }
  }

  bool take(Frame frame) {
    if (frame.dropped > 0) {
      options_.notice("the server left out " + std::to_string(frame.dropped) +
                      " lines: it could not send them fast enough");
    }
    // A frame holds its streams one after the other; people read by time.
    std::ranges::stable_sort(frame.lines, {}, &Line::time_ns);
    if (frame.cursor) {
      options_.start.cursor = *std::move(frame.cursor);
    } else {
      drop_seen(frame.lines);
    }
    return frame.lines.empty() || options_.visit(frame.lines);
  }

  void drop_seen(std::vector<Line>& lines) {
    std::erase_if(lines, [&](const Line& line) {
      if (line.time_ns != options_.start.start) return false;
      const auto found = repeats_.find(line.key());
      if (found == repeats_.end() || found->second == 0) return false;
      --found->second;
      return true;
    });
    for (const auto& line : lines) {
      if (line.time_ns > options_.start.start) {
        options_.start.start = line.time_ns;
        shown_.clear();
        repeats_.clear();
      }
      if (line.time_ns == options_.start.start && shown_.size() < kMaxSameInstant) {
        ++shown_[line.key()];
      }
    }
  }

  Follow options_;
  Backoff backoff_;
  bool connected_ = false;  // at least once
  bool waiting_ = false;    // the connection is lost and this was said
  // Without cursors: how often each line at `start` was shown, and may now be repeated.
  std::unordered_map<std::string, std::size_t> shown_, repeats_;
};

}  // namespace

Result<void> follow(Follow options) { return Follower(std::move(options)).run(); }

}  // namespace logboom::ui::cli
