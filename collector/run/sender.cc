#include "collector/run/sender.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "collector/run/detach.h"
#include "collector/run/hello.h"
#include "collector/run/local_runs.h"
#include "collector/run/spool_source.h"

namespace logboom::collector {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kLook{200}, kAskCollector{2'000}, kHelloWait{100}, kRescan{2'000};

class SpoolSender {
 public:
  SpoolSender(const SpoolSenderOptions& options, Shipper& shipper)
      : options_(options),
        shipper_(shipper),
        wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        source_({.directories = {options.spool},
                 .node = options.node,
                 .fallback_tool = options.tool,
                 .rescan_interval = kRescan,
                 .room = [this] { return unacked_ < options_.max_unacked_bytes; },
                 .ship = [this](Shipment shipment) { ship(std::move(shipment)); }},
                redactor_) {}

  void run(const std::stop_token& stop) {
    shipper_.start([this] { ring(); });
    const std::stop_callback on_stop(stop, [this] { ring(); });
    const auto begun = Clock::now();
    auto busy = begun;
    auto ask = begun + kAskCollector;
    milliseconds idle{0};
    while (!stop.stop_requested()) {
      wait(std::min(idle, kLook));
      for (const auto& outcome : shipper_.take()) {
        unacked_ -= outcome.bytes;
        source_.answer(outcome);
      }
      const auto now = Clock::now();
      source_.look(now);
      idle = source_.work(now);
      if (source_.files() > 0) {
        busy = now;
      } else if (now - busy >= options_.idle) {
        break;
      }
      if (now - begun >= options_.longest_life) break;
      if (now >= ask) {
        ask = now + kAskCollector;
        if (Hello(options_.spool, "").answer(kHelloWait)) break;
      }
    }
    // Before it goes away it must not call ring() any more.
    shipper_.stop();
  }

 private:
  void ship(Shipment shipment) {
    unacked_ += shipment.bytes.size();
    shipper_.ship(std::move(shipment));
  }
  void wait(milliseconds most) {
    std::array<pollfd, 2> polled{{{wake_.get(), POLLIN, 0}, {source_.descriptor(), POLLIN, 0}}};
    ::poll(polled.data(), polled.size(), static_cast<int>(most.count()));
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof count);
  }
  void ring() const {
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  }

  const SpoolSenderOptions& options_;
  Shipper& shipper_;
  Redactor redactor_;
  std::size_t unacked_ = 0;
  Descriptor wake_;
  SpoolSource source_;
};

}  // namespace

Result<void> send_spool(const SpoolSenderOptions& options, std::stop_token stop) {
  const auto begun = Clock::now();
  while (true) {
    auto shipper = make_http_shipper(options.target);
    if (!shipper) return fail(std::move(shipper).error());
    if (auto sent = send_spool(options, **shipper, stop); !sent) return sent;
    // A run may have come between the last look and the end of the lock.
    const bool collector = Hello(options.spool, "").answer(kHelloWait).has_value();
    const bool over = stop.stop_requested() || Clock::now() - begun >= options.longest_life;
    if (collector || over || local_runs(options.spool, "").empty()) return {};
  }
}

Result<void> send_spool(const SpoolSenderOptions& options, Shipper& shipper, std::stop_token stop) {
  const auto path = sender_lock_path(options.spool);
  const Descriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.open()) return fail(system_error("open " + path, errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Errc::busy, path + ": another sender is at work");
  }
  SpoolSender(options, shipper).run(stop);
  return {};
}

}  // namespace logboom::collector
