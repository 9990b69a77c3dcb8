#include "collector/run/detach.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "collector/descriptor.h"

namespace logboom::collector {
namespace {

constexpr int kNiceness = 10;

void close_all_but(std::vector<int> keep) {
  std::ranges::sort(keep);
  unsigned int from = 0;
  for (const int number : keep) {
    const auto kept = static_cast<unsigned int>(number);
    if (kept > from) ::close_range(from, kept - 1, 0);
    from = std::max(from, kept + 1);
  }
  ::close_range(from, std::numeric_limits<unsigned int>::max(), 0);
  // The lowest free numbers are taken, so what was closed of 0, 1 and 2 is filled.
  for (int null = 0; null >= 0 && null <= 2;) null = ::open("/dev/null", O_RDWR);
}

}  // namespace

bool detach(std::vector<int> keep, const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child > 0) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status == 0;
  }
  if (child < 0) return false;
  ::setsid();
  if (const pid_t grandchild = ::fork(); grandchild != 0) ::_exit(grandchild > 0 ? 0 : 1);
  close_all_but(std::move(keep));
  (void)!::chdir("/");
  work();
  ::_exit(0);
}

std::string sender_lock_path(const std::string& spool) {
  return spool + "/sender." + std::to_string(::geteuid()) + ".lock";
}

void start_sender(const std::string& program, const std::string& spool) {
  if (program.empty()) return;
  const auto path = sender_lock_path(spool);
  // A look only: the sender takes it itself.
  if (const Descriptor lock(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); lock.open()) {
    if (::flock(lock.get(), LOCK_SH | LOCK_NB) != 0) return;
  }
  detach({}, [&] {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    (void)!::nice(kNiceness);
    ::execl(program.c_str(), "logs", kSenderCommand, spool.c_str(), static_cast<char*>(nullptr));
  });
}

}  // namespace logboom::collector
