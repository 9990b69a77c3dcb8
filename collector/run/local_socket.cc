#include "collector/run/local_socket.h"

#include <poll.h>
#include <pwd.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "collector/run/hello.h"
#include "collector/tool_of_user.h"
#include "core/log.h"

namespace logboom::collector {
namespace {

constexpr std::chrono::milliseconds kPatience{1'000};
constexpr std::chrono::minutes kNamesHold{1};
constexpr int kBacklog = 128;

Descriptor listen_at(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) return {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The lock on the state directory says that nobody else listens here.
  ::unlink(path.c_str());
  if (!socket.open() ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0666) != 0 || ::listen(socket.get(), kBacklog) != 0) {
    return {};
  }
  return socket;
}

std::string name_of(unsigned int uid) {
  using Clock = std::chrono::steady_clock;
  thread_local std::unordered_map<unsigned int, std::string> names;
  thread_local Clock::time_point since{};
  // Not for ever: a number may be given to somebody else.
  if (const auto now = Clock::now(); now - since >= kNamesHold) {
    names.clear();
    since = now;
  }
  const auto [name, fresh] = names.try_emplace(uid);
  if (!fresh) return name->second;
  std::array<char, 4096> space{};
  passwd entry{};
  passwd* found = nullptr;
  const int failed = ::getpwuid_r(uid, &entry, space.data(), space.size(), &found);
  if (failed == 0 && found != nullptr) return name->second = found->pw_name;
  names.erase(name);
  return "user-" + std::to_string(uid);
}

}  // namespace

std::string tool_of_uid(unsigned int uid, std::string_view wanted, std::string_view fallback) {
  return tool_of_user(name_of(uid), is_trusted(uid), wanted, fallback);
}

LocalSocket::LocalSocket(std::string spool, std::string fallback_tool)
    : path_(socket_path(spool)),
      fallback_tool_(std::move(fallback_tool)),
      socket_(listen_at(path_)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!socket_.open() || !wake_.open()) {
    log::warn("no local socket: wrappers ship their runs themselves",
              {{"path", path_}, {"error", std::strerror(errno)}});
    return;
  }
  thread_ = std::thread([this] { serve(); });
}

LocalSocket::~LocalSocket() {
  const std::uint64_t one = 1;
  if (wake_.open()) (void)!::write(wake_.get(), &one, sizeof one);
  if (thread_.joinable()) thread_.join();
  if (socket_.open() && !abandoned_) ::unlink(path_.c_str());
}

void LocalSocket::abandon() { abandoned_ = true; }

void LocalSocket::serve() {
  using Clock = std::chrono::steady_clock;
  struct Guest {
    Descriptor socket;
    Clock::time_point since;
  };
  std::vector<Guest> guests;
  while (true) {
    std::vector<pollfd> polled{{wake_.get(), POLLIN, 0},
                               {guests.size() < kMaxGuests ? socket_.get() : -1, POLLIN, 0}};
    for (const auto& guest : guests) polled.push_back({guest.socket.get(), POLLIN, 0});
    ::poll(polled.data(), polled.size(), guests.empty() ? -1 : static_cast<int>(kPatience.count()));
    if (polled[0].revents != 0) return;
    const auto now = Clock::now();
    for (std::size_t i = guests.size(); i-- > 0;) {
      auto& guest = guests[i];
      std::array<char, kMaxHello> packet{};
      const auto got = polled[i + 2].revents == 0
                           ? -1
                           : ::recv(guest.socket.get(), packet.data(), packet.size(), 0);
      if (got > 0) {
        const auto answer =
            answer_to(guest.socket.get(), {packet.data(), static_cast<std::size_t>(got)});
        (void)!::send(guest.socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      if (polled[i + 2].revents != 0 || now - guest.since >= kPatience) {
        guests.erase(guests.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    if (polled[1].revents == 0) continue;
    Descriptor guest(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (guest.open()) guests.push_back({std::move(guest), now});
  }
}

std::string LocalSocket::answer_to(int guest, std::string_view wanted) const {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(guest, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return fallback_tool_;
  auto tool = tool_of_uid(peer.uid, wanted == "-" ? "" : wanted, fallback_tool_);
  if (wanted != "-" && wanted != tool) {
    log::debug("a wrapper wants a tool that is not its user's",
               {{"uid", peer.uid}, {"wanted", wanted}, {"tool", tool}});
  }
  return tool;
}

}  // namespace logboom::collector
