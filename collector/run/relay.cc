#include "collector/run/relay.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "collector/run/standard_streams.h"

namespace logboom::collector {
namespace {

bool is_unnamed_pipe(int number) {
  struct statfs facts{};
  return ::fstatfs(number, &facts) == 0 && facts.f_type == PIPEFS_MAGIC;
}

// Of datagrams an error may pass, and another reader may take the next.
bool is_connection(int number) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type != SOCK_DGRAM;
}

}  // namespace

Relay::Relay(Descriptor from, int to) : from_(std::move(from)), to_(to), buffer_(kReadBytes, '\0') {
  struct stat facts{};
  if (::fstat(to_, &facts) != 0) return;  // closed: the first write says so
  if (S_ISREG(facts.st_mode)) {
    kind_ = Kind::plain;
  } else if (S_ISSOCK(facts.st_mode)) {
    kind_ = Kind::socket;
  } else if ((::fcntl(to_, F_GETFL) & O_NONBLOCK) != 0) {
    kind_ = Kind::nonblocking;
  } else {
    // Its own flags would be everybody's who shares the descriptor; a new description is not.
    const auto path = "/proc/self/fd/" + std::to_string(to_);
    own_ = Descriptor(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    // Pipes of another user cannot be opened: a writable pipe takes PIPE_BUF without blocking.
    kind_ = own_.open() ? Kind::nonblocking : Kind::small_pieces;
  }
  for_good_ = S_ISSOCK(facts.st_mode) ? is_connection(to_) : is_unnamed_pipe(to_);
}

void Relay::prepare(pollfd& source, pollfd& target) const {
  source = {from_.open() && held_.empty() ? from_.get() : -1, POLLIN, 0};
  // Without events poll still tells that nobody reads any more.
  const bool watch = pending() ? kind_ != Kind::plain : for_good_ && from_.open();
  target = {watch ? to_ : -1, static_cast<short>(pending() ? POLLOUT : 0), 0};
}

std::string_view Relay::act(const pollfd& source, const pollfd& target) {
  std::string_view got;
  if (pending()) {
    if (target.revents != 0 || kind_ == Kind::plain) write_some();
  } else if (target.fd >= 0 && target.revents != 0) {
    close();
  } else if (source.fd >= 0 && source.revents != 0) {
    got = read_more(kReadBytes);
    if (!got.empty()) write_some();
  }
  let_go_if_over();
  return got;
}

std::string_view Relay::read_more(std::size_t most) {
  const auto got = ::read(from_.get(), buffer_.data(), std::min(most, kReadBytes));
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (got <= 0) {
    from_.close();
    return {};
  }
  const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
  held_.append(bytes);
  return bytes;
}

void Relay::write_some() {
  std::string_view left = held_;
  while (!left.empty()) {
    ssize_t put = 0;
    if (kind_ == Kind::socket) {
      put = ::send(to_, left.data(), left.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } else if (kind_ == Kind::small_pieces) {
      pollfd ready{to_, POLLOUT, 0};
      if (::poll(&ready, 1, 0) <= 0) break;
      put = ::write(to_, left.data(), std::min<std::size_t>(left.size(), PIPE_BUF));
    } else {
      put = ::write(own_.open() ? own_.get() : to_, left.data(), left.size());
    }
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) break;
    if (put < 0) {
      write_error_ = errno;
      if (errno == EPIPE) {
        close();
      } else {
        held_.clear();  // a full disk may have room again for what comes next
      }
      return;
    }
    left.remove_prefix(static_cast<std::size_t>(put));
  }
  held_.erase(0, held_.size() - left.size());
}

void Relay::close() {
  held_.clear();
  from_.close();
}

void Relay::look_for_end() {
  pollfd source{from_.get(), POLLIN, 0};
  if (from_.open() && ::poll(&source, 1, 0) > 0 && (source.revents & POLLIN) == 0) from_.close();
  let_go_if_over();
}

void Relay::let_go_if_over() {
  if (!over() || std::exchange(let_go_, true)) return;
  own_.close();
  let_go(to_);
}

std::size_t Relay::waiting() const {
  int bytes = 0;
  if (!from_.open() || ::ioctl(from_.get(), FIONREAD, &bytes) != 0) return 0;
  return static_cast<std::size_t>(std::max(bytes, 0));
}

}  // namespace logboom::collector
