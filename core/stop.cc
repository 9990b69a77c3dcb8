#include "core/stop.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

namespace logboom {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

void end_now(int) { _exit(130); }

}  // namespace

void block_stop_signals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGIO, SIG_IGN);  // of a read lease, should someone open the file in that moment
}

void wait_for_stop_signal(const std::function<void()>& reload) {
  const sigset_t set = stop_signals();
  for (;;) {
    int got = 0;
    if (sigwait(&set, &got) != 0) continue;
    if (got != SIGHUP) break;
    if (reload) reload();
  }
  signal(SIGINT, end_now);
  signal(SIGTERM, end_now);
  sigset_t again;
  sigemptyset(&again);
  sigaddset(&again, SIGINT);
  sigaddset(&again, SIGTERM);
  pthread_sigmask(SIG_UNBLOCK, &again, nullptr);
}

bool sleep_for(std::stop_token stop, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

std::chrono::milliseconds Backoff::next() {
  thread_local std::minstd_rand random{std::random_device{}()};
  const int base = std::min(100 << std::min(tries_, 7), 10'000);
  ++tries_;
  return std::chrono::milliseconds(base + std::uniform_int_distribution(0, base / 4)(random));
}

}  // namespace logboom
