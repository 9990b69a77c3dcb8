#include "collector/standard_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <deque>
#include <optional>
#include <random>

#include "collector/batcher.h"
#include "collector/descriptor.h"
#include "collector/line_reader.h"
#include "collector/plain_files.h"
#include "core/time.h"

namespace logboom::collector {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kFlushAfter{200};  // lines wait at most so long for others to join them
constexpr milliseconds kProgressInterval{250}, kWaitingAfter{1'000}, kStopTimeout{5'000};
constexpr std::size_t kReadBytes = 256 * 1024;

// No later invocation may share it, or its lines would be taken for seen.
std::string new_source_id() {
  std::random_device random;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "send-%08x%08x%08x%08x/1", random(), random(), random(),
                random());
  return text.data();
}

Result<Origin> origin_of(const SendOptions& options) {
  if (auto named = check_tool_name(options.tool); !named) return fail(std::move(named).error());
  auto pairs = options.labels;
  pairs.emplace_back("job", options.job);
  for (const auto& [name, value] : pairs) {
    if (!valid_label_name(name) || value.size() > kMaxLabelValue) {
      return fail(Errc::invalid, "label '" + name +
                                     "': a name is letters, digits and '_', not a digit first, and "
                                     "a value at most 2048 bytes");
    }
  }
  if (pairs.size() > kMaxLabels) {
    return fail(Errc::invalid, "at most " + std::to_string(kMaxLabels) + " labels");
  }
  Origin origin;
  origin.tool = options.tool;
  origin.streams.emplace_back(std::move(pairs));
  if (!options.node.empty()) origin.columns.emplace_back("node", options.node);
  return origin;
}

class Sender {
 public:
  Sender(int input, const SendOptions& options, Origin origin, Shipper& shipper,
         std::stop_token stop)
      : input_(input),
        options_(options),
        origin_(std::move(origin)),
        shipper_(shipper),
        stop_(std::move(stop)),
        batcher_(redactor_),
        buffer_(std::string(kReadBytes + kMaxLine, '\0')),
        wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    redact(redactor_, origin_);
  }

  Result<SendReport> run() {
    shipper_.start([this] { ring(); });
    const std::stop_callback on_stop(stop_, [this] { ring(); });
    batcher_.start(origin_);
    auto result = loop();
    // Before it goes away it must not call ring() any more.
    shipper_.stop();
    if (!result) return fail(std::move(result).error());
    tell_progress(true);
    return report_;
  }

 private:
  struct Shipped {
    std::uint64_t next = 0, lines = 0;
  };

  Result<void> loop() {
    auto deadline = Clock::time_point::max();
    while (!at_end_ || !shipped_.empty() || !batcher_.empty()) {
      if (stop_.stop_requested() && deadline == Clock::time_point::max()) {
        deadline = Clock::now() + kStopTimeout;
        finish_input();
      }
      if (Clock::now() >= deadline) {
        return fail(Errc::cancelled, "stopped: " + std::to_string(undelivered()) +
                                         " lines have not been acknowledged");
      }
      const bool reads = !at_end_ && unacked_ < options_.max_unacked_bytes;
      if (wait(reads)) {
        if (auto read = read_some(); !read) return read;
      }
      if (auto answered = take_answers(); !answered) return answered;
      if (batcher_.full() || at_end_ || Clock::now() - oldest_ >= kFlushAfter) flush();
      tell_progress(false);
    }
    return {};
  }

  // True when the pipe has something to read, or its end.
  bool wait(bool reads) {
    auto timeout = milliseconds{kProgressInterval};
    if (!batcher_.empty()) {
      const auto waited = std::chrono::floor<milliseconds>(Clock::now() - oldest_);
      timeout = std::clamp(kFlushAfter - waited, milliseconds{0}, kFlushAfter);
    }
    std::array<pollfd, 2> descriptors{{{wake_.get(), POLLIN, 0}, {reads ? input_ : -1, POLLIN, 0}}};
    ::poll(descriptors.data(), descriptors.size(), static_cast<int>(timeout.count()));
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof count);
    return reads && descriptors[1].revents != 0;
  }

  Result<void> read_some() {
    const auto got = ::read(input_, buffer_.data() + kept_, kReadBytes);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return {};
    if (got < 0) return fail(system_error("read standard input", errno));
    if (got == 0) {
      finish_input();
      return {};
    }
    report_.bytes += static_cast<std::uint64_t>(got);
    take_lines(static_cast<std::size_t>(got), false);
    return {};
  }

  void finish_input() {
    if (at_end_) return;
    at_end_ = true;
    take_lines(0, true);
  }

  // What is an unfinished line stays at the buffer's start; the reader takes it once it is too
  // long.
  void take_lines(std::size_t more, bool last) {
    std::string_view bytes(buffer_.data(), kept_ + more);
    while (const auto line = lines_.next(bytes, position_)) add(*line);
    if (last) {
      if (const auto line = lines_.rest(bytes, position_)) add(*line);
    }
    kept_ = bytes.size();
    std::copy(bytes.begin(), bytes.end(), buffer_.begin());
  }

  void add(const RawLine& line) {
    if (batcher_.empty()) oldest_ = Clock::now();
    auto text = line.text;
    auto size = line.size;
    if (size == text.size() && text.ends_with('\r')) {
      text.remove_suffix(1);
      --size;
    }
    batcher_.add({.time_ns = leading_time(text).value_or(now_ns()),
                  .text = text,
                  .position = line.end,
                  .size = size});
    ++report_.lines;
    ++batch_lines_;
    if (size > text.size()) ++report_.cut;
    if (batcher_.full()) flush();
  }

  void flush() {
    if (batcher_.empty()) return;
    const auto next = batcher_.last_position();
    Shipment shipment{.source = 1,
                      .source_id = source_id_,
                      .tool = origin_.tool,
                      .previous = previous_,
                      .next = next,
                      .bytes = batcher_.finish(source_id_, previous_, next)};
    previous_ = next;
    if (shipped_.empty()) answered_ = Clock::now();
    shipped_.push_back({next, std::exchange(batch_lines_, 0)});
    unacked_ += shipment.bytes.size();
    shipper_.ship(std::move(shipment));
    batcher_.start(origin_);
  }

  Result<void> take_answers() {
    for (const auto& outcome : shipper_.take()) {
      if (outcome.kind == Outcome::Kind::refused) {
        return fail(Errc::invalid, "the server refuses the lines: " + outcome.reason);
      }
      if (outcome.kind == Outcome::Kind::conflict) {
        return fail(Errc::conflict,
                    "the server has lost lines it had acknowledged; send the input again");
      }
      unacked_ -= outcome.bytes;
      report_.delivered += shipped_.front().lines;
      shipped_.pop_front();
      answered_ = Clock::now();
    }
    return {};
  }

  void tell_progress(bool last) {
    const auto now = Clock::now();
    report_.waiting = !shipped_.empty() && now - answered_ >= kWaitingAfter;
    if (!options_.progress || (!last && now < next_progress_)) return;
    next_progress_ = now + kProgressInterval;
    options_.progress(report_);
  }

  [[nodiscard]] std::uint64_t undelivered() const { return report_.lines - report_.delivered; }

  void ring() const {
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  }

  int input_;
  const SendOptions& options_;
  Origin origin_;
  Shipper& shipper_;
  std::stop_token stop_;
  Redactor redactor_;
  Batcher batcher_;
  LineReader lines_;
  std::string buffer_;
  std::size_t kept_ = 0;  // bytes of an unfinished line at its start
  Descriptor wake_;
  std::string source_id_ = new_source_id();
  std::uint64_t position_ = 0, previous_ = 0, batch_lines_ = 0;
  std::deque<Shipped> shipped_;
  std::size_t unacked_ = 0;
  bool at_end_ = false;
  Clock::time_point oldest_{}, answered_{}, next_progress_{};
  SendReport report_;
};

}  // namespace

Result<SendReport> send(int descriptor, const SendOptions& options, std::stop_token stop) {
  auto headers = options.headers;
  headers.emplace_back("X-Scope-OrgID", options.tool);
  auto shipper = make_http_shipper({.url = options.url,
                                    .headers = std::move(headers),
                                    .ca_file = options.ca_file,
                                    .wait_when_denied = false});
  if (!shipper) return fail(std::move(shipper).error());
  return send(descriptor, options, **shipper, std::move(stop));
}

Result<SendReport> send(int descriptor, const SendOptions& options, Shipper& shipper,
                        std::stop_token stop) {
  auto origin = origin_of(options);
  if (!origin) return fail(std::move(origin).error());
  return Sender(descriptor, options, *std::move(origin), shipper, std::move(stop)).run();
}

}  // namespace logboom::collector
