#include "collector/run/relay.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace logboom::collector {

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
}

void Relay::prepare(pollfd& source, pollfd& target) const {
  source = {from_.open() && held_.empty() ? from_.get() : -1, POLLIN, 0};
  // Without events poll still tells that nobody reads any more.
  const bool watch = kind_ != Kind::plain && kind_ != Kind::nowhere && (pending() || from_.open());
  target = {watch ? to_ : -1, static_cast<short>(pending() ? POLLOUT : 0), 0};
}

std::string_view Relay::act(const pollfd& source, const pollfd& target) {
  if (pending()) {
    if ((target.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
      give_up();
    } else if (target.revents != 0 || kind_ == Kind::plain) {
      write_some();
    }
    return {};
  }
  if (target.fd >= 0 && (target.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
    give_up();
    return {};
  }
  if (source.fd < 0 || source.revents == 0) return {};
  const auto got = read_more(kReadBytes);
  if (!got.empty()) write_some();
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
  if (kind_ == Kind::nowhere) left = {};
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

// Nobody reads any more. A terminal that has gone is not a pipe: what writes there goes on.
void Relay::give_up() {
  struct stat facts{};
  if (::fstat(to_, &facts) == 0 && !S_ISCHR(facts.st_mode)) {
    close();
    return;
  }
  kind_ = Kind::nowhere;
  write_error_ = EIO;
  held_.clear();
}

void Relay::close() {
  held_.clear();
  from_.close();
}

std::size_t Relay::waiting() const {
  int bytes = 0;
  if (!from_.open() || ::ioctl(from_.get(), FIONREAD, &bytes) != 0) return 0;
  return static_cast<std::size_t>(std::max(bytes, 0));
}

}  // namespace logboom::collector
